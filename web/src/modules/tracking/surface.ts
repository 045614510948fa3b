export interface SurfacePoint {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

type Range = readonly [least: number, greatest: number];

export interface Surface {
  /** Places along each side of the grid. */
  readonly size: number;
  /** Row after row. */
  readonly values: number[];
  readonly x: Range;
  readonly y: Range;
  readonly z: Range;
  /** From a place on the grid, whose cells have their middles at halves, to the axes. */
  place(gridX: number, gridY: number): readonly [number, number];
}

const SIZE = 60;

const rangeOf = (values: readonly number[]): Range => [Math.min(...values), Math.max(...values)];

interface Axis {
  readonly range: Range;
  /** From 0 to 1, along the axis as it is drawn. */
  share(value: number): number;
  at(share: number): number;
}

function axisOf(values: readonly number[], isLog: boolean): Axis {
  const to = isLog ? Math.log : (value: number) => value;
  const from = isLog ? Math.exp : (value: number) => value;
  const range = rangeOf(values);
  const [low, high] = [to(range[0]), to(range[1])];
  const span = high - low || 1;
  return { range, share: (value) => (to(value) - low) / span, at: (share) => from(low + share * span) };
}

/** The mean of all points, each weighted by the inverse square of its distance (Shepard 1968). */
function estimate(points: readonly SurfacePoint[], x: number, y: number): number {
  let [sum, weights] = [0, 0];
  for (const point of points) {
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance < 1e-12) return point.z;
    sum += point.z / distance;
    weights += 1 / distance;
  }
  return sum / weights;
}

/** Scattered points as a grid over the ranges that they have. */
export function surfaceOf(points: readonly SurfacePoint[], logX = false, logY = false): Surface {
  const xAxis = axisOf(
    points.map(({ x }) => x),
    logX,
  );
  const yAxis = axisOf(
    points.map(({ y }) => y),
    logY,
  );
  const scaled = points.map(({ x, y, z }) => ({ x: xAxis.share(x), y: yAxis.share(y), z }));
  const values = Array.from({ length: SIZE * SIZE }, (_, i) =>
    estimate(scaled, (i % SIZE) / (SIZE - 1), Math.floor(i / SIZE) / (SIZE - 1)),
  );
  const share = (grid: number): number => Math.min(1, Math.max(0, (grid - 0.5) / (SIZE - 1)));
  return {
    size: SIZE,
    values,
    x: xAxis.range,
    y: yAxis.range,
    z: rangeOf(points.map(({ z }) => z)),
    place: (gridX, gridY) => [xAxis.at(share(gridX)), yAxis.at(share(gridY))],
  };
}
