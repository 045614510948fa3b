type Drawn = readonly (readonly [x: number, y: number | null])[];

export interface CurveBand {
  readonly mean: (readonly [x: number, y: number])[];
  /** Where two curves or more are: the mean less and plus the deviation of the sample. */
  readonly band: (readonly [x: number, low: number, high: number])[];
}

const MOST_PLACES = 400;

/** Where the band is computed: where a curve has a point, or evenly where that would be too many. */
function placesOf(curves: readonly Drawn[]): number[] {
  const all = [...new Set(curves.flatMap((curve) => curve.map(([x]) => x)))].sort((a, b) => a - b);
  if (all.length <= MOST_PLACES) return all;
  const step = (all.length - 1) / (MOST_PLACES - 1);
  return Array.from({ length: MOST_PLACES }, (_, i) => all[Math.round(i * step)]!);
}

/** The curve at each of the places in ascending order, by straight lines between its points; null outside of them. */
function valuesAt(curve: Drawn, places: readonly number[]): (number | null)[] {
  const points = curve.filter((point): point is readonly [number, number] => point[1] !== null);
  let next = 0;
  return places.map((x) => {
    while (next < points.length && points[next]![0] < x) next++;
    const after = points[next];
    if (after === undefined) return null;
    if (after[0] === x) return after[1];
    const before = points[next - 1];
    if (before === undefined) return null;
    return before[1] + ((after[1] - before[1]) * (x - before[0])) / (after[0] - before[0]);
  });
}

/** Mean and deviation over curves that try the same thing, such as one training with several seeds. */
export function curveBand(curves: readonly Drawn[]): CurveBand {
  const places = placesOf(curves);
  const values = curves.map((curve) => valuesAt(curve, places));
  const result: CurveBand = { mean: [], band: [] };
  for (const [i, x] of places.entries()) {
    const here = values.flatMap((of) => of[i] ?? []);
    if (here.length === 0) continue;
    const mean = here.reduce((sum, y) => sum + y, 0) / here.length;
    result.mean.push([x, mean]);
    if (here.length === 1) continue;
    const sd = Math.sqrt(here.reduce((sum, y) => sum + (y - mean) ** 2, 0) / (here.length - 1));
    result.band.push([x, mean - sd, mean + sd]);
  }
  return result;
}
