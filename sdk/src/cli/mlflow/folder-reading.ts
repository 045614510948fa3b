import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';

export type Meta = Readonly<Record<string, unknown>>;

export const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));
export const textOrNull = (value: unknown): string | null => text(value) || null;
export const number = (value: unknown): number => {
  const found = Number(value ?? 0);
  return Number.isFinite(found) ? Math.trunc(found) : 0;
};

export const isMeta = (value: unknown): value is Meta =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What `meta.yaml` in a folder says; `null` when there is none, or nothing whole. */
export async function readMeta(folder: string): Promise<Meta | null> {
  const written = await readFile(path.join(folder, 'meta.yaml'), 'utf8').catch(() => null);
  if (written === null) return null;
  try {
    // PyYAML, which writes them, follows the older rules.
    const found: unknown = parse(written, { version: '1.1', logLevel: 'silent', maxAliasCount: 0 });
    return isMeta(found) ? found : null;
  } catch {
    return null;
  }
}

/** The names of the folders in a folder; links are not followed. */
export async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** The files below a folder by their paths, which are keys of params, tags and metrics. */
export async function keysBelow(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(path.join(folder, below), { withFileTypes: true }).catch(() => []);
  const keys: string[] = [];
  for (const entry of entries) {
    const key = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) keys.push(...(await keysBelow(folder, key)));
    else if (entry.isFile()) keys.push(key);
  }
  return keys.sort();
}

/** A folder of files, each a key with its value. */
export async function readPairs(folder: string): Promise<Record<string, string>> {
  const pairs: Record<string, string> = {};
  for (const key of await keysBelow(folder)) pairs[key] = await readFile(path.join(folder, key), 'utf8');
  return pairs;
}

/** A number as Python prints it. */
export function pythonNumber(written: string): number {
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(written);
  if (word === null) return Number(written);
  if (word[2]!.toLowerCase() === 'nan') return Number.NaN;
  return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
