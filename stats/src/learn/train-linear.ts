import { type BoostingData, type SelectedRows, selectBoostingRows } from './boosting-data.ts';
import { boostingSettings } from './boosting-options.ts';
import { sampleRows } from './feature-bins.ts';
import type { LinearModel } from './linear-model.ts';
import { solvePositive } from './solve-positive.ts';

/** How to fit a linear baseline. */
export interface LinearOptions {
  readonly objective: LinearModel['objective'];
  /** L2 penalty on each standardised coefficient, in rows' worth of evidence. Default 1. */
  readonly l2?: number;
  /** Rows looked at, chosen with the seed; a few coefficients need no more. Default 200,000. */
  readonly maxRows?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** Columns in double precision with mean 0 and variance 1, missing values being 0, and what made them so. */
interface Standardised {
  readonly columns: readonly Float64Array[];
  readonly mean: number[];
  readonly scale: number[];
}

/**
 * Logistic or linear regression with an L2 penalty on standardised features, by Newton's method (iteratively reweighted
 * least squares: McCullagh & Nelder 1989). The baseline that a tree ensemble has to beat.
 *
 * @throws RangeError naming what cannot be used.
 */
export function trainLinear(data: BoostingData, options: LinearOptions): LinearModel {
  const { objective, l2 = 1, maxRows = 200_000, seed = 1 } = options;
  const [settings, wrong] = boostingSettings({ objective, seed });
  if (!(l2 >= 0 && l2 < Number.POSITIVE_INFINITY)) wrong.push(`l2: expected a number from 0, got ${l2}`);
  if (!(Number.isInteger(maxRows) && maxRows > 0))
    wrong.push(`maxRows: expected a whole number from 1, got ${maxRows}`);
  const all = selectBoostingRows(data, settings, wrong);
  const inputs = all.train.rows.length <= maxRows ? all.train : sampled(data, all.train, maxRows, seed);
  const { columns, mean, scale } = standardise(inputs);
  const fit = new NewtonFit(columns, inputs, objective, l2);
  const [intercept, ...coefficients] = fit.solve();
  return {
    version: 1,
    objective,
    features: all.features,
    classes: all.classes,
    mean,
    scale,
    coefficients,
    intercept: intercept!,
  };
}

function sampled(data: BoostingData, train: SelectedRows, maxRows: number, seed: number): SelectedRows {
  const positions = sampleRows(train.rows.length, maxRows, seed);
  const rows = positions.map((i) => train.rows[i]!);
  const labels = Float64Array.from(positions, (i) => train.labels[i]!);
  const weights = train.weights === null ? null : Float64Array.from(positions, (i) => train.weights![i]!);
  const totalWeight = weights === null ? rows.length : weights.reduce((a, b) => a + b, 0);
  return { columns: data.columns, rows, labels, weights, totalWeight };
}

function standardise({ columns, rows, weights }: SelectedRows): Standardised {
  const mean: number[] = [];
  const scale: number[] = [];
  const standard = columns.map((column) => {
    let count = 0;
    let center = 0;
    let squares = 0;
    // One pass with weights (West 1979).
    for (let i = 0; i < rows.length; i++) {
      const x = column[rows[i]!]!;
      const weight = weights === null ? 1 : weights[i]!;
      if (Number.isNaN(x) || weight === 0) continue;
      count += weight;
      const change = x - center;
      center += (weight / count) * change;
      squares += weight * change * (x - center);
    }
    const deviation = count > 0 ? Math.sqrt(squares / count) : 0;
    // The rounding of a constant column's mean is not a spread.
    const spread = deviation > 1e-9 * Math.abs(center) && Number.isFinite(deviation) ? deviation : 1;
    mean.push(center);
    scale.push(spread);
    return Float64Array.from(rows, (row) => (Number.isNaN(column[row]!) ? 0 : (column[row]! - center) / spread));
  });
  return { columns: standard, mean, scale };
}

class NewtonFit {
  readonly #columns: readonly Float64Array[];
  readonly #rows: SelectedRows;
  readonly #isLogistic: boolean;
  readonly #l2: number;
  readonly #scores: Float64Array;
  readonly #working: Float64Array;

