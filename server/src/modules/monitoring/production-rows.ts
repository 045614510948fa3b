/**
 * Answered predictions of an endpoint in a stretch of event time, in its order, joined with what is known of the
 * truth.
 */
export interface ProductionRows {
  /** Epoch ms. */
  readonly at: Float64Array;
  readonly prediction: Float64Array;
  /** What the present champion said, as the answer or in the shadow of it; NaN where it said nothing. */
  readonly championPrediction: Float64Array;
  /** The target: 0 or 1, or the value of a regression; NaN while unknown. */
  readonly label: Float64Array;
  readonly latencyMs: Float64Array;
  /** 1 where the model failed. */
  readonly failed: Float64Array;
  readonly inputs: ReadonlyMap<string, Float64Array | readonly (string | null)[]>;
}

/** The first row at or after a moment; rows are in order of time. */
export function rowAt(rows: ProductionRows, moment: number): number {
  let low = 0;
  let high = rows.at.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows.at[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Some of the rows, as rows of their own. */
export function takeRows(rows: ProductionRows, chosen: readonly number[]): ProductionRows {
  const take = (values: Float64Array): Float64Array => Float64Array.from(chosen, (row) => values[row]!);
  return {
    at: take(rows.at),
    prediction: take(rows.prediction),
    championPrediction: take(rows.championPrediction),
    label: take(rows.label),
    latencyMs: take(rows.latencyMs),
    failed: take(rows.failed),
    inputs: new Map(
      [...rows.inputs].map(([name, values]) => [
        name,
        values instanceof Float64Array ? take(values) : chosen.map((row) => values[row] ?? null),
      ]),
    ),
  };
}
