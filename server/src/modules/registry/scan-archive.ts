import type { ScanVerdict } from '@flyball/api';
import type { z } from 'zod';
import { type ByteSource, partOf } from './byte-source.ts';
import { judgeGlobal } from './pickle-globals.ts';
import { BadZip, openZipEntry, readZipDirectory, type ZipDirectory, type ZipEntry } from './zip-entries.ts';

type Verdict = z.infer<typeof ScanVerdict>;

export interface Judgement {
  readonly verdict: Verdict;
  readonly message: string;
}

export type ScanContent = (name: string, source: ByteSource, depth: number) => Promise<Judgement>;

const MOST_DEPTH = 4;
const severity = ['malicious', 'invalid', 'unknown', 'safe'] as const;

/** The worst of several; the first one of its kind speaks. */
export function worstOf(judgements: readonly Judgement[], fallback: Judgement): Judgement {
  for (const verdict of severity) {
    const found = judgements.find((one) => one.verdict === verdict);
    if (found !== undefined) return found;
  }
  return fallback;
}

/** In PyTorch's archives the numbers of tensors lie beside the pickle that says what they are. */
function isTensorData(name: string, directory: ZipDirectory): boolean {
  const [, root] =
    /^(.*?)(?:data\/\d+|version|byteorder|\.format_version|\.storage_alignment|\.data\/serialization_id)$/.exec(name) ??
    [];
  return root !== undefined && directory.entries.some((entry) => entry.name === `${root}data.pkl`);
}

/** What Skops writes: the names of the types to build, in JSON. */
function skopsTypes(node: unknown, found: Set<string>): Set<string> {
  if (Array.isArray(node)) for (const item of node) skopsTypes(item, found);
  else if (typeof node === 'object' && node !== null) {
    const { __module__: module, __class__: name } = node as Record<string, unknown>;
    if (typeof module === 'string' && typeof name === 'string') found.add(`${module}\n${name}`);
    for (const value of Object.values(node)) skopsTypes(value, found);
  }
  return found;
}

async function scanSkops(source: ByteSource): Promise<Judgement> {
  let schema: unknown;
  try {
    schema = JSON.parse(Buffer.from(await source.read(0, Math.min(source.size, 64 * 1024 * 1024))).toString('utf8'));
  } catch {
    return { verdict: 'invalid', message: 'The schema of a Skops file is no JSON' };
  }
  const verdicts = [...skopsTypes(schema, new Set())].map((type) => {
    const [module = '', name = ''] = type.split('\n');
    return { name: `${module}.${name}`, verdict: judgeGlobal(module, name) };
  });
  const named = (verdict: string) => verdicts.filter((one) => one.verdict === verdict).map(({ name }) => name);
  if (named('malicious').length > 0) {
    return {
      verdict: 'malicious',
      message: `A Skops file that would use ${named('malicious').slice(0, 10).join(', ')}`,
    };
  }
  if (named('unknown').length === 0) return { verdict: 'safe', message: 'A Skops file of known types' };
  return { verdict: 'unknown', message: `A Skops file that uses ${named('unknown').slice(0, 10).join(', ')}` };
}

async function scanEntry(
  source: ByteSource,
  entry: ZipEntry,
  directory: ZipDirectory,
  context: { readonly scan: ScanContent; readonly depth: number; readonly isSkops: boolean },
): Promise<Judgement> {
  const { scan, depth, isSkops } = context;
  if (entry.name.endsWith('/')) return { verdict: 'safe', message: 'A folder' };
  const content = await openZipEntry(source, entry, directory.prefix);
  const said = (judgement: Judgement) => ({ ...judgement, message: `${entry.name}: ${judgement.message}` });
  if (content === null) return said({ verdict: 'unknown', message: 'packed in a way that cannot be looked into' });
  if (isTensorData(entry.name, directory)) return said({ verdict: 'safe', message: 'numbers' });
  if (isSkops && entry.name === 'schema.json') return said(await scanSkops(content));
  return said(await scan(entry.name, content, depth + 1));
}

/** Judges every entry of a zip archive, and what stands before it; null when the bytes are no archive. */
export async function scanZip(source: ByteSource, scan: ScanContent, depth: number): Promise<Judgement | null> {
  try {
    const directory = await readZipDirectory(source);
    if (directory === null) return null;
    if (depth >= MOST_DEPTH) return { verdict: 'unknown', message: 'Archives nested too deeply' };
    const isSkops = directory.entries.some(({ name }) => name === 'schema.json');
    const judgements: Judgement[] = [];
    if (directory.prefix > 0) {
      const before = await scan('what stands before the archive', partOf(source, 0, directory.prefix), depth + 1);
      judgements.push({ ...before, verdict: before.verdict === 'safe' ? 'unknown' : before.verdict });
    }
    for (const entry of directory.entries) {
      judgements.push(await scanEntry(source, entry, directory, { scan, depth, isSkops }));
    }
    return worstOf(judgements, { verdict: 'safe', message: 'An empty archive' });
  } catch (error) {
    if (!(error instanceof BadZip)) throw error;
    return { verdict: 'invalid', message: `An archive that is not what it says: ${error.message}` };
  }
}

const BLOCK = 512;

/** Judges every file of a tar archive. */
export async function scanTar(source: ByteSource, scan: ScanContent, depth: number): Promise<Judgement> {
  if (depth >= MOST_DEPTH) return { verdict: 'unknown', message: 'Archives nested too deeply' };
  const judgements: Judgement[] = [];
  for (let at = 0; at + BLOCK <= source.size && judgements.length < 10_000; ) {
    const header = Buffer.from(await source.read(at, BLOCK));
    if (header.every((byte) => byte === 0)) break;
    const textAt = (start: number, length: number) =>
      header.toString('latin1', start, start + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(textAt(124, 12).trim(), 8);
    if (!Number.isSafeInteger(size) || at + BLOCK + size > source.size) {
      return { verdict: 'invalid', message: 'A tar archive that breaks off' };
    }
    const [name, type] = [textAt(0, 100), textAt(156, 1)];
    if (name.startsWith('/') || name.split('/').includes('..') || type === '1' || type === '2') {
      judgements.push({ verdict: 'invalid', message: `${name}: leaves the folder of the archive` });
    } else if (type === '0' || type === '') {
      const found = await scan(name, partOf(source, at + BLOCK, size), depth + 1);
      judgements.push({ ...found, message: `${name}: ${found.message}` });
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return worstOf(judgements, { verdict: 'safe', message: 'An empty archive' });
}