  constructor(columns: readonly Float64Array[], rows: SelectedRows, objective: LinearModel['objective'], l2: number) {
    // The intercept is a column of ones.
    this.#columns = [new Float64Array(rows.rows.length).fill(1), ...columns];
    this.#rows = rows;
    this.#isLogistic = objective === 'binary';
    this.#l2 = l2;
    this.#scores = new Float64Array(rows.rows.length);
    this.#working = new Float64Array(rows.rows.length);
  }

  /** Intercept and coefficients. */
  solve(): Float64Array {
    const coefficients = new Float64Array(this.#columns.length);
    let loss = this.#loss(coefficients);
    for (let round = 0; round < 50; round++) {
      const step = this.#step(coefficients);
      if (step === null) break;
      const [next, nextLoss] = this.#search(coefficients, step, loss);
      const gained = loss - nextLoss;
      coefficients.set(next);
      loss = nextLoss;
      if (gained <= 1e-12 * (1 + Math.abs(loss))) break;
    }
    return coefficients;
  }

  /** Halves a step until it no longer raises the loss: plain Newton may overshoot on nearly separable data. */
  #search(from: Float64Array, step: Float64Array, loss: number): [Float64Array, number] {
    for (let size = 1; size > 1e-6; size /= 2) {
      const next = from.map((x, i) => x + size * step[i]!);
      const nextLoss = this.#loss(next);
      if (nextLoss <= loss) return [next, nextLoss];
    }
    return [from, loss];
  }

  #score(coefficients: Float64Array): void {
    this.#scores.fill(0);
    for (const [f, column] of this.#columns.entries()) addScaled(this.#scores, column, coefficients[f]!);
  }

  #loss(coefficients: Float64Array): number {
    this.#score(coefficients);
    const { labels, weights } = this.#rows;
    let loss = 0;
    for (let i = 0; i < labels.length; i++) {
      const score = this.#scores[i]!;
      const error = score - labels[i]!;
      const logistic = Math.log1p(Math.exp(-Math.abs(score))) + Math.max(score, 0) - score * labels[i]!;
      loss += (this.#isLogistic ? logistic : (error * error) / 2) * (weights === null ? 1 : weights[i]!);
    }
    for (let f = 1; f < coefficients.length; f++) loss += (this.#l2 / 2) * coefficients[f]! ** 2;
    return loss;
  }

  #step(coefficients: Float64Array): Float64Array | null {
    this.#score(coefficients);
    const width = coefficients.length;
    const hessian = new Float64Array(width * width);
    const { labels, weights } = this.#rows;
    const curvature = this.#working;
    const residual = this.#scores;
    for (let i = 0; i < labels.length; i++) {
      const weight = weights === null ? 1 : weights[i]!;
      const mean = this.#isLogistic ? 1 / (1 + Math.exp(-this.#scores[i]!)) : this.#scores[i]!;
      curvature[i] = this.#isLogistic ? weight * mean * (1 - mean) : weight;
      residual[i] = weight * (labels[i]! - mean);
    }
    const step = new Float64Array(width);
    for (let f = 0; f < width; f++) {
      const column = this.#columns[f]!;
      const penalty = f === 0 ? 0 : this.#l2;
      step[f] = dot(column, residual) - penalty * coefficients[f]!;
      for (let other = 0; other <= f; other++) {
        hessian[f * width + other] = weightedDot(column, this.#columns[other]!, curvature);
      }
      // A trace of ridge keeps constant columns and separable data solvable.
      hessian[f * width + f]! += penalty + 1e-9 * labels.length;
    }
    return solvePositive(hessian, step) ? step : null;
  }
}

function addScaled(sums: Float64Array, column: Float64Array, scale: number): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += scale * column[i]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function weightedDot(a: Float64Array, b: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]! * weights[i]!;
  return sum;
}
