import { invalidInput } from '@flyball/api';
import { type ExactObject, type ExactValue, isExactObject } from '#platform/exact-json';
import { type Span, type SpanBatch, spanStatus, traceIdOf } from '#tracing';

type Sent = ExactObject;

const DEEPEST = 64;
const LAST_NS = 2n ** 63n - 1n;

const unfit = (): Error => invalidInput('Cannot convert OpenTelemetry span to MLflow span');

const objectOf = (value: ExactValue | undefined): Sent => (isExactObject(value) ? value : {});

function objectsIn(value: ExactValue | undefined): Sent[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isExactObject)) throw unfit();
  return value;
}

/** No database holds a NUL in a text, and no encoder writes half a pair of surrogates. */
const storable = (text: string): string => text.replaceAll('\u0000', '\ufffd').toWellFormed();

const textOf = (value: ExactValue | undefined): string => (typeof value === 'string' ? storable(value) : '');

/** 64 bits are a number or a text in JSON. */
function integerOf(value: ExactValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw unfit();
}

function timeOf(value: ExactValue | undefined): bigint {
  const time = value === undefined || value === null ? 0n : integerOf(value);
  if (time < 0n || time > LAST_NS) throw unfit();
  return time;
}

const doubles: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

function doubleOf(value: ExactValue): number {
  if (typeof value === 'string') return doubles[value] ?? Number(value);
  return Number(value);
}

const kinds: Readonly<Record<string, (value: ExactValue, depth: number) => ExactValue>> = {
  stringValue: textOf,
  boolValue: (value) => value === true,
  intValue: integerOf,
  doubleValue: doubleOf,
  bytesValue: textOf,
  arrayValue: (value, depth) => objectsIn(objectOf(value)['values']).map((item) => readValue(item, depth + 1)),
  kvlistValue: (value, depth) => pairsOf(objectOf(value)['values'], depth + 1),
};

function readValue(sent: ExactValue | undefined, depth: number): ExactValue {
  if (depth > DEEPEST) throw unfit();
  const [kind, value = null] = Object.entries(objectOf(sent)).find(([name]) => Object.hasOwn(kinds, name)) ?? [];
  return kind === undefined ? null : kinds[kind]!(value, depth);
}

const pairsOf = (sent: ExactValue | undefined, depth = 0): ExactObject =>
  Object.fromEntries(objectsIn(sent).map(({ key, value }) => [textOf(key), readValue(value, depth)]));

/** What JSON has no number for is a text in events and links, which are kept as JSON. */
function finite(value: ExactValue): ExactValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(finite);
  return isExactObject(value) ? finitePairs(value) : value;
}

const finitePairs = (pairs: ExactObject): ExactObject =>
  Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, finite(value)]));

/** An id of so many digits; short ones are filled up, and nothing but zeros is none. */
function idOf(value: ExactValue | undefined, digits: number): string | null {
  const id = typeof value === 'string' ? value.toLowerCase() : '';
  if (!/^(?:[0-9a-f]{2})*$/.test(id) || id.length > digits) throw unfit();
  return /[^0]/.test(id) ? id.padStart(digits, '0') : null;
}

function requiredId(value: ExactValue | undefined, digits: number): string {
  const id = idOf(value, digits);
  if (id === null) throw unfit();
  return id;
}

const codes: Readonly<Record<string, Span['status']['code']>> = {
  1: spanStatus.ok,
  2: spanStatus.error,
  STATUS_CODE_OK: spanStatus.ok,
  STATUS_CODE_ERROR: spanStatus.error,
};

function spanOf(sent: Sent): Span {
  const status = objectOf(sent['status']);
  const endNs = timeOf(sent['endTimeUnixNano']);
  const traceId = requiredId(sent['traceId'], 32);
  return {
    traceId,
    spanId: requiredId(sent['spanId'], 16),
    parentId: idOf(sent['parentSpanId'], 16),
    name: textOf(sent['name']).slice(0, 10_000).toWellFormed(),
    startNs: timeOf(sent['startTimeUnixNano']),
    endNs: endNs === 0n ? null : endNs,
    status: { code: codes[String(status['code'] ?? '')] ?? spanStatus.unset, message: textOf(status['message']) },
    // The id is ours to give: a caller could name another's trace.
    attributes: { ...pairsOf(sent['attributes']), 'mlflow.traceRequestId': traceIdOf(traceId) },
    events: objectsIn(sent['events']).map((event) => ({
      name: textOf(event['name']),
      timeNs: timeOf(event['timeUnixNano']),
      attributes: finitePairs(pairsOf(event['attributes'])),
    })),
    links: objectsIn(sent['links']).map((link) => ({
      traceId: traceIdOf(idOf(link['traceId'], 32) ?? '0'.repeat(32)),
      spanId: idOf(link['spanId'], 16) ?? '0'.repeat(16),
      attributes: finitePairs(pairsOf(link['attributes'])),
    })),
  };
}

/** The spans of an export request, in OpenTelemetry's JSON, checked and read. */
export function spanBatchOf(request: ExactValue): Pick<SpanBatch, 'spans' | 'resources'> {
  if (!isExactObject(request)) throw invalidInput('Invalid OpenTelemetry format');
  const groups = objectsIn(request['resourceSpans']);
  if (groups.length === 0) throw invalidInput('Invalid OpenTelemetry format - no spans found');
  const spans: Span[] = [];
  const resources = new Map<string, ExactObject>();
  for (const group of groups) {
    const own = objectsIn(group['scopeSpans']).flatMap((scope) => objectsIn(scope['spans']).map(spanOf));
    const resource = pairsOf(objectOf(group['resource'])['attributes']);
    spans.push(...own);
    if (Object.keys(resource).length === 0) continue;
    for (const { traceId } of own) {
      const id = traceIdOf(traceId);
      if (!resources.has(id)) resources.set(id, resource);
    }
  }
  return { spans, resources };
}
