import { type BadPlace, invalidInput } from '@flyball/api';
import type { NewLabel } from './record-labels.ts';

const MAX_LABELS = 100_000;
const MAX_PLACES = 100;
const MAX_ID = 200;
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A moment in epoch ms, or NaN. */
export function readMoment(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) && Math.abs(value) <= 8.64e15 ? value : Number.NaN;
  return typeof value === 'string' && ISO.test(value) ? Date.parse(value) : Number.NaN;
}

/**
 * The labels of a body of `postLabels`. Checked by hand instead of by the contract's schema, which would take longer
 * than
 * all the rest; the tests compare the two.
 */
export function readLabels(body: unknown): NewLabel[] {
  const list = readList(body);
  const bad: BadPlace[] = [];
  const labels = list.map((item, i) => readLabel(item, i, bad));
  if (bad.length > 0) throw refused(bad);
  return labels;
}

function readList(body: unknown): unknown[] {
  if (!isObject(body)) throw refused([{ at: 'body', message: 'Expected an object' }]);
  const { labels, ...rest } = body;
  const bad = Object.keys(rest).map((key) => ({ at: `body.${key}`, message: 'Unknown field' }));
  if (!Array.isArray(labels)) throw refused([...bad, { at: 'body.labels', message: 'Expected a list' }]);
  if (labels.length === 0) bad.push({ at: 'body.labels', message: 'Expected at least one label' });
  if (labels.length > MAX_LABELS) bad.push({ at: 'body.labels', message: `More than ${MAX_LABELS} labels` });
  if (bad.length > 0) throw refused(bad);
  return labels;
}

function readLabel(item: unknown, i: number, bad: BadPlace[]): NewLabel {
  const note = (field: string, message: string): void => {
    if (bad.length < MAX_PLACES) bad.push({ at: `body.labels[${i}]${field}`, message });
  };
  if (!isObject(item)) {
    note('', 'Expected an object');
    return { id: '', value: 0, at: 0 };
  }
  const { id, value } = item;
  const at = readMoment(item['at']);
  if (typeof id !== 'string' || id.length > MAX_ID) note('.id', `Expected a text of at most ${MAX_ID} characters`);
  if (typeof value !== 'number' || !Number.isFinite(value)) note('.value', 'Expected a number');
  if (Number.isNaN(at)) note('.at', 'Expected epoch milliseconds, or ISO 8601 with a time zone');
  for (const key in item) {
    if (key !== 'id' && key !== 'value' && key !== 'at') note(`.${key}`, 'Unknown field');
  }
  return { id: id as string, value: value as number, at };
}

function refused(bad: readonly BadPlace[]): Error {
  return invalidInput(
    bad
      .map(({ at, message }) => `${at}: ${message}`)
      .join('; ')
      .slice(0, 2000),
    bad,
  );
}
