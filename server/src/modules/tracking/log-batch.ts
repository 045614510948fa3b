import { invalidInput } from '@flyball/api';
import type { RunWrite } from './batch-store.ts';
import { checkMetricKey, checkParam, checkTag, invalidValue } from './check-key.ts';
import { storedNumber } from './metric-number.ts';
import type { StoredPoint } from './metric-write-store.ts';
import type { TrackingParts } from './parts.ts';

export interface MetricInput {
  readonly key: string;
  /** May be NaN or infinite. */
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
  readonly modelId?: string | undefined;
  readonly datasetName?: string | undefined;
  readonly datasetDigest?: string | undefined;
}

export interface PairInput {
  readonly key: string;
  readonly value: string;
}

export interface BatchInput {
  readonly metrics: readonly MetricInput[];
  readonly params: readonly PairInput[];
  readonly tags: readonly PairInput[];
  /** One thing alone, whose errors then name no place in a list. */
  readonly single?: boolean;
}

const most = { metrics: 1_000, params: 100, tags: 100, all: 1_000 } as const;

function checkCount(what: string, limit: number, count: number): void {
  if (count <= limit) return;
  throw invalidInput(
    `A batch logging request can contain at most ${limit} ${what}. Got ${count} ${what}. ` +
      `Please split up ${what} across multiple requests and try again.`,
  );
}

function checkCounts({ metrics, params, tags }: BatchInput): void {
  checkCount('metrics', most.metrics, metrics.length);
  checkCount('params', most.params, params.length);
  checkCount('tags', most.tags, tags.length);
  checkCount('metrics, params, and tags', most.all, metrics.length + params.length + tags.length);
}

const pythonFloat = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

/** `index` is its place in a list, or null when it is alone. */
function pointOf(metric: MetricInput, index: number | null): StoredPoint {
  const { key, value, step, timestamp, modelId } = metric;
  const at = (field: string): string => (index === null ? field : `metrics[${index}].${field}`);
  checkMetricKey(key, () => at('name'));
  if (!(timestamp >= 0)) {
    const problem = `metric '${key}' (value=${pythonFloat(value)}). Timestamp must be a nonnegative long (64-bit integer) `;
    throw invalidValue(at('timestamp'), timestamp, problem);
  }
  if (!Number.isSafeInteger(timestamp) || !Number.isSafeInteger(step)) {
    throw invalidInput(`Steps and timestamps of metrics are integers below 2^53; '${key}' has another`);
  }
  const { value: stored, isNan } = storedNumber(value);
  const point = { key, value: stored, isNan, step, timestampMs: timestamp };
  if (modelId === undefined || modelId === '') return point;
  const { datasetName = '', datasetDigest = '' } = metric;
  return { ...point, model: { modelId, datasetName, datasetDigest } };
}

function paramsOf({ params, single }: BatchInput): Map<string, string> {
  const seen = new Map<string, string>();
  const twice: string[] = [];
  for (const [i, { key, value }] of params.entries()) {
    const kept = checkParam(key, value, single ? 'key' : `params[${i}].key`);
    if (seen.has(key)) twice.push(`'${key}'`);
    seen.set(key, kept);
  }
  if (twice.length === 0) return seen;
  throw invalidInput(
    `Duplicate parameter keys have been submitted: [${twice.join(', ')}]. Please ensure the request contains only ` +
      'one param value per param key.',
  );
}

function tagsOf({ tags, single }: BatchInput): Map<string, string> {
  return new Map(
    tags.map(({ key, value }, i) => {
      const at = single ? 'key' : `tags[${i}].key`;
      if (key === 'mlflow.runName' && value === '') throw invalidInput('The name of a run cannot be empty');
      return [key, checkTag(key, value, at)];
    }),
  );
}

/** What a request writes, checked and in the form in which it is stored. */
function runWriteOf(project: string, runId: string, batch: BatchInput): RunWrite {
  checkCounts(batch);
  const single = batch.single === true;
  const points = batch.metrics.map((metric, i) => pointOf(metric, single ? null : i));
  return { project, runId, points, params: paramsOf(batch), tags: tagsOf(batch), single };
}

/** Writes metrics, params and tags of a run: all of it or nothing, and durable when this resolves. */
export async function logRunBatch(
  { writes }: TrackingParts,
  project: string,
  runId: string,
  batch: BatchInput,
): Promise<void> {
  await writes.submit(runWriteOf(project, runId, batch));
}
