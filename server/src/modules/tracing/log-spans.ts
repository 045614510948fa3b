import { invalidInput } from '@flyball/api';
import { type ExactObject, pythonJson } from '#platform/exact-json';
import { locationBelow, type StoredExperiment } from '#tracking';
import type { TracingParts, Trx } from './parts.ts';
import { previewOf } from './preview.ts';
import { keptSpan, readSpanContent, type Span, spanContent, spanKey, traceIdOf } from './span-content.ts';
import { withConventions } from './span-conventions.ts';
import { listSpanContents, type SpanRow, upsertSpans } from './span-store.ts';
import { objectAttribute, type SumNode, sumCost, sumUsage } from './span-sums.ts';
import { checkTraceTag, SPANS_HERE, traceKey } from './trace-keys.ts';
import { checkTraceFits } from './trace-limits.ts';
import { ensureTraces, linkTraces, type StoredTrace, type TraceRow, updateTrace } from './trace-store.ts';

/** Spans that one program sent together. */
export interface SpanBatch {
  readonly spans: readonly Span[];
  /** What the program says of itself, by the trace's id: it becomes tags. */
  readonly resources: ReadonlyMap<string, ExactObject>;
  /** The run that the traces whose roots are here belong to. */
  readonly runId?: string | undefined;
}

const MOST_SPANS = 20_000;
const NS_PER_MS = 1_000_000n;

interface SpanGroup {
  readonly traceId: string;
  readonly spans: readonly Span[];
  readonly root: Span | undefined;
  readonly startMs: number;
  readonly endMs: number | null;
}

const textOf = (value: ExactObject[string] | undefined): string | undefined => {
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? value : pythonJson(value);
};

function groupOf(traceId: string, spans: readonly Span[]): SpanGroup {
  const starts = spans.map(({ startNs }) => Number(startNs / NS_PER_MS));
  const ends = spans.flatMap(({ endNs }) => (endNs === null ? [] : [Number(endNs / NS_PER_MS)]));
  return {
    traceId,
    spans,
    root: spans.findLast(({ parentId }) => parentId === null),
    startMs: starts.reduce((least, at) => Math.min(least, at)),
    endMs: ends.length === 0 ? null : ends.reduce((most, at) => Math.max(most, at)),
  };
}

/** By trace; of spans that are there twice the later one. */
function groupByTrace(spans: readonly Span[]): SpanGroup[] {
  const traces = new Map<string, Map<string, Span>>();
  for (const span of spans) {
    const id = traceIdOf(span.traceId);
    const own = traces.get(id) ?? new Map<string, Span>();
    own.set(span.spanId, span);
    traces.set(id, own);
  }
  return [...traces].map(([traceId, own]) => groupOf(traceId, [...own.values()]));
}

const statusOf = ({ root }: SpanGroup) => {
  if (root === undefined) return null;
  return root.status.code === 'ERROR' ? 'ERROR' : 'OK';
};

const rowOf = (group: SpanGroup, project: string, { id, artifact_location }: StoredExperiment): TraceRow => ({
  project,
  traceId: group.traceId,
  experiment: id,
  timestampMs: group.startMs,
  executionMs: group.endMs === null ? null : group.endMs - group.startMs,
  status: statusOf(group) ?? 'IN_PROGRESS',
  clientRequestId: null,
  requestPreview: null,
  responsePreview: null,
  tags: { [traceKey.artifacts]: locationBelow(artifact_location, 'traces', group.traceId, 'artifacts') },
  metadata: {},
});

/** Tags that a caller's attributes make; what could not be a tag is left out. */
function tagsFrom(pairs: readonly (readonly [string, ExactObject[string]])[]): Record<string, string> {
  return Object.fromEntries(
    pairs.slice(0, 100).flatMap(([key, value]) => {
      try {
        return [[key, checkTraceTag(key, typeof value === 'string' ? value : pythonJson(value))] as const];
      } catch {
        return [];
      }
    }),
  );
}

function tagsOf({ root, traceId }: SpanGroup, { resources }: SpanBatch): Record<string, string> {
  const own = Object.entries(resources.get(traceId) ?? {}).filter(([key]) => !/^(telemetry\.sdk|mlflow)\./.test(key));
  const given = Object.entries(root?.attributes ?? {})
    .filter(([key]) => key.startsWith(spanKey.tagPrefix))
    .map(([key, value]) => [key.slice(spanKey.tagPrefix.length), value] as const);
  return { ...tagsFrom(own), ...tagsFrom(given), [traceKey.spansLocation]: SPANS_HERE };
}

function firstAttribute({ spans }: SpanGroup, ...keys: readonly string[]): string | undefined {
  for (const { attributes } of spans) {
    for (const key of keys) {
      const found = textOf(attributes[key]);
      if (found !== undefined) return found.slice(0, 250).toWellFormed();
    }
  }
  return undefined;
}

const nodesOf = (spans: readonly Span[], key: string): SumNode[] =>
  spans.map(({ spanId, parentId, attributes }) => ({ spanId, parentId, data: objectAttribute(attributes[key]) }));

