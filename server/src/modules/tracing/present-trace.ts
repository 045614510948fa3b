import type { Trace, TraceSpan } from '@flyball/api';
import { type ExactObject, type ExactValue, pythonJson } from '#platform/exact-json';
import { type Span, spanKey } from './span-content.ts';
import { traceKey } from './trace-keys.ts';
import type { StoredTrace } from './trace-store.ts';

/** A trace as the native API shows it. */
export const presentTrace = (row: StoredTrace): Trace => ({
  traceId: row.trace_id,
  experimentId: String(row.experiment),
  name: row.tags[traceKey.name] ?? '',
  status: row.status,
  startTime: row.timestamp_ms,
  durationMs: row.execution_ms,
  // Clients before 3.0 have these instead of previews.
  requestPreview: row.request_preview ?? row.metadata['mlflow.traceInputs'] ?? null,
  responsePreview: row.response_preview ?? row.metadata['mlflow.traceOutputs'] ?? null,
  runId: row.metadata[traceKey.run] ?? null,
  tags: row.tags,
  metadata: row.metadata,
  assessments: row.assessments
    .filter(({ valid }) => valid)
    .map(({ name, kind, value, rationale, span_id: spanId }) => ({ name, kind, value, rationale, spanId })),
});

const textOf = (value: ExactValue): string => (typeof value === 'string' ? value : pythonJson(value));

const textsOf = (attributes: ExactObject): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, textOf(value)]));

const MILLISECOND = 1e6;
const milliseconds = (nanoseconds: bigint): number => Number(nanoseconds) / MILLISECOND;

const inOrder = (a: Span, b: Span): number => (a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0);

/** Spans in the order in which they began, their times counted from the first. */
export function presentSpans(spans: readonly Span[]): TraceSpan[] {
  const ordered = [...spans].sort(inOrder);
  const first = ordered[0]?.startNs ?? 0n;
  return ordered.map((span) => ({
    spanId: span.spanId,
    parentId: span.parentId,
    name: span.name,
    type: textOf(span.attributes[spanKey.type] ?? 'UNKNOWN'),
    status: span.status.code,
    statusMessage: span.status.message,
    offsetMs: milliseconds(span.startNs - first),
    durationMs: span.endNs === null ? null : milliseconds(span.endNs - span.startNs),
    attributes: textsOf(span.attributes),
    events: span.events.map(({ name, timeNs, attributes }) => ({
      name,
      offsetMs: milliseconds(timeNs - first),
      attributes: textsOf(attributes),
    })),
  }));
}
