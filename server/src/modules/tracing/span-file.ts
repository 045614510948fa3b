import { type ExactObject, type ExactValue, isExactObject, isShallow, parseExact } from '#platform/exact-json';
import {
  attributeValue,
  listOf,
  objectOf,
  type Span,
  spanFromContent,
  spanStatus,
  textOf,
  timeOf,
} from './span-content.ts';

const MOST_SPANS = 20_000;

class NoSpanFile extends Error {}

/** Some clients before 3.0 write ids as Python's `hex` does, without leading zeros. */
function hexOf(value: ExactValue | undefined, digits: number): string {
  const [, hex = ''] = /^(?:0x)?([0-9a-f]{1,32})$/.exec(textOf(value)) ?? [];
  if (hex === '') throw new NoSpanFile();
  return hex.padStart(digits, '0').slice(-digits);
}

const valuesOf = (attributes: ExactValue | undefined): ExactObject =>
  Object.fromEntries(Object.entries(objectOf(attributes)).map(([key, text]) => [key, attributeValue(text)]));

/** A span as clients before 3.0 write it. */
function oldSpan(span: ExactObject): Span {
  const { trace_id: traceId, span_id: spanId } = objectOf(span['context']);
  const parent = textOf(span['parent_id']);
  const code = textOf(span['status_code']).replace('STATUS_CODE_', '');
  return {
    traceId: hexOf(traceId, 32),
    spanId: hexOf(spanId, 16),
    parentId: parent === '' ? null : hexOf(parent, 16),
    name: textOf(span['name']),
    startNs: timeOf(span['start_time']),
    endNs: span['end_time'] === null ? null : timeOf(span['end_time']),
    status: {
      code: Object.values(spanStatus).find((one) => one === code) ?? spanStatus.unset,
      message: textOf(span['status_message']),
    },
    attributes: valuesOf(span['attributes']),
    events: listOf(span['events'])
      .map(objectOf)
      .map((event) => ({
        name: textOf(event['name']),
        timeNs: timeOf(event['timestamp']),
        attributes: objectOf(event['attributes']),
      })),
    links: [],
  };
}

const isOld = (span: ExactObject): boolean => isExactObject(span['context']);

function spanOf(value: ExactValue): Span {
  const span = objectOf(value);
  const read = isOld(span) ? oldSpan(span) : spanFromContent(span);
  if (!/^[0-9a-f]{16}$/.test(read.spanId)) throw new NoSpanFile();
  return read;
}

/** The spans in a `traces.json` of any client; null for what is none. */
export function readSpanFile(text: string): Span[] | null {
  try {
    const file = parseExact(text);
    const spans = isExactObject(file) ? file['spans'] : undefined;
    if (!Array.isArray(spans) || spans.length > MOST_SPANS || !isShallow(file)) return null;
    return spans.map(spanOf);
  } catch (error) {
    if (error instanceof NoSpanFile || error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}
