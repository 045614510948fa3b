import { invalidInput, type PlatformError } from '@flyball/api';

const MOST_KEY = 250;
const MOST_PARAM_VALUE = 6_000;
const MOST_TAG_VALUE = 8_000;
const MOST_EXPERIMENT_TAG_VALUE = 20_000;

const characters = /^[/\p{L}\p{N}_.\- :]*$/u;
/** A segment that is empty, `.` or `..`, or a key that begins with two dots: what a path would change. */
const changesAsPath = /(?:^|\/)\.{0,2}(?:\/|$)|^\.\./;

/** Values as Python writes them into the texts that MLflow's callers know. */
export function asciiJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function invalidValue(at: string, value: unknown, problem?: string): PlatformError {
  const end = problem === undefined ? '.' : `: ${problem}`;
  return invalidInput(`Invalid value ${asciiJson(value)} for parameter '${at}' supplied${end}`);
}

function normalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..' && segments.length > 0 && segments.at(-1) !== '..') segments.pop();
    else if (segment !== '..' || !path.startsWith('/')) segments.push(segment);
  }
  return (path.startsWith('/') ? '/' : '') + segments.join('/') || '.';
}

/** Code points, as Python counts; only long texts are counted for real. */
function isLonger(text: string, limit: number): boolean {
  return text.length > limit && (text.length > 2 * limit || [...text].length > limit);
}

export function checkLength(what: string, text: string, limit: number): void {
  if (isLonger(text, limit)) throw invalidInput(`'${what}' exceeds the maximum length of ${limit} characters`);
}

function truncated(text: string, limit: number): string {
  return isLonger(text, limit) ? [...text.slice(0, 2 * limit)].slice(0, limit).join('') : text;
}

/** Keys become file names in exports, so they must be their own normal path. */
export function checkKey(key: string, at: string): void {
  if (!characters.test(key)) {
    const allowed = 'alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)';
    throw invalidValue(at, key, `Names may only contain ${allowed}.`);
  }
  if (changesAsPath.test(key)) {
    const problem = 'Names may be treated as files in certain cases, and must not resolve to other names when treated';
    throw invalidValue(at, key, `${problem} as such. This name would resolve to '${normalPath(key)}'`);
  }
}

/** Keys that were right: scripts log the same ones again and again. */
const goodMetricKeys = new Set<string>();
const MOST_REMEMBERED = 10_000;

/** `at` says where the key stands, and is asked only when it is wrong. */
export function checkMetricKey(key: string, at: () => string): void {
  if (goodMetricKeys.has(key)) return;
  checkKey(key, at());
  checkLength('Metric name', key, MOST_KEY);
  if (goodMetricKeys.size >= MOST_REMEMBERED) goodMetricKeys.clear();
  goodMetricKeys.add(key);
}

/** Returns the value as it is kept: long ones are cut off, as MLflow does by default. */
export function checkParam(key: string, value: string, at: string): string {
  checkKey(key, at);
  checkLength('Param key', key, MOST_KEY);
  return truncated(value, MOST_PARAM_VALUE);
}

/** Returns the value as it is kept: long ones are cut off. */
export function checkTag(key: string, value: string, at: string, lengthAt = at): string {
  checkKey(key, at);
  checkLength(lengthAt, key, MOST_KEY);
  return truncated(value, MOST_TAG_VALUE);
}

export function checkExperimentTag(key: string, value: string): void {
  checkKey(key, 'key');
  checkLength('key', key, MOST_KEY);
  checkLength('value', value, MOST_EXPERIMENT_TAG_VALUE);
}
