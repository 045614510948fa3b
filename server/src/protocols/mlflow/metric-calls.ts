import { Readable } from 'node:stream';
import { invalidInput } from '@flyball/api';
import type { BulkPoint, HistoryPage, StoredMetricPoint } from '#tracking';
import { int64, listOf, message, nonEmpty, text, wireNumber } from './message.ts';
import { call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { positive } from './model-calls.ts';
import { HINT } from './request-rules.ts';
import { runIdOf } from './run-calls.ts';

const MOST_RUNS = 100;
const MOST_POINTS = 25_000;
const MOST_POINTS_OF_RUN = 2_500;

const presentPoint = (key: string, { value, is_nan, timestamp_ms: timestamp, step }: StoredMetricPoint) => ({
  key,
  value: wireNumber(value, is_nan),
  timestamp,
  step,
});

const presentPointOf = (key: string, point: BulkPoint) => ({ ...presentPoint(key, point), run_id: point.run_id });

/** Points that are made a text at once: longer texts stay in memory until all of it is cleaned up. */
const POINTS_OF_TEXT = 1_000;

/** The answer piece by piece, for more points than should be in memory at once. */
async function* historyText(
  key: string,
  first: HistoryPage,
  second: HistoryPage,
  rest: AsyncIterable<HistoryPage>,
): AsyncGenerator<string> {
  const name = JSON.stringify(key);
  const pointText = ({ value, is_nan, timestamp_ms, step }: StoredMetricPoint) =>
    `{"key":${name},"value":${is_nan ? '"NaN"' : value},"timestamp":${timestamp_ms},"step":${step}}`;
  function* textsOf({ points }: HistoryPage): Generator<string> {
    for (let from = 0; from < points.length; from += POINTS_OF_TEXT) {
      const texts = points.slice(from, from + POINTS_OF_TEXT).map(pointText);
      yield texts.join();
    }
  }
  let separator = '{"metrics":[';
  let last = first;
  for await (const piece of chain(first, second, rest)) {
    for (const text of textsOf(piece)) {
      yield separator + text;
      separator = ',';
    }
    last = piece;
  }
  const token = last.nextPageToken;
  yield token === undefined ? ']}' : `],"next_page_token":${JSON.stringify(token)}}`;
}

async function* chain(first: HistoryPage, second: HistoryPage, rest: AsyncIterable<HistoryPage>) {
  yield first;
  yield second;
  yield* rest;
}

const bulkCall = call({
  method: 'GET',
  path: '/mlflow/metrics/get-history-bulk',
  ajaxOnly: true,
  access: 'viewer',
  request: message({ run_id: listOf(text), metric_key: text, max_results: int64 }),
  handle: async ({ run_id: ids = [], metric_key: key, max_results: limit = MOST_POINTS }, { tracking, project }) => {
    const question = 'GetMetricHistoryBulk request';
    if (ids.length === 0) throw invalidInput(`${question} must specify at least one run_id.`);
    if (ids.length > MOST_RUNS) {
      throw invalidInput(`${question} cannot specify more than ${MOST_RUNS} run_ids. Received ${ids.length} run_ids.`);
    }
    if (key === undefined) throw invalidInput(`${question} must specify a metric_key.`);
    const points = await tracking.metrics.bulkHistory(project, ids, key, Math.min(positive(limit), MOST_POINTS));
    return { metrics: points.map((point) => presentPointOf(key, point)) };
  },
});

/** Both ends or none. */
function stepsOf(first: number | undefined, last: number | undefined) {
  if (first === undefined && last === undefined) return null;
  if (first === undefined || last === undefined) {
    throw invalidInput('If either start step or end step are specified, both must be specified.');
  }
  if (first <= last) return { first, last };
  const found = `Found start_step=${first} and end_step=${last}.`;
  throw invalidInput(`end_step must be greater than start_step. ${found}`);
}

const intervalCall = call({
  method: 'GET',
  path: '/mlflow/metrics/get-history-bulk-interval',
  access: 'viewer',
  request: message({
    run_ids: listOf(text),
    metric_key: text,
    start_step: int64,
    end_step: int64,
    max_results: int64,
  }),
  rules: {
    run_ids: { kind: 'texts', required: true },
    metric_key: requiredText,
    start_step: { kind: 'integer' },
    end_step: { kind: 'integer' },
    max_results: { kind: 'integer' },
  },
  handle: async (input, { tracking, project }) => {
    const { run_ids: runIds = [], metric_key: key = '', max_results: limit = MOST_POINTS_OF_RUN } = input;
    if (runIds.length > MOST_RUNS) {
      throw invalidInput(
        `GetMetricHistoryBulkInterval request must specify at most ${MOST_RUNS} run_ids. ` +
          `Received ${runIds.length} run_ids.${HINT}`,
      );
    }
    if (limit < 1 || limit > MOST_POINTS_OF_RUN) {
      throw invalidInput(`max_results must be between 1 and ${MOST_POINTS_OF_RUN}.${HINT}`);
    }
    const steps = stepsOf(input.start_step, input.end_step);
    const points = await tracking.metrics.sample(project, { runIds, key, steps, limit });
    return { metrics: nonEmpty(points.map((point) => presentPointOf(key, point))) };
  },
});

/** `/mlflow/metrics/*` */
export const metricCalls: readonly MlflowCall[] = [
  bulkCall,
  intervalCall,
  call({
    method: 'GET',
    path: '/mlflow/metrics/get-history',
    access: 'viewer',
    request: message({ run_id: text, run_uuid: text, metric_key: text, page_token: text, max_results: int64 }),
    rules: { run_id: requiredText, metric_key: requiredText, page_token: optionalText },
    handle: async (input, { tracking, project }) => {
      const { metric_key: key = '', page_token: pageToken, max_results: limit = null } = input;
      if (limit !== null && limit <= 0) {
        throw invalidInput(
          `Invalid value ${limit} for parameter 'max_results' supplied. It must be a positive integer.`,
        );
      }
      const pieces = tracking.metrics.history(project, { runId: runIdOf(input), key, limit, pageToken });
      // What is wrong with the request is found before the answer begins.
      const first: HistoryPage = (await pieces.next()).value;
      const second = await pieces.next();
      if (second.done !== true) {
        return Readable.from(historyText(key, first, second.value, pieces), { highWaterMark: 1 });
      }
      const metrics = first.points.map((point) => presentPoint(key, point));
      return { metrics: nonEmpty(metrics), next_page_token: first.nextPageToken };
    },
  }),
];
