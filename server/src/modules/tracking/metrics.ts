import { notFound } from '@flyball/api';
import { pageToken, readPageToken } from '#platform/page-token';
import { runNotFound } from './batch-store.ts';
import { countMissing } from './metric-count-store.ts';
import type { MetricRange } from './metric-store.ts';
import {
  type BulkPoint,
  historyPlace,
  keepIndexOrder,
  listMetricRanges,
  readByStep,
  readHistory,
  readSampled,
  readThinned,
  type StoredMetricPoint,
  summarizeMetrics,
  timeRange,
} from './metric-store.ts';
import type { TrackingParts } from './parts.ts';
import { findRunRow } from './run-store.ts';

async function runNumber({ platform }: TrackingParts, project: string, runId: string): Promise<number> {
  const run = await findRunRow(platform.database, project, runId);
  if (run === null) throw runNotFound(runId);
  return run.id;
}

export interface HistoryInput {
  readonly runId: string;
  readonly key: string;
  /** Null: everything. */
  readonly limit: number | null;
  readonly pageToken?: string | undefined;
}

export interface HistoryPage {
  readonly points: readonly StoredMetricPoint[];
  readonly nextPageToken?: string;
}

/** Points that are read at once. */
const MOST_AT_ONCE = 5_000;

/**
 * All points of a metric in the order of time, step and value, in pieces, so that a long history takes no more memory
 * than a short one. The last piece tells where the next page begins.
 */
export async function* readMetricHistory(
  parts: TrackingParts,
  project: string,
  { runId, key, limit, pageToken: token }: HistoryInput,
): AsyncGenerator<HistoryPage> {
  const question = [runId, key];
  let after = readPageToken(question, token);
  const run = await runNumber(parts, project, runId);
  for (let left = limit ?? Number.POSITIVE_INFINITY; ; left -= MOST_AT_ONCE) {
    const wanted = Math.min(left, MOST_AT_ONCE);
    const from = after;
    const found = await parts.platform.database.transaction(async (trx) => {
      await keepIndexOrder(trx);
      return await readHistory(trx, { run, key, after: from, limit: wanted + 1 });
    });
    const points = found.slice(0, wanted);
    const last = points.at(-1);
    if (points.length === found.length || last === undefined) return yield { points };
    after = historyPlace(last);
    if (left <= MOST_AT_ONCE) return yield { points, nextPageToken: pageToken(question, after) };
    yield { points };
  }
}

export interface SampleInput {
  readonly runIds: readonly string[];
  readonly key: string;
  /** Both included. */
  readonly steps: { readonly first: number; readonly last: number } | null;
  /** Of each run. */
  readonly limit: number;
}

/** Evenly chosen points of one metric, run after run as they were named; `not_found` unless all runs are there. */
export async function sampleMetric(
  parts: TrackingParts,
  project: string,
  { runIds, key, steps, limit }: SampleInput,
): Promise<BulkPoint[]> {
  const runs: (readonly [string, number])[] = [];
  for (const id of runIds) runs.push([id, await runNumber(parts, project, id)]);
  const points: BulkPoint[] = [];
  for (const [run_id, run] of runs) {
    const found = await readSampled(parts.platform.database, { run, key, steps, limit });
    for (const point of found) points.push({ ...point, run_id });
  }
  return points;
}

export interface CurvePoint {
  readonly value: number | null;
  readonly step: number;
  readonly timestamp: number;
}

export interface MetricCurve {
  readonly key: string;
  readonly points: CurvePoint[];
  /** How many there are before thinning. */
  readonly total: number;
}

const present = ({ value, is_nan, step, timestamp_ms }: StoredMetricPoint): CurvePoint => ({
  value: is_nan ? null : value,
  step,
  timestamp: timestamp_ms,
});

async function curveOf(
  { platform }: TrackingParts,
  run: number,
  { key, first_step, last_step, points: total }: MetricRange,
  maxPoints: number,
): Promise<MetricCurve> {
  const { database } = platform;
  if (total <= maxPoints) {
    const all = await readByStep(database, { run, key, limit: maxPoints });
    return { key, points: all.map(present), total };
  }
  const isFlat = first_step === last_step;
  const range = isFlat ? await timeRange(database, run, key) : { first: first_step, last: last_step };
  const axis = isFlat ? 'timestamp_ms' : 'step';
  const thinning = { run, key, axis, ...range, buckets: Math.floor(maxPoints / 2), points: total } as const;
  const points = await database.transaction(async (trx) => await readThinned(trx, thinning));
  points.sort((a, b) => a[axis] - b[axis] || a.timestamp_ms - b.timestamp_ms || a.value - b.value);
  return { key, points: points.map(present), total };
}

/** Curves for a chart: short ones whole, long ones with the minimum and maximum of each stretch. */
export async function getMetricCurves(
  parts: TrackingParts,
  project: string,
  runId: string,
  keys: readonly string[] | null,
  maxPoints: number,
): Promise<MetricCurve[]> {
  const run = await runNumber(parts, project, runId);
  const { database } = parts.platform;
  await countMissing(database, [run], keys);
  const ranges = await listMetricRanges(database, run, keys);
  const missing = keys?.find((key) => !ranges.some((range) => range.key === key));
  if (missing !== undefined && keys?.length === 1) throw notFound(`metric of run ${runId}`, missing);
  const curves: MetricCurve[] = [];
  for (const range of ranges) curves.push(await curveOf(parts, run, range, maxPoints));
  return curves;
}

/** The curve of one metric in each of the runs that have it. */
export async function getCurvesOfRuns(
  parts: TrackingParts,
  project: string,
  { runIds, key, maxPoints }: { readonly runIds: readonly string[]; readonly key: string; readonly maxPoints: number },
): Promise<(Omit<MetricCurve, 'key'> & { runId: string })[]> {
  const curves: (Omit<MetricCurve, 'key'> & { runId: string })[] = [];
  for (const runId of new Set(runIds)) {
    const run = await runNumber(parts, project, runId);
    const { database } = parts.platform;
    await countMissing(database, [run], [key]);
    const [range] = await listMetricRanges(database, run, [key]);
    if (range === undefined) continue;
    const { points, total } = await curveOf(parts, run, range, maxPoints);
    curves.push({ runId, points, total });
  }
  return curves;
}

/** The count, the least and the greatest value of every metric of the runs that are there. */
export async function summarizeRuns({ platform }: TrackingParts, project: string, runIds: readonly string[]) {
  const runs: number[] = [];
  for (const runId of new Set(runIds)) {
    const run = await findRunRow(platform.database, project, runId);
    if (run !== null) runs.push(run.id);
  }
  await countMissing(platform.database, runs, null);
  const rows = await summarizeMetrics(platform.database, runs);
  return rows.map(({ run_id: runId, ...summary }) => ({ runId, ...summary }));
}
