import { invalidInput, type PlatformError } from '@flyball/api';
import { invalidValue } from '#tracking';

type Kind = 'text' | 'integer' | 'number' | 'list' | 'texts' | 'boolean' | 'any';

/** What the reference checks of one parameter, in its words. */
export interface Rule {
  readonly kind: Kind;
  readonly required?: true;
  /** The greatest value. */
  readonly most?: number;
  /** Fields that each item of a list needs. */
  readonly each?: readonly string[];
}

export type Rules = Readonly<Record<string, Rule>>;

export const HINT = ' See the API docs for more information about request parameters.';

const fits: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value) || (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)),
  number: (value) => typeof value === 'number' || (typeof value === 'string' && !Number.isNaN(Number(value))),
  list: Array.isArray,
  texts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  boolean: (value) => typeof value === 'boolean',
  any: () => true,
};

function pythonType(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return Array.isArray(value) ? 'list' : 'dict';
}

const isMissing = (value: unknown): boolean => value === undefined || value === null || value === '';

const missing = (at: string): PlatformError =>
  invalidInput(`Missing value for required parameter '${at}'.${HINT}`, [{ at, message: 'is required' }]);

const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

function unfit(at: string, value: unknown): PlatformError {
  let shown: unknown = null;
  try {
    shown = JSON.parse(JSON.stringify(value ?? null, sorted));
  } catch {
    // Nested too deeply to be shown.
  }
  const { message } = invalidValue(at, shown, ` Hint: Value was of type '${pythonType(value)}'.`);
  const short = message.length > 2_000 ? `${message.slice(0, 2_000)} …` : message;
  return invalidInput(short + HINT, [{ at, message: `was of type ${pythonType(value)}` }]);
}

function checkItems(at: string, items: unknown, fields: readonly string[]): void {
  if (!Array.isArray(items)) return;
  for (const [i, item] of items.entries()) {
    if (typeof item !== 'object' || item === null) throw unfit(at, items);
    for (const field of fields) {
      if (isMissing((item as Record<string, unknown>)[field])) throw missing(`${at}[${i}].${field}`);
    }
  }
}

function checkRule(at: string, rule: Rule, value: unknown, isReadable: boolean): void {
  if (!isReadable && !fits[rule.kind](value)) throw unfit(at, value);
  if (rule.most !== undefined && Number(value) > rule.most) throw unfit(at, value);
  if (rule.each !== undefined) checkItems(at, value, rule.each);
}

/** Checks the parameters as sent. Kinds are looked at only when the whole request could not be read. */
export function checkRules(sent: Readonly<Record<string, unknown>>, rules: Rules, isReadable: boolean): void {
  for (const [at, rule] of Object.entries(rules)) {
    const value = sent[at] ?? (at === 'run_id' ? sent['run_uuid'] : undefined);
    if (rule.required === true && isMissing(value)) throw missing(at);
    if (value !== undefined && value !== null) checkRule(at, rule, value, isReadable);
  }
}
