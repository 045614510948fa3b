import { promisify } from 'node:util';
import { unzip } from 'node:zlib';
import type { ModelVersion } from '@flyball/api';
import { type ByteSource, bytesSource, partOf, withFileSource } from './byte-source.ts';
import { type Judgement, scanTar, scanZip, worstOf } from './scan-archive.ts';
import { scanOnnx } from './scan-onnx.ts';
import { scanPickle } from './scan-pickle.ts';
import { findSafetensorsProblem } from './scan-safetensors.ts';

type Scan = ModelVersion['scan'];

export interface ScannedFile {
  readonly path: string;
  /** A read-only local path of its bytes. */
  localPath(): Promise<string>;
}

const MOST_UNPACKED = 256 * 1024 * 1024;
const MOST_TEXT = 64 * 1024 * 1024;
const unpack = promisify(unzip);

const texts = /(^|\/)(MLmodel|[^/]+\.(jsonl?|ya?ml|txt|md|csv|tsv|toml|html|cfg|ini|lock))$/i;
const pictures: readonly string[] = ['89504e47', 'ffd8ff', '47494638', '52494646'];
const pickles = /\.(pkl|pickle|p|joblib|dill|sav)$/i;

const unknown = (message: string): Judgement => ({ verdict: 'unknown', message });

async function scanText(source: ByteSource): Promise<Judgement> {
  if (source.size > MOST_TEXT) return unknown('A text too large to be judged');
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(await source.read(0, source.size));
    return { verdict: 'safe', message: 'Plain text' };
  } catch {
    return { verdict: 'invalid', message: 'Says it is text and is not' };
  }
}

async function scanSafetensors(source: ByteSource): Promise<Judgement> {
  const problem = await findSafetensorsProblem(source);
  if (problem === null) return { verdict: 'safe', message: 'Tensors only, without a gap' };
  return { verdict: 'invalid', message: `A safetensors file, but ${problem}` };
}

/** NumPy's arrays are numbers, unless they hold objects: those are pickled. */
async function scanNumpy(source: ByteSource): Promise<Judgement> {
  const head = Buffer.from(await source.read(0, 12));
  const isNew = (head[6] ?? 0) > 1;
  const length = isNew ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const start = (isNew ? 12 : 10) + length;
  const header = Buffer.from(await source.read(0, Math.min(start, 1_000_000))).toString('latin1');
  if (start > source.size) return { verdict: 'invalid', message: 'An array that breaks off' };
  if (!/'descr':\s*('\|?O|.*'\|?O\d*')/s.test(header)) return { verdict: 'safe', message: 'An array of numbers' };
  return await scanPickled(partOf(source, start, source.size - start));
}

async function scanPickled(source: ByteSource): Promise<Judgement> {
  const { verdict, message } = await scanPickle(source);
  return verdict === 'not_pickle'
    ? { verdict: 'invalid', message: 'Says it is a pickle and is not' }
    : { verdict, message };
}

async function scanPacked(name: string, source: ByteSource, depth: number): Promise<Judgement> {
  if (source.size > MOST_UNPACKED || depth > 3) return unknown('Packed data too large to be judged');
  try {
    const bytes = await unpack(await source.read(0, source.size), { maxOutputLength: MOST_UNPACKED });
    return await scanContent(name.replace(/\.(gz|z|tgz)$/i, ''), bytesSource(bytes), depth + 1);
  } catch {
    return unknown('Packed data that cannot be unpacked here');
  }
}

/** Formats that tell themselves by their first bytes; null for all others. */
async function scanKnownFormat(
  name: string,
  source: ByteSource,
  head: Buffer,
  depth: number,
): Promise<Judgement | null> {
  const magic = head.toString('hex', 0, 8);
  const archive = await scanZip(source, scanContent, depth);
  if (archive !== null) return archive;
  if (head.toString('latin1', 257, 262) === 'ustar') return await scanTar(source, scanContent, depth);
  if (magic.startsWith('1f8b') || /^78(01|5e|9c|da)/.test(magic)) return await scanPacked(name, source, depth);
  if (magic.startsWith('934e554d5059')) return await scanNumpy(source);
  return pictures.some((start) => magic.startsWith(start)) ? { verdict: 'safe', message: 'A picture' } : null;
}

/** What could be anything could be a pickle, whatever it is called. */
async function scanUnknownFormat(name: string, source: ByteSource, head: Buffer): Promise<Judgement> {
  const { verdict, message } = await scanPickle(source);
  if (verdict === 'malicious') return { verdict, message };
  if (texts.test(name)) return await scanText(source);
  const isPickle = verdict !== 'not_pickle' && (verdict !== 'invalid' || head[0] === 0x80);
  if (isPickle) return { verdict, message };
  if (name.endsWith('.py')) return unknown('Code that would run when the model is loaded');
  return unknown('Not a kind of file that can be judged without running it');
}

/** By what the bytes are; the name only decides between texts, and what cannot be told by looking. */
export async function scanContent(name: string, source: ByteSource, depth = 0): Promise<Judgement> {
  if (source.size === 0) return { verdict: 'safe', message: 'Empty' };
  if (name.endsWith('.safetensors')) return await scanSafetensors(source);
  if (name.endsWith('.onnx')) return await scanOnnx(source);
  const head = Buffer.from(await source.read(0, 512));
  const known = await scanKnownFormat(name, source, head, depth);
  if (known !== null) return known;
  return pickles.test(name) ? await scanPickled(source) : await scanUnknownFormat(name, source, head);
}

/** Judges the files of a version without executing or unpickling any: what is not known to be harmless is not safe. */
export async function scanModelFiles(files: readonly ScannedFile[]): Promise<Scan> {
  const findings: Scan['findings'] = [];
  for (const { path, localPath } of files) {
    const judgement = await withFileSource(await localPath(), async (source) => await scanContent(path, source));
    findings.push({ path, ...judgement });
  }
  const { verdict } = worstOf(findings, { verdict: 'safe', message: '' });
  return { verdict, findings };
}
