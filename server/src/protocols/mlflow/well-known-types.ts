import type { ExactValue } from '#platform/exact-json';
import { Misfit, text, type WireType } from './message.ts';

/** A map from texts to texts. */
export const stringMap: WireType<Record<string, string>> = {
  read: (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misfit('not a map');
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [text.read(key), text.read(item)]));
  },
};

/** The years 1 to 9999: what timestamps can say, in milliseconds since 1970. */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 253_402_300_799_999;

export const isTimestamp = (ms: number): boolean => ms >= FIRST_MS && ms <= LAST_MS;

const rfc3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** A moment, read to the millisecond. */
export const timestamp: WireType<number> = {
  read: (value) => {
    const [, seconds, fraction = '', zone] = rfc3339.exec(String(value)) ?? [];
    const ms =
      seconds === undefined ? Number.NaN : Date.parse(`${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`);
    if (typeof value !== 'string' || Number.isNaN(ms) || !isTimestamp(ms)) throw new Misfit('not a timestamp');
    return ms;
  },
};

const MOST_SECONDS = 315_576_000_000;

/** A length of time, read to the millisecond. */
export const duration: WireType<number> = {
  read: (value) => {
    const [, sign, seconds, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(String(value)) ?? [];
    if (typeof value !== 'string' || seconds === undefined || Number(seconds) > MOST_SECONDS) {
      throw new Misfit('not a duration');
    }
    const ms = Number(seconds) * 1_000 + Number(fraction.padEnd(3, '0').slice(0, 3));
    return sign === '-' && ms !== 0 ? -ms : ms;
  },
};

export const wireTimestamp = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

export function wireDuration(ms: number): string {
  const size = Math.abs(ms);
  const fraction = size % 1_000 === 0 ? '' : `.${String(size % 1_000).padStart(3, '0')}`;
  return `${ms < 0 ? '-' : ''}${Math.floor(size / 1_000)}${fraction}s`;
}

const DEEPEST = 60;

function plainValue(value: unknown, depth: number): ExactValue {
  if (depth > DEEPEST) throw new Misfit('nested too deeply');
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'string') return text.read(value);
  if (Array.isArray(value)) return value.map((item) => plainValue(item, depth + 1));
  if (typeof value !== 'object') throw new Misfit('not a value');
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [text.read(key), plainValue(item, depth + 1)]));
}

/** Any JSON; its numbers are doubles. Wrapped, since null is a value too. */
export const anyValue: WireType<ExactValue> = { read: (value) => plainValue(value, 0) };

/** Names of fields, as JSON writes a mask: in camel case, with commas. */
export const fieldMask: WireType<string[]> = {
  read: (value) => {
    if (typeof value !== 'string') throw new Misfit('not a list of fields');
    return value.split(',').map((path) => path.trim().replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  },
};