/** The sums over the whole tree as it is stored now; what the trace's maker said of them stays. */
function sumsOf(group: SpanGroup, trace: StoredTrace, stored: readonly Span[] | undefined): Record<string, string> {
  const sums: Record<string, string> = {};
  for (const [key, attribute, sum, isOwn] of [
    [traceKey.usage, spanKey.usage, sumUsage, trace.has_own_usage],
    [traceKey.cost, spanKey.cost, sumCost, trace.has_own_cost],
  ] as const) {
    if (isOwn) continue;
    const told = group.spans.some(({ attributes }) => objectAttribute(attributes[attribute]) !== null);
    const total = told ? sum(nodesOf(stored ?? group.spans, attribute)) : null;
    if (total !== null) sums[key] = total;
  }
  return sums;
}

function metadataOf(group: SpanGroup, trace: StoredTrace, stored: readonly Span[] | undefined): Record<string, string> {
  const session = firstAttribute(group, spanKey.session, spanKey.conversation);
  const user = firstAttribute(group, spanKey.user);
  return {
    ...sumsOf(group, trace, stored),
    ...(session === undefined || traceKey.session in trace.metadata ? {} : { [traceKey.session]: session }),
    ...(user === undefined || traceKey.user in trace.metadata ? {} : { [traceKey.user]: user }),
  };
}

/** From the earliest start to the latest end; what the trace's maker said of its time stays. */
function timesOf({ startMs, endMs }: SpanGroup, trace: StoredTrace) {
  if (traceKey.finalized in trace.metadata) {
    return { timestampMs: trace.timestamp_ms, executionMs: trace.execution_ms };
  }
  const timestampMs = Math.min(trace.timestamp_ms, startMs);
  const knownEnd = trace.execution_ms === null ? null : trace.timestamp_ms + trace.execution_ms;
  const ends = [knownEnd, endMs].filter((end) => end !== null);
  return { timestampMs, executionMs: ends.length === 0 ? null : Math.max(...ends) - timestampMs };
}

const tellsSums = ({ spans }: SpanGroup): boolean =>
  spans.some(({ attributes }) => spanKey.usage in attributes || spanKey.cost in attributes);

async function spansOf(trx: Trx, { id }: StoredTrace): Promise<Span[]> {
  const contents = await listSpanContents(trx, [id]);
  return (contents.get(id) ?? []).map(readSpanContent);
}

interface Arrival {
  readonly group: SpanGroup;
  readonly trace: StoredTrace;
  readonly rows: readonly SpanRow[];
  readonly isNew: boolean;
}

async function updateFromSpans(trx: Trx, { group, trace, rows, isNew }: Arrival, batch: SpanBatch): Promise<void> {
  const stored = isNew || !tellsSums(group) ? undefined : await spansOf(trx, trace);
  const moreSpanBytes = rows.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  const isOpen = trace.status === 'IN_PROGRESS' || trace.status === 'STATE_UNSPECIFIED';
  const attributes = group.root?.attributes ?? {};
  const [tags, metadata] = [tagsOf(group, batch), metadataOf(group, trace, stored)];
  checkTraceFits({
    ...trace,
    tags: { ...trace.tags, ...tags },
    metadata: { ...trace.metadata, ...metadata },
    span_bytes: trace.span_bytes + moreSpanBytes,
  });
  await updateTrace(trx, trace.id, {
    ...timesOf(group, trace),
    status: (isOpen ? statusOf(group) : null) ?? trace.status,
    requestPreview: trace.request_preview ?? previewOf(attributes[spanKey.inputs], 'user'),
    responsePreview: trace.response_preview ?? previewOf(attributes[spanKey.outputs], 'assistant'),
    tags,
    metadata,
    moreSpanBytes,
  });
}

const spanRow = (trace: StoredTrace, span: Span): SpanRow => ({
  trace: trace.id,
  spanId: span.spanId,
  parentId: span.parentId,
  name: span.name,
  type: textOf(span.attributes[spanKey.type]) ?? 'UNKNOWN',
  status: span.status.code,
  startNs: span.startNs,
  content: spanContent(span),
});

/** Keeps spans, all of them or none, and makes their traces from them where nobody else has. */
export async function logSpans(
  { platform, tracking }: TracingParts,
  project: string,
  experimentId: string,
  batch: SpanBatch,
): Promise<void> {
  if (batch.spans.length > MOST_SPANS) throw invalidInput(`A request can hold at most ${MOST_SPANS} spans`);
  const experiment = await tracking.experiments.get(project, experimentId);
  const run = batch.runId === undefined ? null : await tracking.runs.get(project, batch.runId).catch(() => null);
  const groups = groupByTrace(batch.spans.map((span) => withConventions(keptSpan(span))));
  if (groups.length === 0) return;
  await platform.database.transaction(async (trx) => {
    const { all, made } = await ensureTraces(
      trx,
      groups.map((group) => rowOf(group, project, experiment)),
    );
    const traces = new Map(all.map((trace) => [trace.trace_id, trace]));
    const arrivals = groups.map((group): Arrival => {
      const trace = traces.get(group.traceId)!;
      const rows = group.spans.map((span) => spanRow(trace, span));
      return { group, trace, rows, isNew: made.has(group.traceId) };
    });
    await upsertSpans(
      trx,
      arrivals.flatMap(({ rows }) => rows),
    );
    for (const arrival of arrivals) await updateFromSpans(trx, arrival, batch);
    const roots = groups.filter(({ root }) => root !== undefined).map(({ traceId }) => traceId);
    if (run !== null && roots.length > 0) await linkTraces(trx, project, roots, 'run', [run.run_id]);
  });
}
