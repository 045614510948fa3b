import { applyLink } from './predict-ensemble.ts';

/** A linear model on standardised features: plain data. A missing value counts as the feature's mean. */
export interface LinearModel {
  readonly version: 1;
  readonly objective: 'binary' | 'squared_error';
  readonly features: readonly string[];
  readonly classes: readonly string[];
  readonly mean: readonly number[];
  /** Standard deviation of each feature; 1 where it is constant. */
  readonly scale: readonly number[];
  /** Effect of one standard deviation on the raw score. */
  readonly coefficients: readonly number[];
  readonly intercept: number;
}

/** Raw scores of rows. */
export function linearScores(model: LinearModel, columns: readonly Float32Array[], rows?: Uint32Array): Float64Array {
  if (columns.length !== model.features.length) {
    throw new RangeError(`Expected ${model.features.length} columns, got ${columns.length}`);
  }
  const count = rows?.length ?? columns[0]?.length ?? 0;
  const scores = new Float64Array(count).fill(model.intercept);
  for (const [f, column] of columns.entries()) {
    const slope = model.coefficients[f]! / model.scale[f]!;
    const mean = model.mean[f]!;
    for (let i = 0; i < count; i++) {
      const x = column[rows === undefined ? i : rows[i]!]!;
      if (!Number.isNaN(x)) scores[i]! += slope * (x - mean);
    }
  }
  return scores;
}

/** Predictions of rows: the probability of the second class for `binary`, else the value. */
export function predictLinear(model: LinearModel, columns: readonly Float32Array[], rows?: Uint32Array): Float64Array {
  return applyLink({ objective: model.objective, baseScore: [model.intercept] }, linearScores(model, columns, rows));
}
