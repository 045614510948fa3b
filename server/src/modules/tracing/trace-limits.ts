import { invalidInput } from '@flyball/api';
import type { StoredTrace } from './trace-store.ts';

const MOST_TAGS = 1_000;
const MOST_ASSESSMENTS = 1_000;
const MIB = 2 ** 20;
const MOST_INFO = 4 * MIB;
const MOST_SPANS = 64 * MIB;
const MOST_SPANS_AT_ONCE = 128 * MIB;

/** What a search may read and send at once, in bytes: a page ends before it grows larger. */
export const LARGEST_PAGE = 16 * MIB;

/** What is said about one trace has a bound, however many requests say it. To be asked before what is said stays. */
export function checkTraceFits(trace: StoredTrace): void {
  for (const pairs of [trace.tags, trace.metadata]) {
    if (Object.keys(pairs).length > MOST_TAGS) {
      throw invalidInput(`A trace can have at most ${MOST_TAGS} tags and as many entries of metadata`);
    }
  }
  if (trace.assessments.length > MOST_ASSESSMENTS) {
    throw invalidInput(`A trace can have at most ${MOST_ASSESSMENTS} assessments`);
  }
  if (JSON.stringify(trace).length > MOST_INFO) {
    throw invalidInput(`The tags, metadata and assessments of a trace can have at most ${MOST_INFO} characters`);
  }
  if (trace.span_bytes > MOST_SPANS) throw invalidInput(`The spans of a trace can have at most ${MOST_SPANS} bytes`);
}

export function checkSpansAtOnce(traces: readonly StoredTrace[]): void {
  const bytes = traces.reduce((sum, { span_bytes: own }) => sum + own, 0);
  if (bytes <= MOST_SPANS_AT_ONCE) return;
  throw invalidInput(`The spans of these traces have more than ${MOST_SPANS_AT_ONCE} bytes: ask for fewer at once`);
}
