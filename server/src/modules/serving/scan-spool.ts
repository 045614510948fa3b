import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { listSpoolFiles } from './spool-files.ts';
import type { SpoolEntry } from './spool-line.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * Hands out the entries of a log up to a position, oldest first, and lets other work of the process through between.
 * What does not parse is skipped: a disk that lost a piece must not keep the rest from being used.
 */
export async function scanSpool(folder: string, until: number, visit: (entry: SpoolEntry) => void): Promise<void> {
  for (const file of listSpoolFiles(folder)) {
    if (file.start >= until) return;
    await scanFile(file.path, Math.min(file.sizeBytes, until - file.start), visit);
  }
}

async function scanFile(path: string, sizeBytes: number, visit: (entry: SpoolEntry) => void): Promise<void> {
  const fd = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for (let at = 0; at < sizeBytes; ) {
      const length = readSync(fd, buffer, 0, Math.min(CHUNK_BYTES, sizeBytes - at), at);
      if (length === 0) return;
      at += length;
      const bytes = Buffer.concat([rest, buffer.subarray(0, length)]);
      const end = bytes.lastIndexOf(10) + 1;
      visitLines(bytes.toString('utf8', 0, end), visit);
      rest = Buffer.from(bytes.subarray(end));
      await nextTurn();
    }
  } finally {
    closeSync(fd);
  }
}

function visitLines(text: string, visit: (entry: SpoolEntry) => void): void {
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const entry = parseEntry(line);
    if (entry !== undefined) visit(entry);
  }
}

function parseEntry(line: string): SpoolEntry | undefined {
  try {
    return JSON.parse(line) as SpoolEntry;
  } catch {
    return undefined;
  }
}
