import type { Comparison, MeasuredMetric } from '@flyball/api';
import {
  absoluteErrorPerRow,
  bootstrapInterval,
  type ConfusionCounts,
  calibrationCurve,
  confusionAt,
  delongAuc,
  delongTest,
  logLossPerRow,
  pairedMeanDifference,
  squaredErrorPerRow,
  wilson,
} from '@flyball/stats';
import type { z } from 'zod';

type Measured = z.infer<typeof MeasuredMetric>;

export interface Scored {
  readonly labels: Float64Array;
  readonly predictions: Float64Array;
  /** Rows of one group depend on each other. */
  readonly clusters?: Float64Array | undefined;
}

const isBinary = (labels: Float64Array): boolean => labels.every((label) => label === 0 || label === 1);
const hasBothClasses = (labels: Float64Array): boolean => labels.includes(0) && labels.includes(1);
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Mean of a value per row with its cluster-robust interval. */
function meanMetric(name: string, values: Float64Array, clusters: Float64Array | undefined): Measured {
  const zeros = new Float64Array(values.length);
  const { difference, lower, upper } = pairedMeanDifference(values, zeros, clusters === undefined ? {} : { clusters });
  return { name, value: difference, low: finite(lower), high: finite(upper), count: values.length };
}

const BINS = 10;

/** Counts, sums of predictions and of labels of each group in each of ten equal-width bins. */
function binsPerGroup({ labels, predictions, clusters }: Scored): Float64Array[] {
  const groups = new Map<number, Float64Array>();
  for (let i = 0; i < labels.length; i++) {
    // Without clusters, a hundred arbitrary groups keep the bootstrap cheap.
    const key = clusters === undefined ? i % 100 : clusters[i]!;
    const bins = groups.get(key) ?? new Float64Array(3 * BINS);
    groups.set(key, bins);
    const bin = Math.min(BINS - 1, Math.max(0, Math.ceil(predictions[i]! * BINS) - 1));
    bins[3 * bin]! += 1;
    bins[3 * bin + 1]! += predictions[i]!;
    bins[3 * bin + 2]! += labels[i]!;
  }
  return [...groups.values()];
}

function calibrationOf(groups: readonly Float64Array[], chosen: Uint32Array): number {
  const total = new Float64Array(3 * BINS);
  for (const group of chosen) {
    const bins = groups[group]!;
    for (let k = 0; k < total.length; k++) total[k]! += bins[k]!;
  }
  let rows = 0;
  let error = 0;
  for (let bin = 0; bin < BINS; bin++) {
    rows += total[3 * bin]!;
    error += Math.abs(total[3 * bin + 1]! - total[3 * bin + 2]!);
  }
  return error / rows;
}

function calibrationMetric(scored: Scored): Measured {
  const groups = binsPerGroup(scored);
  const { estimate, lower, upper } = bootstrapInterval(groups.length, (chosen) => calibrationOf(groups, chosen), {
    seed: 1,
    resamples: 400,
    method: 'percentile',
  });
  const count = scored.labels.length;
  return { name: 'calibration_error', value: estimate, low: finite(lower), high: finite(upper), count };
}

function proportion(name: string, successes: number, trials: number): Measured[] {
  if (trials === 0) return [];
  const { lower, upper } = wilson(successes, trials);
  return [{ name, value: successes / trials, low: lower, high: upper, count: trials }];
}

function confusionMetrics(counts: ConfusionCounts, rows: number): Measured[] {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = counts;
  const hits = 2 * truePositives;
  const all = hits + falsePositives + falseNegatives;
  return [
    ...proportion('accuracy', truePositives + trueNegatives, rows),
    ...proportion('precision', truePositives, truePositives + falsePositives),
    ...proportion('recall', truePositives, truePositives + falseNegatives),
    ...(all === 0 ? [] : [{ name: 'f1', value: hits / all, low: null, high: null, count: rows }]),
  ];
}

type Measure = (scored: Scored) => Measured | null;

