/** JSON whose integers keep all their digits: an integer is a bigint, what has a fraction or an exponent a number. */
export type ExactValue =
  | null
  | boolean
  | string
  | number
  | bigint
  | readonly ExactValue[]
  | { readonly [key: string]: ExactValue };

export type ExactObject = { readonly [key: string]: ExactValue };

export const isExactObject = (value: ExactValue | undefined): value is ExactObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deeper than anything that means something, and shallow enough for every reader. */
const DEEPEST = 60;

/** Whether nothing in it is nested too deeply to be walked and written. */
export function isShallow(value: ExactValue, depth = 0): boolean {
  if (depth > DEEPEST) return false;
  if (Array.isArray(value)) return value.every((item: ExactValue) => isShallow(item, depth + 1));
  return !isExactObject(value) || Object.values(value).every((item) => isShallow(item, depth + 1));
}

const integer = /^-?\d+$/;

function exactly(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && integer.test(source) ? BigInt(source) : value;
}

/** Throws a SyntaxError, or a RangeError when the text is nested too deeply. */
export function parseExact(text: string): ExactValue {
  return JSON.parse(text, exactly) as ExactValue;
}

/** A double as Python writes it, so that it stays one wherever it is read. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  if (Number.isInteger(value)) return Object.is(value, -0) ? '-0.0' : `${value}.0`;
  return String(value);
}

/** Written as Python's `json.dumps` does: with a blank after commas and colons, and a bare NaN. */
export function pythonJson(value: ExactValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return doubleText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  const fields = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pythonJson(item)}`);
  return `{${fields.join(', ')}}`;
}

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** A number that `JSON.stringify` writes digit by digit; what JSON has no number for becomes a text. */
export function exactNumber(value: bigint | number): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return rawJSON(typeof value === 'bigint' ? value.toString() : doubleText(value));
}
