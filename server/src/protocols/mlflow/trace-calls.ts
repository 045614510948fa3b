import { invalidInput, PlatformError } from '@flyball/api';
import { hasSpansHere, type StoredTrace, type WholeTrace } from '#tracing';
import { assessmentInput } from './assessment-message.ts';
import { resultLimit } from './experiment-calls.ts';
import { bool, int64, listOf, message, nonEmpty, text } from './message.ts';
import { type CallContext, call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { presentSpan, presentTraceInfo, traceInfo, traceLocation } from './trace-message.ts';

const MOST_RESULTS = 500;
export const searchLimit = (given: number | undefined): number => resultLimit(given, 100, MOST_RESULTS);
export const maxResultsRule = { kind: 'integer', most: MOST_RESULTS } as const;

/** Spans that clients wrote as files are read by them. */
function requireSpansHere(traces: readonly StoredTrace[]): void {
  const elsewhere = traces.find((trace) => !hasSpansHere(trace));
  if (elsewhere === undefined) return;
  throw new PlatformError('not_found', `The spans of trace ${elsewhere.trace_id} are not stored in tracking store`);
}

const presentWhole = ({ trace, spans }: WholeTrace): object => ({
  trace_info: presentTraceInfo(trace),
  spans: nonEmpty(spans.map(presentSpan)),
});

async function wholeTrace({ tracing, project }: CallContext, traceId: string, partial: boolean): Promise<object> {
  const [trace] = await tracing.traces.getMany(project, [traceId]);
  if (trace === undefined) throw new PlatformError('not_found', `Trace with ID ${traceId} is not found.`);
  requireSpansHere([trace]);
  const whole = (await tracing.traces.withSpans([trace]))[0]!;
  if (whole.isWhole || partial) return presentWhole(whole);
  throw new PlatformError('not_found', `Trace with ID ${traceId} is not fully exported yet, please try again later.`);
}

const someTraces = message({ trace_ids: listOf(text), experiment_ids: listOf(text) });
const someTracesRules = { trace_ids: { kind: 'texts', required: true }, experiment_ids: { kind: 'texts' } } as const;

const readCalls: readonly MlflowCall[] = [
  call({
    method: 'GET',
    path: '/mlflow/traces/get',
    version: 3,
    access: 'viewer',
    request: message({ trace_id: text, allow_partial: bool }),
    rules: { trace_id: requiredText, allow_partial: { kind: 'boolean' } },
    handle: async ({ trace_id = '', allow_partial: partial = false }, context) => ({
      trace: await wholeTrace(context, trace_id, partial),
    }),
  }),
  call({
    method: 'GET',
    path: '/mlflow/traces/batchGet',
    version: 3,
    access: 'viewer',
    request: someTraces,
    rules: someTracesRules,
    handle: async ({ trace_ids: ids = [], experiment_ids: experiments }, { tracing, project }) => {
      const traces = await tracing.traces.getMany(project, ids, experiments);
      requireSpansHere(traces);
      const whole = (await tracing.traces.withSpans(traces)).filter(({ isWhole }) => isWhole);
      return { traces: nonEmpty(whole.map(presentWhole)) };
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/traces/batchGetInfos',
    version: 3,
    access: 'viewer',
    request: someTraces,
    rules: someTracesRules,
    handle: async ({ trace_ids: ids = [], experiment_ids: experiments }, { tracing, project }) => ({
      trace_infos: nonEmpty((await tracing.traces.getMany(project, ids, experiments)).map(presentTraceInfo)),
    }),
  }),
  call({
    method: 'GET',
    path: '/mlflow/traces/:trace_id',
    version: 3,
    access: 'viewer',
    request: message({ trace_id: text }),
    handle: async ({ trace_id = '' }, { tracing, project }) => ({
      trace: { trace_info: presentTraceInfo(await tracing.traces.get(project, trace_id)) },
    }),
  }),
  call({
    method: 'POST',
    path: '/mlflow/traces/search',
    version: 3,
    access: 'viewer',
    request: message({
      locations: listOf(traceLocation),
      filter: text,
      max_results: int64,
      order_by: listOf(text),
      page_token: text,
    }),
    rules: {
      locations: { kind: 'list', required: true },
      filter: optionalText,
      max_results: maxResultsRule,
      order_by: { kind: 'texts' },
      page_token: optionalText,
    },
    handle: async (input, { tracing, project }) => {
      const { items, nextPageToken } = await tracing.traces.search(project, {
        experimentIds: (input.locations ?? []).flatMap(({ mlflow_experiment: own }) => own?.experiment_id ?? []),
        filter: input.filter ?? '',
        orderBy: input.order_by ?? [],
        limit: searchLimit(input.max_results),
        pageToken: input.page_token,
      });
      return { traces: nonEmpty(items.map(presentTraceInfo)), next_page_token: nextPageToken };
    },
  }),
];

/** The same endpoint under both versions, which name a trace differently. */
const tagCalls = (version: 2 | 3): readonly MlflowCall[] => {
  const path = version === 2 ? '/mlflow/traces/:request_id/tags' : '/mlflow/traces/:trace_id/tags';
  const own = { version, path, access: 'contributor' } as const;
  const idOf = ({ params }: CallContext): string => params['trace_id'] ?? params['request_id'] ?? '';
  return [
    call({
      ...own,
      method: 'PATCH',
      request: message({ key: text, value: text }),
      rules: { key: requiredText, value: optionalText },
      handle: async ({ key = '', value = '' }, context) => {
        await context.tracing.traces.setTag(context.project, idOf(context), { key, value });
        return {};
      },
    }),
    call({
      ...own,
      method: 'DELETE',
      request: message({ key: text }),
      rules: { key: requiredText },
      handle: async ({ key = '' }, context) => {
        await context.tracing.traces.deleteTag(context.project, idOf(context), key);
        return {};
      },
    }),
  ];
};

const removal = (version: 2 | 3): MlflowCall =>
  call({
    method: 'POST',
    path: '/mlflow/traces/delete-traces',
    version,
    access: 'contributor',
    request: message({
      experiment_id: text,
      max_timestamp_millis: int64,
      max_traces: int64,
      request_ids: listOf(text),
    }),
    rules: {
      experiment_id: requiredText,
      max_timestamp_millis: { kind: 'integer' },
      max_traces: { kind: 'integer' },
      request_ids: { kind: 'texts' },
    },
    handle: async (input, { tracing, actor, project }) => ({
      traces_deleted: await tracing.traces.remove(actor, project, {
        experimentId: input.experiment_id ?? '',
        maxTimestampMs: input.max_timestamp_millis,
        limit: input.max_traces,
        traceIds: input.request_ids ?? [],
      }),
    }),
  });

const linkCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/traces/link-to-run',
    access: 'contributor',
    request: message({ trace_ids: listOf(text), run_id: text }),
    rules: { trace_ids: { kind: 'texts', required: true }, run_id: requiredText },
    handle: async ({ trace_ids: ids = [], run_id: runId = '' }, { tracing, project }) => {
      await tracing.traces.linkToRun(project, ids, runId);
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/traces/link-prompts',
    access: 'contributor',
    request: message({ trace_id: text, prompt_versions: listOf(message({ name: text, version: text })) }),
    rules: { trace_id: requiredText, prompt_versions: { kind: 'list', required: true, each: ['name', 'version'] } },
    handle: async ({ trace_id = '', prompt_versions: given = [] }, { tracing, project }) => {
      const prompts = given.map(({ name = '', version = '' }) => ({ name, version: Number(version) }));
      const wrong = prompts.findIndex(({ version }) => !Number.isSafeInteger(version) || version < 0);
      if (wrong !== -1) throw invalidInput(`The version '${given[wrong]?.version}' of a prompt is not a number`);
      await tracing.traces.linkPrompts(project, trace_id, prompts);
      return {};
    },
  }),
];

