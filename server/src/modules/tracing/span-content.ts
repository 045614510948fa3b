import {
  type ExactObject,
  type ExactValue,
  isExactObject,
  isShallow,
  parseExact,
  pythonJson,
} from '#platform/exact-json';

export const spanStatus = { unset: 'UNSET', ok: 'OK', error: 'ERROR' } as const;
export type SpanStatus = (typeof spanStatus)[keyof typeof spanStatus];

export interface SpanEvent {
  readonly name: string;
  readonly timeNs: bigint;
  readonly attributes: ExactObject;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: ExactObject;
}

/** One span as its maker knows it; ids are lower-case hexadecimal digits. */
export interface Span {
  /** Of OpenTelemetry: 32 digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly startNs: bigint;
  /** Null while it runs. */
  readonly endNs: bigint | null;
  readonly status: { readonly code: SpanStatus; readonly message: string };
  readonly attributes: ExactObject;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

/** Attributes with a meaning of their own. */
export const spanKey = {
  requestId: 'mlflow.traceRequestId',
  type: 'mlflow.spanType',
  inputs: 'mlflow.spanInputs',
  outputs: 'mlflow.spanOutputs',
  usage: 'mlflow.chat.tokenUsage',
  cost: 'mlflow.llm.cost',
  model: 'mlflow.llm.model',
  provider: 'mlflow.llm.provider',
  session: 'session.id',
  conversation: 'gen_ai.conversation.id',
  user: 'user.id',
  tagPrefix: 'mlflow.traceTag.',
} as const;

/** The public id of a trace that came with OpenTelemetry's. */
export const traceIdOf = (otelTraceId: string): string => `tr-${otelTraceId}`;

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const hexOf = (base64Text: string): string => Buffer.from(base64Text, 'base64').toString('hex');

/** Objects, lists and texts that somebody wrote as texts of JSON are no texts; `1` is one. */
function unwrapped(value: ExactValue): ExactValue {
  if (typeof value !== 'string' || !/^\s*[[{"]/.test(value)) return value;
  try {
    const parsed = parseExact(value);
    return isShallow(parsed) ? parsed : value;
  } catch {
    return value;
  }
}

/** The attribute's value as a text of JSON, NaN and all. */
const dumped = (attributes: ExactObject): ExactObject =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, pythonJson(value)]));

/** A span with its attributes as they are kept. */
export const keptSpan = (span: Span): Span => ({
  ...span,
  attributes: Object.fromEntries(Object.entries(span.attributes).map(([key, value]) => [key, unwrapped(value)])),
});

/** The span as files of traces hold it: one JSON object, each attribute's value a text of JSON. */
export function spanContent(span: Span): string {
  return pythonJson({
    trace_id: base64(span.traceId),
    span_id: base64(span.spanId),
    parent_span_id: span.parentId === null ? null : base64(span.parentId),
    name: span.name,
    start_time_unix_nano: span.startNs,
    end_time_unix_nano: span.endNs,
    events: span.events.map(({ name, timeNs, attributes }) => ({ name, time_unix_nano: timeNs, attributes })),
    status: { code: `STATUS_CODE_${span.status.code}`, message: span.status.message },
    attributes: dumped(span.attributes),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      trace_id: traceId,
      span_id: spanId,
      attributes: Object.keys(attributes).length === 0 ? null : attributes,
    })),
  });
}

const special: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/** What an attribute's text of JSON says; a text that is none stands for itself. */
export function attributeValue(text: ExactValue | undefined): ExactValue {
  if (typeof text !== 'string') return text ?? null;
  if (Object.hasOwn(special, text)) return special[text]!;
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}

export const objectOf = (value: ExactValue | undefined): ExactObject => (isExactObject(value) ? value : {});
export const listOf = (value: ExactValue | undefined): readonly ExactValue[] => (Array.isArray(value) ? value : []);
export const textOf = (value: ExactValue | undefined): string => (typeof value === 'string' ? value : '');
export const timeOf = (value: ExactValue | undefined): bigint => (typeof value === 'bigint' ? value : 0n);

function statusOf(value: ExactValue | undefined): Span['status'] {
  const { code, message } = objectOf(value);
  const known = Object.values(spanStatus).find((one) => code === `STATUS_CODE_${one}`);
  return { code: known ?? spanStatus.unset, message: textOf(message) };
}

/** Reads back what `spanContent` wrote. */
export const readSpanContent = (content: string): Span => spanFromContent(objectOf(parseExact(content)));

export function spanFromContent(span: ExactObject): Span {
  const parent = textOf(span['parent_span_id']);
  const attributes = Object.entries(objectOf(span['attributes'])).map(([key, text]) => [key, attributeValue(text)]);
  return {
    traceId: hexOf(textOf(span['trace_id'])),
    spanId: hexOf(textOf(span['span_id'])),
    parentId: parent === '' ? null : hexOf(parent),
    name: textOf(span['name']),
    startNs: timeOf(span['start_time_unix_nano']),
    endNs: span['end_time_unix_nano'] === null ? null : timeOf(span['end_time_unix_nano']),
    status: statusOf(span['status']),
    attributes: Object.fromEntries(attributes) as ExactObject,
    events: listOf(span['events'])
      .map(objectOf)
      .map((event) => ({
        name: textOf(event['name']),
        timeNs: timeOf(event['time_unix_nano']),
        attributes: objectOf(event['attributes']),
      })),
    links: listOf(span['links'])
      .map(objectOf)
      .map((link) => ({
        traceId: textOf(link['trace_id']),
        spanId: textOf(link['span_id']),
        attributes: objectOf(link['attributes']),
      })),
  };
}
