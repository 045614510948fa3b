import { invalidInput } from '@flyball/api';
import { recordOf, tag } from './experiment-calls.ts';
import { int64, listOf, message, nonEmpty, oneOf, text } from './message.ts';
import { call, type MlflowCall, optionalText } from './mlflow-call.ts';
import { maxResultsRule, searchLimit } from './trace-calls.ts';
import { presentTraceInfoV2 } from './trace-message.ts';
import { isTimestamp } from './well-known-types.ts';

const status = oneOf({ TRACE_STATUS_UNSPECIFIED: 0, OK: 1, ERROR: 2, IN_PROGRESS: 3 });
const pairsRule = { kind: 'list', each: ['key'] } as const;

function checkedTime(ms: number): number {
  if (isTimestamp(ms)) return ms;
  throw invalidInput(
    `Invalid value ${ms} for parameter 'timestamp_ms' supplied. It must be a time of the years 1 to 9999`,
  );
}

/** How clients before 3.0 make, end and read traces. */
export const traceV2Calls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/traces',
    access: 'contributor',
    request: message({ experiment_id: text, timestamp_ms: int64, request_metadata: listOf(tag), tags: listOf(tag) }),
    rules: {
      experiment_id: optionalText,
      timestamp_ms: { kind: 'integer' },
      request_metadata: pairsRule,
      tags: pairsRule,
    },
    handle: async (input, { tracing, project }) => {
      const opened = await tracing.traces.open(project, {
        experimentId: input.experiment_id ?? '',
        timestampMs: checkedTime(input.timestamp_ms ?? 0),
        metadata: recordOf(input.request_metadata),
        tags: recordOf(input.tags),
      });
      return { trace_info: presentTraceInfoV2(opened) };
    },
  }),
  call({
    method: 'PATCH',
    path: '/mlflow/traces/:request_id',
    access: 'contributor',
    request: message({
      request_id: text,
      timestamp_ms: int64,
      status,
      request_metadata: listOf(tag),
      tags: listOf(tag),
    }),
    rules: {
      timestamp_ms: { kind: 'integer', required: true },
      status: { kind: 'any', required: true },
      request_metadata: pairsRule,
      tags: pairsRule,
    },
    handle: async (input, { tracing, project }) => {
      const { status: end = 'TRACE_STATUS_UNSPECIFIED' } = input;
      const ended = await tracing.traces.end(project, input.request_id ?? '', {
        timestampMs: checkedTime(input.timestamp_ms ?? 0),
        status: end === 'TRACE_STATUS_UNSPECIFIED' ? 'STATE_UNSPECIFIED' : end,
        metadata: recordOf(input.request_metadata),
        tags: recordOf(input.tags),
      });
      return { trace_info: presentTraceInfoV2(ended) };
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/traces/:request_id/info',
    access: 'viewer',
    request: message({ request_id: text }),
    handle: async ({ request_id: traceId = '' }, { tracing, project }) => ({
      trace_info: presentTraceInfoV2(await tracing.traces.get(project, traceId)),
    }),
  }),
  call({
    method: 'GET',
    path: '/mlflow/traces',
    access: 'viewer',
    request: message({
      experiment_ids: listOf(text),
      filter: text,
      max_results: int64,
      order_by: listOf(text),
      page_token: text,
    }),
    rules: {
      experiment_ids: { kind: 'texts', required: true },
      filter: optionalText,
      max_results: maxResultsRule,
      order_by: { kind: 'texts' },
      page_token: optionalText,
    },
    handle: async (input, { tracing, project }) => {
      const { items, nextPageToken } = await tracing.traces.search(project, {
        experimentIds: input.experiment_ids ?? [],
        filter: input.filter ?? '',
        orderBy: input.order_by ?? [],
        limit: searchLimit(input.max_results),
        pageToken: input.page_token,
      });
      return { traces: nonEmpty(items.map(presentTraceInfoV2)), next_page_token: nextPageToken };
    },
  }),
];