/** `/mlflow/traces*` of both versions, without what only clients before 3.0 call. */
export const traceCalls: readonly MlflowCall[] = [
  ...readCalls,
  ...tagCalls(2),
  ...tagCalls(3),
  removal(2),
  removal(3),
  ...linkCalls,
  call({
    method: 'POST',
    path: '/mlflow/traces',
    version: 3,
    access: 'contributor',
    request: message({ trace: message({ trace_info: traceInfo }) }),
    rules: { trace: { kind: 'any', required: true } },
    handle: async ({ trace }, { tracing, project }) => {
      const sent = trace?.trace_info ?? {};
      const experimentId = sent.trace_location?.mlflow_experiment?.experiment_id;
      if (experimentId === undefined) throw invalidInput('A trace must be in an experiment: give its trace_location');
      const started = await tracing.traces.start(project, {
        traceId: sent.trace_id ?? '',
        experimentId,
        timestampMs: sent.request_time ?? 0,
        executionMs: sent.execution_duration ?? null,
        status: sent.state ?? 'STATE_UNSPECIFIED',
        clientRequestId: sent.client_request_id,
        requestPreview: sent.request_preview,
        responsePreview: sent.response_preview,
        tags: sent.tags ?? {},
        metadata: sent.trace_metadata ?? {},
        assessments: (sent.assessments ?? []).map(assessmentInput),
      });
      return { trace: { trace_info: presentTraceInfo(started) } };
    },
  }),
];
