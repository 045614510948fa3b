import { closeSync, openSync, readSync } from 'node:fs';
import { listSpoolFiles } from './spool-files.ts';
import type { SpoolKind } from './spool-line.ts';

/** New whole lines of a spool, apart by kind. */
export interface SpoolPart {
  readonly lines: Readonly<Record<SpoolKind, Buffer>>;
  readonly counts: Readonly<Record<SpoolKind, number>>;
  readonly unknownLabels: number;
  /** Number of the last line. */
  readonly sequence: number;
  readonly position: number;
}

const NEWLINE = 10;
const MAX_BYTES = 64 * 1024 * 1024;
/** A line begins with `{"t":"x"`: its kind is the seventh byte. */
const KIND_AT = 6;

function readBytes(folder: string, position: number): Buffer {
  const pieces: Buffer[] = [];
  let at = position;
  for (const { path, start, sizeBytes } of listSpoolFiles(folder)) {
    if (start + sizeBytes <= at || at < start || at - position >= MAX_BYTES) continue;
    const piece = Buffer.allocUnsafe(Math.min(start + sizeBytes - at, MAX_BYTES));
    const fd = openSync(path, 'r');
    const length = readSync(fd, piece, 0, piece.length, at - start);
    closeSync(fd);
    pieces.push(piece.subarray(0, length));
    at += length;
  }
  return Buffer.concat(pieces);
}

/** What was written to a spool since a position; null when there is nothing. */
export function readSpool(folder: string, position: number): SpoolPart | null {
  const bytes = readBytes(folder, position);
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  if (end === 0) return null;
  const apart: Record<SpoolKind, Buffer[]> = { p: [], s: [], l: [], u: [] };
  let last = 0;
  for (let from = 0; from < end; ) {
    const next = bytes.indexOf(NEWLINE, from) + 1;
    const kind = String.fromCharCode(bytes[from + KIND_AT]!) as SpoolKind;
    apart[kind]?.push(bytes.subarray(from, next));
    last = from;
    from = next;
  }
  const { q } = JSON.parse(bytes.toString('utf8', last, end)) as { q: number };
  const unknownLabels = apart.u.reduce((sum, line) => sum + (JSON.parse(line.toString()) as { n: number }).n, 0);
  const join = (lines: Buffer[]): Buffer => Buffer.concat(lines);
  return {
    lines: { p: join(apart.p), s: join(apart.s), l: join(apart.l), u: join(apart.u) },
    counts: { p: apart.p.length, s: apart.s.length, l: apart.l.length, u: apart.u.length },
    unknownLabels,
    sequence: q,
    position: position + end,
  };
}
