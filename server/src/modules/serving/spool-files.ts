import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * A log cut into files. Each is named by its position: how many bytes the log had when the file began, as 16
 * hexadecimal
 * digits. A position therefore means the same byte for ever, also after old files are gone.
 */
export interface SpoolFile {
  readonly path: string;
  readonly start: number;
  readonly sizeBytes: number;
}

const NAME = /^[0-9a-f]{16}\.ndjson$/;
const TAIL_BYTES = 64 * 1024;
const NEWLINE = 10;

export function spoolFolder(dataDir: string, endpointId: string): string {
  return path.join(dataDir, 'spool', endpointId);
}

export function spoolPath(folder: string, start: number): string {
  return path.join(folder, `${start.toString(16).padStart(16, '0')}.ndjson`);
}

/** The files of a log in order; none when there is no such folder. */
export function listSpoolFiles(folder: string): SpoolFile[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => {
      const file = path.join(folder, name);
      return { path: file, start: Number.parseInt(name, 16), sizeBytes: statSync(file).size };
    });
}

/** Where the last whole line between two offsets of an open file ends; `from` when there is none. */
function lastLineEnd(fd: number, from: number, to: number): number {
  const buffer = Buffer.allocUnsafe(TAIL_BYTES);
  for (let end = to; end > from; ) {
    const start = Math.max(from, end - TAIL_BYTES);
    const length = readSync(fd, buffer, 0, end - start, start);
    const at = buffer.subarray(0, length).lastIndexOf(NEWLINE);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return from;
}

/** The text of the last whole line, without its end; empty for a file without one. */
function lastLine(fd: number, end: number): string {
  if (end === 0) return '';
  const start = lastLineEnd(fd, 0, end - 1);
  const buffer = Buffer.allocUnsafe(end - 1 - start);
  readSync(fd, buffer, 0, buffer.length, start);
  return buffer.toString('utf8');
}

function sequenceOf(line: string): number | undefined {
  try {
    return (JSON.parse(line) as { q: number }).q;
  } catch {
    return undefined;
  }
}

/** Cuts off what a crash left behind the last whole line, and says where the file ends and its last number. */
function recoverFile(file: string): { sizeBytes: number; sequence: number | undefined } {
  const fd = openSync(file, 'r+');
  try {
    const { size } = fstatSync(fd);
    let end = lastLineEnd(fd, 0, size);
    let sequence = sequenceOf(lastLine(fd, end));
    while (end > 0 && sequence === undefined) {
      end = lastLineEnd(fd, 0, end - 1);
      sequence = sequenceOf(lastLine(fd, end));
    }
    if (end < size) ftruncateSync(fd, end);
    return { sizeBytes: end, sequence };
  } finally {
    closeSync(fd);
  }
}

export interface SpoolEnd {
  /** Where the next line goes. */
  readonly position: number;
  /** Where the file that it goes to begins. */
  readonly start: number;
  /** Number of the last line. */
  readonly sequence: number;
}

/**
 * Finds the end of a log after any kind of stop. `known` is what was read of it before: the log never falls behind
 * that.
 */
export function recoverSpool(folder: string, known: { position: number; sequence: number }): SpoolEnd {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let sequence = known.sequence;
  let end: SpoolEnd | undefined;
  for (const file of listSpoolFiles(folder).reverse()) {
    const recovered = recoverFile(file.path);
    end ??= { position: file.start + recovered.sizeBytes, start: file.start, sequence };
    if (recovered.sequence === undefined) continue;
    sequence = Math.max(sequence, recovered.sequence);
    break;
  }
  if (end === undefined || end.position < known.position) {
    return { position: known.position, start: known.position, sequence };
  }
  return { ...end, sequence };
}
