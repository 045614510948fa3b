import { type ExactValue, exactNumber, isExactObject } from '#platform/exact-json';
import { type Span, type StoredTrace, spanStatus } from '#tracing';
import { assessment, presentAssessment } from './assessment-message.ts';
import { presentTags } from './experiment-calls.ts';
import { listOf, message, nonEmpty, oneOf, text } from './message.ts';
import { duration, stringMap, timestamp, wireDuration, wireTimestamp } from './well-known-types.ts';

const state = oneOf({ STATE_UNSPECIFIED: 0, OK: 1, ERROR: 2, IN_PROGRESS: 3 });

export const traceLocation = message({
  type: text,
  mlflow_experiment: message({ experiment_id: text }),
  inference_table: message({ full_table_name: text }),
});

/** A trace without its spans, on the wire. */
export const traceInfo = message({
  trace_id: text,
  client_request_id: text,
  trace_location: traceLocation,
  request_preview: text,
  response_preview: text,
  request_time: timestamp,
  execution_duration: duration,
  state,
  trace_metadata: stringMap,
  tags: stringMap,
  assessments: listOf(assessment),
});

const unlessEmpty = <T extends object>(map: T): T | undefined => (Object.keys(map).length === 0 ? undefined : map);

export const presentTraceInfo = (row: StoredTrace): object => ({
  trace_id: row.trace_id,
  client_request_id: row.client_request_id ?? undefined,
  trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: String(row.experiment) } },
  request_preview: row.request_preview ?? undefined,
  response_preview: row.response_preview ?? undefined,
  request_time: wireTimestamp(row.timestamp_ms),
  execution_duration: row.execution_ms === null ? undefined : wireDuration(row.execution_ms),
  state: row.status,
  trace_metadata: unlessEmpty(row.metadata),
  assessments: nonEmpty(row.assessments.map((one) => presentAssessment(row.trace_id, one))),
  tags: unlessEmpty(row.tags),
});

/** As clients before 3.0 know it. */
export const presentTraceInfoV2 = (row: StoredTrace): object => ({
  request_id: row.trace_id,
  experiment_id: String(row.experiment),
  timestamp_ms: row.timestamp_ms,
  execution_time_ms: row.execution_ms ?? 0,
  status: row.status === 'STATE_UNSPECIFIED' ? 'TRACE_STATUS_UNSPECIFIED' : row.status,
  request_metadata: presentTags(row.metadata),
  tags: presentTags(row.tags),
});

/** A value as OpenTelemetry writes it into JSON; nothing at all is no value. */
function otelValue(value: ExactValue): object {
  if (value === null) return {};
  if (typeof value === 'string') return { string_value: value };
  if (typeof value === 'boolean') return { bool_value: value };
  if (typeof value === 'bigint') return { int_value: exactNumber(value) };
  if (typeof value === 'number') return { double_value: exactNumber(value) };
  if (isExactObject(value)) return { kvlist_value: { values: otelPairs(value) } };
  return { array_value: { values: nonEmpty((value as readonly ExactValue[]).map(otelValue)) } };
}

const otelPairs = (pairs: Readonly<Record<string, ExactValue>>) =>
  nonEmpty(Object.entries(pairs).map(([key, value]) => (value === null ? { key } : { key, value: otelValue(value) })));

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

const presentStatus = ({ code, message: said }: Span['status']): object => ({
  message: said === '' ? undefined : said,
  code: code === spanStatus.unset ? undefined : `STATUS_CODE_${code}`,
});

/** A span as protobuf's JSON of OpenTelemetry's message. */
export const presentSpan = (span: Span): object => ({
  trace_id: base64(span.traceId),
  span_id: base64(span.spanId),
  parent_span_id: span.parentId === null ? undefined : base64(span.parentId),
  name: span.name === '' ? undefined : span.name,
  start_time_unix_nano: span.startNs === 0n ? undefined : exactNumber(span.startNs),
  end_time_unix_nano: span.endNs === null || span.endNs === 0n ? undefined : exactNumber(span.endNs),
  attributes: otelPairs(span.attributes),
  events: nonEmpty(
    span.events.map(({ name, timeNs, attributes }) => ({
      time_unix_nano: timeNs === 0n ? undefined : exactNumber(timeNs),
      name: name === '' ? undefined : name,
      attributes: otelPairs(attributes),
    })),
  ),
  links: nonEmpty(
    span.links.map(({ traceId, spanId, attributes }) => ({
      trace_id: base64(traceId.replace(/^tr-/, '')),
      span_id: base64(spanId),
      attributes: otelPairs(attributes),
    })),
  ),
  status: presentStatus(span.status),
});
