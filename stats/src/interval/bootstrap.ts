import { normalCdf, normalQuantile } from '../distribution/normal.ts';
import { quantileOfSorted } from '../sample/ranks.ts';
import { mean, variance } from '../sample/sum.ts';
import { createRandom, type Random } from '../sampling/random.ts';
import { type Clusters, groupClusters } from './clusters.ts';
import type { Interval } from './proportion-interval.ts';

/** How to resample and which interval to form. */
export interface BootstrapOptions {
  /** Number of resamples; default 2000. */
  readonly resamples?: number;
  readonly seed: number;
  /** Coverage in (0, 1); default 0.95. */
  readonly level?: number;
  /** Default `bca`. */
  readonly method?: 'percentile' | 'bca';
  /** Cluster id per row: whole clusters are drawn. */
  readonly clusters?: ArrayLike<number | string>;
}

/** A statistic with its bootstrap interval. */
export interface BootstrapInterval extends Interval {
  /** The statistic on all rows. */
  readonly estimate: number;
  /** Standard deviation of the statistic over resamples. */
  readonly standardError: number;
  /** Resamples on which the statistic was NaN (say, one class only); they are left out. */
  readonly undefinedResamples: number;
}

/**
 * At most this many blocks are left out one by one for the acceleration; above it neighbouring clusters share a block.
 */
const JACKKNIFE_BLOCKS = 400;

function largestCluster({ count, starts }: Clusters): number {
  let largest = 0;
  for (let c = 0; c < count; c++) largest = Math.max(largest, starts[c + 1]! - starts[c]!);
  return largest;
}

/** Fills `buffer` with the rows of clusters drawn with replacement; returns how many rows there are. */
function draw(random: Random, clusters: Clusters, buffer: Uint32Array): number {
  const { count, rows, starts } = clusters;
  let size = 0;
  for (let i = 0; i < count; i++) {
    const cluster = random.integer(count);
    for (let k = starts[cluster]!; k < starts[cluster + 1]!; k++) buffer[size++] = rows[k]!;
  }
  return size;
}

/** Acceleration from the skewness of leave-one-block-out values (Efron 1987, eq. 6.6). */
function acceleration(clusters: Clusters, statistic: (rows: Uint32Array) => number): number {
  const { count, rows, starts } = clusters;
  const blocks = Math.min(count, JACKKNIFE_BLOCKS);
  const values = new Float64Array(blocks);
  const buffer = new Uint32Array(rows.length);
  for (let b = 0; b < blocks; b++) {
    const from = starts[Math.floor((b * count) / blocks)]!;
    const to = starts[Math.floor(((b + 1) * count) / blocks)]!;
    buffer.set(rows.subarray(0, from));
    buffer.set(rows.subarray(to), from);
    values[b] = statistic(buffer.subarray(0, rows.length - (to - from)));
  }
  const centre = mean(values);
  let squares = 0;
  let cubes = 0;
  for (let b = 0; b < blocks; b++) {
    const deviation = centre - values[b]!;
    squares += deviation ** 2;
    cubes += deviation ** 3;
  }
  const result = cubes / (6 * squares ** 1.5);
  return Number.isFinite(result) ? result : 0;
}

/** Probabilities at which to read the BCa interval off the sorted resamples. */
function bcaProbabilities(sorted: Float64Array, estimate: number, tail: number, skew: number): [number, number] {
  let below = 0;
  let equal = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i]! < estimate) below++;
    else if (sorted[i] === estimate) equal++;
  }
  const share = (below + equal / 2) / sorted.length;
  const smallest = 1 / (2 * sorted.length);
  const bias = normalQuantile(Math.min(1 - smallest, Math.max(smallest, share)));
  const at = (p: number): number => {
    const z = bias + normalQuantile(p);
    return normalCdf(bias + z / (1 - skew * z));
  };
  return [at(tail), at(1 - tail)];
}

/**
 * Bootstrap interval of any statistic of rows: percentile or bias-corrected and accelerated (Efron, J. Amer. Statist.
 * Assoc. 82, 1987), by rows or by whole clusters (Davison and Hinkley 1997, 3.8). Equal seeds give equal intervals.
 *
 * @param rows number of rows, at least 1
 * @param statistic called with row numbers (repeated when drawn twice); the array is reused, so do not keep it
 * @param options resamples, seed, coverage, method, cluster ids
 * @returns estimate, interval and standard error; NaN bounds when the statistic is NaN on every resample
 * @throws RangeError when there are no rows, not one cluster id per row, or an option is outside its domain
 * @example
 * const values = [3, 1, 4, 1, 5];
 * bootstrapInterval(5, (rows) => rows.reduce((total, row) => total + values[row], 0) / rows.length, { seed: 1
 * }).estimate; // 2.8
 */
export function bootstrapInterval(
  rows: number,
  statistic: (rows: Uint32Array) => number,
  options: BootstrapOptions,
): BootstrapInterval {
  const { resamples = 2000, level = 0.95, method = 'bca' } = options;
  if (!(Number.isInteger(rows) && rows >= 1)) throw new RangeError(`bootstrap: rows must be at least 1, got ${rows}`);
  if (!(Number.isInteger(resamples) && resamples >= 1)) {
    throw new RangeError(`bootstrap: resamples must be at least 1, got ${resamples}`);
  }
  if (!(level > 0 && level < 1)) throw new RangeError(`bootstrap: level must be in (0, 1), got ${level}`);
  const clusters = groupClusters(rows, options.clusters);
  const random = createRandom(options.seed);
  const buffer = new Uint32Array(clusters.count * largestCluster(clusters));
  const values = new Float64Array(resamples);
  let defined = 0;
  for (let r = 0; r < resamples; r++) {
    const value = statistic(buffer.subarray(0, draw(random, clusters, buffer)));
    if (!Number.isNaN(value)) values[defined++] = value;
  }
  const sorted = values.subarray(0, defined).sort();
  const estimate = statistic(clusters.rows.slice());
  const tail = (1 - level) / 2;
  const [low, high] =
    method === 'bca' && defined > 0
      ? bcaProbabilities(sorted, estimate, tail, acceleration(clusters, statistic))
      : [tail, 1 - tail];
  return {
    estimate,
    lower: quantileOfSorted(sorted, low),
    upper: quantileOfSorted(sorted, high),
    standardError: Math.sqrt(variance(sorted)),
    undefinedResamples: resamples - defined,
  };
}
