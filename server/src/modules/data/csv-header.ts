import { invalidInput } from '@flyball/api';

export interface CsvHeader {
  readonly delimiter: string;
  readonly names: readonly string[];
}

const DELIMITERS = [',', ';', '\t', '|'];

/**
 * The first record of a CSV file (RFC 4180), which names the columns. Sniffers guess where the header is and skip lines
 * that do not fit, so that a ragged line silently loses what stands above it; here the first line is the header.
 */
export function readCsvHeader(start: string): CsvHeader {
  const text = start.replace(/^\uFEFF/, '');
  if (text.trim() === '') throw invalidInput('is empty: the first line must name the columns');
  const delimiter = commonestDelimiter(text);
  const names = firstRecord(text, delimiter).map((name, i) => (name.trim() === '' ? `column_${i + 1}` : name));
  const seen = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (seen.has(lower)) throw invalidInput(`line 1: two columns are called "${name}"`);
    seen.add(lower);
  }
  return { delimiter, names };
}

function commonestDelimiter(text: string): string {
  const counts = new Map(DELIMITERS.map((delimiter) => [delimiter, 0]));
  let isQuoted = false;
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === '\n' || character === '\r')) break;
    else if (!isQuoted && counts.has(character)) counts.set(character, counts.get(character)! + 1);
  }
  return DELIMITERS.reduce((best, next) => (counts.get(next)! > counts.get(best)! ? next : best));
}

function firstRecord(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const isQuoted = text[at] === '"';
    const end = isQuoted ? endOfQuoted(text, at + 1) : endOfPlain(text, at, delimiter);
    fields.push(isQuoted ? text.slice(at + 1, end).replaceAll('""', '"') : text.slice(at, end));
    at = isQuoted ? end + 1 : end;
    if (text[at] !== delimiter) return fields;
    at += 1;
  }
}

function endOfQuoted(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  throw invalidInput('line 1: a quoted name does not end');
}

function endOfPlain(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}
