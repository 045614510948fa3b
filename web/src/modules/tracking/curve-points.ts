/** What may be asked of a curve before it is drawn. */
export interface CurveView {
  readonly x: 'step' | 'time' | 'relative';
  readonly smooth: number;
  readonly logX: boolean;
  readonly logY: boolean;
}

interface Point {
  readonly value: number | null;
  readonly step: number;
  readonly timestamp: number;
}

type Drawn = readonly (readonly [x: number, y: number | null])[];

const xOf = ({ step, timestamp }: Point, first: number, x: CurveView['x']): number =>
  x === 'step' ? step : x === 'time' ? timestamp : (timestamp - first) / 1000;

/** Points as they are drawn; a logarithm has no place for what is not positive. */
export function curvePoints(points: readonly Point[], { x, logX, logY }: CurveView): Drawn {
  const first = points.reduce((least, { timestamp }) => Math.min(least, timestamp), Number.POSITIVE_INFINITY);
  const drawn = points.map((point) => {
    const y = point.value;
    return [xOf(point, first, x), logY && y !== null && y <= 0 ? null : y] as const;
  });
  const inOrder = x === 'step' ? drawn : [...drawn].sort(([a], [b]) => a - b);
  return logX && x !== 'time' ? inOrder.filter(([at]) => at > 0) : inOrder;
}

/** Exponential moving average without the bias towards its beginning. */
export function smoothed(points: Drawn, weight: number): Drawn {
  let sum = 0;
  let count = 0;
  return points.map(([x, y]) => {
    if (y === null) return [x, null] as const;
    sum = weight * sum + (1 - weight) * y;
    count += 1;
    return [x, sum / (1 - weight ** count)] as const;
  });
}