const rootMeanSquared: Measure = ({ labels, predictions, clusters }) => {
  const squared = meanMetric('mse', squaredErrorPerRow(labels, predictions), clusters);
  const root = (value: number | null): number | null => (value === null ? null : Math.sqrt(Math.max(0, value)));
  return {
    ...squared,
    name: 'rmse',
    value: Math.sqrt(squared.value),
    low: root(squared.low),
    high: root(squared.high),
  };
};

const ranking: Measure = ({ labels, predictions }) => {
  if (!hasBothClasses(labels)) return null;
  const { auc, lower, upper } = delongAuc(labels, predictions);
  return { name: 'auc', value: auc, low: lower, high: upper, count: labels.length };
};

const ofNumbers: Readonly<Record<string, Measure>> = {
  rmse: rootMeanSquared,
  mae: ({ labels, predictions, clusters }) => meanMetric('mae', absoluteErrorPerRow(labels, predictions), clusters),
};

const ofClasses: Readonly<Record<string, Measure>> = {
  auc: ranking,
  log_loss: ({ labels, predictions, clusters }) => meanMetric('log_loss', logLossPerRow(labels, predictions), clusters),
  brier: ({ labels, predictions, clusters }) => meanMetric('brier', squaredErrorPerRow(labels, predictions), clusters),
  calibration_error: calibrationMetric,
};

/** One metric of `measurePredictions`; null where these labels have none of that name. */
export function measureMetric(scored: Scored, name: string): Measured | null {
  const measures = isBinary(scored.labels) ? ofClasses : ofNumbers;
  return measures[name]?.(scored) ?? null;
}

/**
 * Metrics with 95 % intervals: DeLong for AUC, cluster-robust for losses, cluster bootstrap for calibration, Wilson
 * for shares.
 */
export function measurePredictions(scored: Scored, threshold: number): Measured[] {
  const { labels, predictions } = scored;
  const all = (measures: Readonly<Record<string, Measure>>): Measured[] =>
    Object.values(measures).flatMap((measure) => measure(scored) ?? []);
  if (!isBinary(labels)) return all(ofNumbers);
  return [...all(ofClasses), ...confusionMetrics(confusionAt(labels, predictions, threshold), labels.length)];
}

/** Candidate minus baseline on the same rows. */
export function comparePredictions(
  candidate: Scored,
  baseline: Float64Array,
  of: { readonly model: string; readonly version: number },
): z.infer<typeof Comparison>[] {
  const { labels, predictions, clusters } = candidate;
  const options = clusters === undefined ? {} : { clusters };
  const paired = (metric: string, loss: typeof logLossPerRow): z.infer<typeof Comparison> => {
    const result = pairedMeanDifference(loss(labels, predictions), loss(labels, baseline), options);
    const { difference, lower, upper } = result;
    return {
      metric,
      baseline: { ...of },
      difference,
      low: Math.max(lower, -Number.MAX_VALUE),
      high: Math.min(upper, Number.MAX_VALUE),
      count: labels.length,
      clusters: result.clusters,
    };
  };
  if (!isBinary(labels)) return [paired('rmse', squaredErrorPerRow), paired('mae', absoluteErrorPerRow)];
  const losses = [paired('log_loss', logLossPerRow), paired('brier', squaredErrorPerRow)];
  if (!hasBothClasses(labels)) return losses;
  const { difference, lower, upper } = delongTest(labels, predictions, baseline);
  const ranking = { metric: 'auc', baseline: { ...of }, difference, low: lower, high: upper };
  return [...losses, { ...ranking, count: labels.length, clusters: labels.length }];
}

/** The reliability diagram, for people. */
export function calibrationPoints({ labels, predictions }: Scored) {
  if (!isBinary(labels)) return [];
  return calibrationCurve(labels, predictions, { bins: 10, binning: 'equal-mass' }).map(
    ({ meanProbability, positiveShare, count }) => ({ predicted: meanProbability, observed: positiveShare, count }),
  );
}
