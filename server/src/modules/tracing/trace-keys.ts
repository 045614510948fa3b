import { invalidInput } from '@flyball/api';
import { checkKey, checkLength } from '#tracking';
import { attributeValue } from './span-content.ts';
import { canonicalCost, canonicalUsage, objectAttribute } from './span-sums.ts';

/** Keys of tags and metadata with a meaning of their own. */
export const traceKey = {
  name: 'mlflow.traceName',
  artifacts: 'mlflow.artifactLocation',
  spansLocation: 'mlflow.trace.spansLocation',
  archive: 'mlflow.trace.archiveLocation',
  archivalFailure: 'mlflow.trace.archivalFailure',
  linkedPrompts: 'mlflow.linkedPrompts',
  finalized: 'mlflow.trace.infoFinalized',
  session: 'mlflow.trace.session',
  usage: 'mlflow.trace.tokenUsage',
  cost: 'mlflow.trace.cost',
  user: 'mlflow.trace.user',
  run: 'mlflow.sourceRun',
  sizeStats: 'mlflow.trace.sizeStats',
} as const;

/** Where the spans of a trace are when they are here; those of old clients are among the artifacts. */
export const SPANS_HERE = 'TRACKING_STORE';

const MOST_PAIRS = 1_000;
const LONGEST_KEY = 250;
const LONGEST_METADATA = 250;
const LONGEST_TAG = 4_096;

/** Ids become a part of paths, so they are plain. */
export function checkTraceId(traceId: string): void {
  if (/^[\w][\w.:-]{0,49}$/.test(traceId) && !traceId.includes('..')) return;
  throw invalidInput(
    `Invalid trace ID '${traceId.slice(0, 100)}': at most 50 letters, digits, dots, colons, dashes and underscores`,
  );
}

const cut = (text: string, limit: number): string =>
  text.length > limit ? [...text.slice(0, 2 * limit)].slice(0, limit).join('') : text;

function cutPairs(pairs: Readonly<Record<string, string>>, most: number): Record<string, string> {
  const entries = Object.entries(pairs);
  if (entries.length > MOST_PAIRS) throw invalidInput(`A trace can have at most ${MOST_PAIRS} tags and metadata`);
  return Object.fromEntries(entries.map(([key, value]) => [cut(key, LONGEST_KEY), cut(value, most)]));
}

const checkTraceName = (name: string): void => checkLength('Trace name', name, LONGEST_TAG);
const checkSession = (session: string): void => checkLength('Session ID', session, LONGEST_METADATA);

export function keptTags(tags: Readonly<Record<string, string>>): Record<string, string> {
  checkTraceName(tags[traceKey.name] ?? '');
  return cutPairs(tags, LONGEST_TAG);
}

/** Sums are kept in one form, whatever their maker wrote; a sum that says nothing is left out. */
export function keptMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  checkSession(metadata[traceKey.session] ?? '');
  const { [traceKey.usage]: usage, [traceKey.cost]: cost, ...others } = metadata;
  const sums = {
    [traceKey.usage]: usage === undefined ? null : canonicalUsage(objectAttribute(attributeValue(usage))),
    [traceKey.cost]: cost === undefined ? null : canonicalCost(objectAttribute(attributeValue(cost))),
  };
  const known = Object.entries(sums).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
  return { ...cutPairs(others, LONGEST_METADATA), ...Object.fromEntries(known) };
}

/** A tag that somebody sets; returns its value as it is kept. */
export function checkTraceTag(key: string, value: string): string {
  checkKey(key, 'key');
  checkLength('key', key, LONGEST_KEY);
  if (key === traceKey.name) checkTraceName(value);
  return cut(value, LONGEST_TAG);
}

const immutable: readonly string[] = [traceKey.spansLocation, traceKey.archive, traceKey.archivalFailure];

export function checkMutableTag(key: string, operation: 'set' | 'deleted'): void {
  if (!immutable.includes(key) || (operation === 'deleted' && key === traceKey.archivalFailure)) return;
  throw invalidInput(`Tag '${key}' is immutable and cannot be ${operation} on a trace.`);
}
