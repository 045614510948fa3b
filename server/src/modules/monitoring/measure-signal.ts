import type { MonitorDefinition } from '@flyball/api';
import {
  areaUnderRoc,
  binCounts,
  binnedKsStatistic,
  type Cell,
  expectedCalibrationError,
  type FrozenBins,
  freezeBins,
  logLoss,
  populationStabilityIndex,
} from '@flyball/stats';
import type { ProductionRows } from './production-rows.ts';

export type SignalDefinition = MonitorDefinition['signals'][number];

/** What a signal is compared with: bins for distances, a number for the rest. Plain JSON. */
export interface Reference {
  readonly bins?: FrozenBins;
  readonly value?: number;
}

export interface Measured {
  readonly value: number | null;
  readonly count: number;
}

/** Rows of one window, as positions in the columns of a longer one. */
export interface Window {
  readonly rows: ProductionRows;
  readonly from: number;
  readonly until: number;
}

export const isDistance = (kind: SignalDefinition['kind']): boolean =>
  kind === 'psi' || kind === 'ks' || kind === 'prediction_psi';

function cellsOf({ rows, from, until }: Window, { kind, column }: SignalDefinition): ArrayLike<Cell> {
  if (kind === 'prediction_psi') return rows.prediction.subarray(from, until);
  const values = rows.inputs.get(column ?? '');
  if (values === undefined) return [];
  return Array.isArray(values) ? values.slice(from, until) : (values as Float64Array).subarray(from, until);
}

function isNumeric(cells: ArrayLike<Cell>): boolean {
  for (let i = 0; i < cells.length; i++) if (typeof cells[i] === 'string') return false;
  return true;
}

/** The reference that a window makes for the champion that serves in it. */
export function referenceFrom(window: Window, signal: SignalDefinition): Reference | null {
  if (isDistance(signal.kind)) {
    const cells = cellsOf(window, signal);
    if (cells.length < signal.minCount) return null;
    return { bins: freezeBins(cells, { kind: isNumeric(cells) ? 'quantile' : 'values' }) };
  }
  const { value } = measure(window, signal, null);
  return value === null ? null : { value };
}

function distance(window: Window, signal: SignalDefinition, bins: FrozenBins): Measured {
  const cells = cellsOf(window, signal);
  if (cells.length === 0) return { value: null, count: 0 };
  const counts = binCounts(bins, cells);
  const of = signal.kind === 'ks' ? binnedKsStatistic : populationStabilityIndex;
  return { value: of(bins.reference, counts), count: cells.length };
}

/** Labels and the champion's own predictions, where both are known. */
function judged({ rows, from, until }: Window) {
  const labels: number[] = [];
  const predictions: number[] = [];
  for (let i = from; i < until; i++) {
    if (Number.isNaN(rows.label[i]!) || Number.isNaN(rows.championPrediction[i]!)) continue;
    labels.push(rows.label[i]!);
    predictions.push(rows.championPrediction[i]!);
  }
  return { labels, predictions };
}

function performance(window: Window, kind: SignalDefinition['kind']): Measured {
  const { labels, predictions } = judged(window);
  const count = labels.length;
  if (count === 0) return { value: null, count };
  if (kind === 'log_loss') return { value: logLoss(labels, predictions), count };
  if (kind === 'calibration_error') {
    return { value: expectedCalibrationError(labels, predictions, { bins: 10, binning: 'equal-mass' }), count };
  }
  if (kind === 'calibration_bias') {
    const bias = predictions.reduce((sum, prediction, i) => sum + prediction - labels[i]!, 0);
    return { value: bias / count, count };
  }
  const both = labels.includes(0) && labels.includes(1);
  return { value: both ? areaUnderRoc(labels, predictions) : null, count };
}

function meanOf(values: Float64Array): Measured {
  let total = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    total += value;
    count++;
  }
  return { value: count === 0 ? null : total / count, count };
}

function shareOf(flags: ArrayLike<unknown>, holds: (value: unknown) => boolean): Measured {
  let hits = 0;
  for (let i = 0; i < flags.length; i++) if (holds(flags[i])) hits++;
  return { value: flags.length === 0 ? null : hits / flags.length, count: flags.length };
}

const isMissing = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value));

function quantile(values: Float64Array, share: number): Measured {
  const sorted = values.slice().sort();
  const at = Math.min(sorted.length - 1, Math.floor(share * sorted.length));
  return { value: sorted.length === 0 ? null : sorted[at]!, count: sorted.length };
}

/** One value of a signal over a window. Fewer rows than `minCount` give no value, never a wrong one. */
export function measure(window: Window, signal: SignalDefinition, reference: Reference | null): Measured {
  const { rows, from, until } = window;
  const part = (values: Float64Array): Float64Array => values.subarray(from, until);
  const enough = ({ value, count }: Measured): Measured => ({ value: count < signal.minCount ? null : value, count });
  switch (signal.kind) {
    case 'psi':
    case 'ks':
    case 'prediction_psi':
      return reference?.bins === undefined
        ? { value: null, count: until - from }
        : enough(distance(window, signal, reference.bins));
    case 'missing_share':
      return enough(shareOf(cellsOf(window, signal), isMissing));
    case 'volume':
      return { value: until - from, count: until - from };
    case 'error_share':
      return enough(shareOf(part(rows.failed), (failed) => failed === 1));
    case 'latency_p99':
      return enough(quantile(part(rows.latencyMs), 0.99));
    case 'mean_prediction':
      return enough(meanOf(part(rows.prediction)));
    case 'mean_label':
      return enough(meanOf(part(rows.label)));
    case 'label_share':
      return enough(shareOf(part(rows.label), (label) => !Number.isNaN(label as number)));
    default:
      return enough(performance(window, signal.kind));
  }
}

/** Slices repeat a signal for each of the most frequent values of an input. */
export function slicesOf({ rows, from, until }: Window, column: string, most = 20): Map<string, number[]> {
  const values = rows.inputs.get(column);
  const groups = new Map<string, number[]>();
  for (let i = from; values !== undefined && i < until; i++) {
    const key = String(values[i]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [i]);
    else group.push(i);
  }
  return new Map([...groups].sort(([, a], [, b]) => b.length - a.length).slice(0, most));
}
