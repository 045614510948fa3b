import { randomBytes } from 'node:crypto';
import { invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { pageToken, readPageToken } from '#platform/page-token';
import { experimentNumber, locationBelow, type Page, requireActiveExperiment } from '#tracking';
import { upsertAssessments } from './assessment-store.ts';
import { type AssessmentInput, newAssessment } from './new-assessment.ts';
import type { TracingParts, Trx } from './parts.ts';
import { LONGEST_PREVIEW } from './preview.ts';
import { readSpanContent, type Span } from './span-content.ts';
import { listSpanContents } from './span-store.ts';
import { parseTraceFilter, parseTraceOrder } from './trace-filter.ts';
import {
  checkMutableTag,
  checkTraceId,
  checkTraceTag,
  keptMetadata,
  keptTags,
  SPANS_HERE,
  traceKey,
} from './trace-keys.ts';
import { checkSpansAtOnce, checkTraceFits } from './trace-limits.ts';
import { type FoundTrace, searchTraces } from './trace-search-store.ts';
import {
  deleteTag,
  deleteTraces,
  findTrace,
  findTraces,
  linkTraces,
  type OwnSums,
  type Pairs,
  type StoredTrace,
  setTag,
  type TraceRow,
  type TraceStatus,
  updateTrace,
  upsertTrace,
} from './trace-store.ts';

const MOST_IDS = 1_000;
const MOST_LINKS = 100;

export const traceMissing = (traceId: string): PlatformError =>
  new PlatformError('not_found', `Trace with ID '${traceId}' not found.`);

export interface TraceInput {
  readonly traceId: string;
  readonly experimentId: string;
  readonly timestampMs: number;
  readonly executionMs: number | null;
  readonly status: TraceStatus;
  readonly clientRequestId?: string | undefined;
  readonly requestPreview?: string | undefined;
  readonly responsePreview?: string | undefined;
  readonly tags: Pairs;
  readonly metadata: Pairs;
  readonly assessments: readonly AssessmentInput[];
}

const preview = (text: string | undefined): string | null =>
  text === undefined ? null : [...text.slice(0, 2 * LONGEST_PREVIEW)].slice(0, LONGEST_PREVIEW).join('');

async function activeExperiment({ tracking }: TracingParts, project: string, experimentId: string) {
  const experiment = await tracking.experiments.get(project, experimentId);
  requireActiveExperiment(experiment);
  return experiment;
}

async function rowOf(parts: TracingParts, project: string, input: TraceInput): Promise<TraceRow> {
  checkTraceId(input.traceId);
  if ((input.clientRequestId ?? '').length > 250) throw invalidInput('A client request ID has at most 250 characters');
  const [tags, metadata] = [keptTags(input.tags), keptMetadata(input.metadata)];
  const experiment = await activeExperiment(parts, project, input.experimentId);
  const artifacts = locationBelow(experiment.artifact_location, 'traces', input.traceId, 'artifacts');
  return {
    project,
    traceId: input.traceId,
    experiment: experiment.id,
    timestampMs: input.timestampMs,
    executionMs: input.executionMs,
    status: input.status,
    clientRequestId: input.clientRequestId ?? null,
    requestPreview: preview(input.requestPreview),
    responsePreview: preview(input.responsePreview),
    tags: { ...tags, [traceKey.artifacts]: artifacts },
    metadata: { ...metadata, [traceKey.finalized]: 'true' },
  };
}

async function fittingTrace(trx: Trx, project: string, traceId: string): Promise<StoredTrace> {
  const trace = (await findTrace(trx, project, traceId))!;
  checkTraceFits(trace);
  return trace;
}

const ownSums = ({ metadata }: TraceRow): OwnSums => ({
  usage: traceKey.usage in metadata,
  cost: traceKey.cost in metadata,
});

/** A trace as its maker sums it up, before or after its spans; said again, it is changed. */
export async function startTrace(parts: TracingParts, project: string, input: TraceInput): Promise<StoredTrace> {
  const { database, clock } = parts.platform;
  const row = await rowOf(parts, project, input);
  const assessments = input.assessments.map((one) => newAssessment(one, clock.now().getTime()));
  return await database.transaction(async (trx) => {
    const id = await upsertTrace(trx, row, ownSums(row));
    await upsertAssessments(trx, id, assessments);
    return await fittingTrace(trx, project, row.traceId);
  });
}

export interface OpenTraceInput {
  readonly experimentId: string;
  readonly timestampMs: number;
  readonly tags: Pairs;
  readonly metadata: Pairs;
}

/** As clients before 3.0 do: the trace has its id from here and is ended later. */
export async function openTrace(parts: TracingParts, project: string, input: OpenTraceInput): Promise<StoredTrace> {
  const traceId = randomBytes(16).toString('hex');
  const unended = { traceId, executionMs: null, status: 'IN_PROGRESS', assessments: [] } as const;
  const row = await rowOf(parts, project, { ...input, ...unended });
  const { [traceKey.finalized]: _, ...metadata } = row.metadata;
  return await parts.platform.database.transaction(async (trx) => {
    await upsertTrace(trx, { ...row, metadata }, ownSums(row));
    return (await findTrace(trx, project, traceId))!;
  });
}

export interface TraceEnd {
  readonly timestampMs: number;
  readonly status: TraceStatus;
  readonly tags: Pairs;
  readonly metadata: Pairs;
}

export async function endTrace(
  { platform }: TracingParts,
  project: string,
  traceId: string,
  end: TraceEnd,
): Promise<StoredTrace> {
  const [tags, metadata] = [keptTags(end.tags), keptMetadata(end.metadata)];
  return await platform.database.transaction(async (trx) => {
    const trace = await findTrace(trx, project, traceId, 'lock');
    if (trace === null) throw traceMissing(traceId);
    await updateTrace(trx, trace.id, {
      timestampMs: trace.timestamp_ms,
      executionMs: end.timestampMs - trace.timestamp_ms,
      status: end.status,
      requestPreview: trace.request_preview,
      responsePreview: trace.response_preview,
      tags,
      metadata,
    });
    return await fittingTrace(trx, project, traceId);
  });
}

export async function getTrace({ platform }: TracingParts, project: string, traceId: string): Promise<StoredTrace> {
  const trace = await findTrace(platform.database, project, traceId);
  if (trace === null) throw traceMissing(traceId);
  return trace;
}

/** Traces that exist of those asked for; only of some experiments if those are named. */
export async function getTraces(
  { platform }: TracingParts,
  project: string,
  traceIds: readonly string[],
  experimentIds?: readonly string[],
): Promise<StoredTrace[]> {
  if (traceIds.length > MOST_IDS) throw invalidInput(`A request can name at most ${MOST_IDS} traces`);
  const experiments = experimentIds?.map(experimentNumber) ?? null;
  return await findTraces(platform.database, project, traceIds, experiments);
}

export interface WholeTrace {
  readonly trace: StoredTrace;
  readonly spans: readonly Span[];
  /** Whether the spans that its maker announced are all there. */
  readonly isWhole: boolean;
}

export const hasSpansHere = ({ tags }: StoredTrace): boolean => tags[traceKey.spansLocation] === SPANS_HERE;

function announcedSpans({ metadata }: StoredTrace): number {
  try {
    const stats = JSON.parse(metadata[traceKey.sizeStats] ?? '{}') as { num_spans?: unknown };
    return Number(stats.num_spans ?? 0) || 0;
  } catch {
    return 0;
  }
}

/** The texts of the spans of traces; the spans of some traces are files of theirs instead. */
export async function withSpanContents({ platform }: TracingParts, traces: readonly StoredTrace[]) {
  const here = traces.filter(hasSpansHere);
  checkSpansAtOnce(here);
  const ids = here.map(({ id }) => id);
  const contents = await listSpanContents(platform.database, ids);
  return traces.map((trace) => ({ trace, contents: contents.get(trace.id) ?? [] }));
}

export async function withSpans(parts: TracingParts, traces: readonly StoredTrace[]): Promise<WholeTrace[]> {
  const found = await withSpanContents(parts, traces);
  return found.map(({ trace, contents }) => ({
    trace,
    spans: contents.map(readSpanContent),
    isWhole: contents.length > 0 && contents.length >= announcedSpans(trace),
  }));
}

export interface TraceSearchInput {
  readonly experimentIds: readonly string[];
  readonly filter: string;
  readonly orderBy: readonly string[];
  readonly limit: number;
  readonly pageToken?: string | undefined;
}

const INVALID_REGULAR_EXPRESSION = '2201B';
const TOO_LONG = '57014';

/** Clients repeat what fails on our side, and this would fail again. */
function callersMistake(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  if (error.code === INVALID_REGULAR_EXPRESSION) {
    return invalidInput(`Invalid regular expression in the filter: ${error.message}`);
  }
  return error.code === TOO_LONG ? invalidInput('This search takes too long: ask for fewer traces') : error;
}

export async function searchStoredTraces(
  { platform }: TracingParts,
  project: string,
  input: TraceSearchInput,
): Promise<Page<FoundTrace>> {
  const { filter, orderBy, limit } = input;
  const experiments = [...new Set(input.experimentIds.map(experimentNumber))].sort((a, b) => a - b);
  const [conditions, orders] = [parseTraceFilter(filter), parseTraceOrder(orderBy)];
  const question = ['traces', project, filter, orderBy, experiments];
  const after = readPageToken(question, input.pageToken);
  if (experiments.length === 0) return { items: [] };
  const search = { project, experiments, conditions, orders, limit: limit + 1, after };
  const found = await searchTraces(platform.database, search).catch((error: unknown) => {
    throw callersMistake(error);
  });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const isLast = last === undefined || last.found_count <= items.length;
  return isLast ? { items } : { items, nextPageToken: pageToken(question, last.place) };
}

export async function setTraceTag(
  { platform }: TracingParts,
  project: string,
  traceId: string,
  { key, value }: { readonly key: string; readonly value: string },
): Promise<void> {
  checkMutableTag(key, 'set');
  const kept = checkTraceTag(key, value);
  await platform.database.transaction(async (trx) => {
    if (!(await setTag(trx, project, traceId, { [key]: kept }))) throw traceMissing(traceId);
    await fittingTrace(trx, project, traceId);
  });
}

export async function deleteTraceTag(
  { platform }: TracingParts,
  project: string,
  traceId: string,
  key: string,
): Promise<void> {
  checkMutableTag(key, 'deleted');
  if (await deleteTag(platform.database, project, traceId, key)) return;
  throw new PlatformError('not_found', `No trace tag with key '${key}' for trace with ID '${traceId}'`);
}

export interface TraceRemoval {
  readonly experimentId: string;
  readonly maxTimestampMs?: number | undefined;
  readonly limit?: number | undefined;
  readonly traceIds: readonly string[];
}

function checkRemoval({ maxTimestampMs, limit, traceIds }: TraceRemoval): void {
  const hasIds = traceIds.length > 0;
  if (maxTimestampMs === undefined && !hasIds) {
    throw invalidInput('Either `max_timestamp_millis` or `trace_ids` must be specified.');
  }
  if (maxTimestampMs !== undefined && hasIds) {
    throw invalidInput('Only one of `max_timestamp_millis` and `trace_ids` can be specified.');
  }
  if (hasIds && limit !== undefined) throw invalidInput("`max_traces` can't be specified if `trace_ids` is specified.");
  if (limit !== undefined && limit <= 0) {
    throw invalidInput(`\`max_traces\` must be a positive integer, received ${limit}.`);
  }
}

/** Deletes traces for good, by id or up to a time; says how many. */
export async function removeTraces(
  parts: TracingParts,
  actor: Actor,
  project: string,
  removal: TraceRemoval,
): Promise<number> {
  checkRemoval(removal);
  const { database, audit } = parts.platform;
  const number = experimentNumber(removal.experimentId);
  const experiment = await parts.tracking.experiments.get(project, removal.experimentId).catch((error: unknown) => {
    if (error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  });
  if (experiment === null) return 0;
  const { maxTimestampMs, limit, traceIds } = removal;
  return await database.transaction(async (trx) => {
    const selection = { project, experiment: experiment.id, maxTimestampMs, limit, traceIds };
    const traces = await deleteTraces(trx, selection);
    const subject = { kind: 'experiment', id: String(number) };
    const action = 'tracing.traces-deleted';
    if (traces > 0) await audit.record(trx, { actor, project, action, subject, details: { traces } });
    return traces;
  });
}

/** Joins traces to a run that used or made them. */
export async function linkTracesToRun(
  { platform, tracking }: TracingParts,
  project: string,
  traceIds: readonly string[],
  runId: string,
): Promise<void> {
  if (traceIds.length > MOST_LINKS) {
    throw invalidInput(
      `Cannot link more than ${MOST_LINKS} traces to a run in a single request. Provided ${traceIds.length} traces.`,
    );
  }
  const run = await tracking.runs.get(project, runId);
  await linkTraces(platform.database, project, traceIds, 'run', [run.run_id]);
}

export interface PromptVersion {
  readonly name: string;
  readonly version: number;
}

export async function linkPromptsToTrace(
  parts: TracingParts,
  project: string,
  traceId: string,
  prompts: readonly PromptVersion[],
): Promise<void> {
  if (prompts.length > MOST_LINKS) throw invalidInput(`A request can link at most ${MOST_LINKS} prompt versions`);
  const trace = await getTrace(parts, project, traceId);
  const targets = prompts.map(({ name, version }) => `${name}/${version}`);
  await linkTraces(parts.platform.database, project, [trace.trace_id], 'prompt', targets);
}
