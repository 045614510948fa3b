import { type FileHandle, open } from 'node:fs/promises';

/** Bytes that can be read in any place without being in memory as a whole. */
export interface ByteSource {
  readonly size: number;
  /** Fewer bytes than asked for only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
});

export const partOf = (source: ByteSource, start: number, size: number): ByteSource => ({
  size,
  read: async (offset, length) => await source.read(start + offset, Math.max(0, Math.min(length, size - offset))),
});

async function readFully(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** Reads a file through one handle, which is closed afterwards. */
export async function withFileSource<T>(path: string, work: (source: ByteSource) => Promise<T>): Promise<T> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    return await work({ size, read: async (offset, length) => await readFully(handle, offset, Math.max(0, length)) });
  } finally {
    await handle.close();
  }
}

const WINDOW = 256 * 1024;

/** The end came before what was promised. */
export class Truncated extends Error {}

/** Reads a source from front to back through a small window; what is skipped is never read. */
export class ByteCursor {
  readonly source: ByteSource;
  #window: Uint8Array = new Uint8Array();
  #start = 0;
  #at: number;

  constructor(source: ByteSource, at = 0) {
    this.source = source;
    this.#at = at;
  }

  get position(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.source.size;
  }

  skip(length: number): void {
    if (length < 0 || this.#at + length > this.source.size) throw new Truncated();
    this.#at += length;
  }

  /** The next bytes; a view that the next call may overwrite. */
  async take(length: number): Promise<Uint8Array> {
    if (this.#at + length > this.source.size) throw new Truncated();
    const offset = this.#at - this.#start;
    if (offset < 0 || offset + length > this.#window.length) {
      this.#window = await this.source.read(this.#at, Math.max(length, WINDOW));
      this.#start = this.#at;
      if (this.#window.length < length) throw new Truncated();
    }
    const from = this.#at - this.#start;
    this.#at += length;
    return this.#window.subarray(from, from + length);
  }

  async byte(): Promise<number> {
    const from = this.#at - this.#start;
    if (from >= 0 && from < this.#window.length) {
      this.#at++;
      return this.#window[from]!;
    }
    return (await this.take(1))[0]!;
  }

  /** A little-endian number of 1, 2, 4 or 8 bytes. */
  async number(bytes: 1 | 2 | 4 | 8): Promise<number> {
    const taken = await this.take(bytes);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + taken[i]!;
    return value;
  }

  /** Up to the next line feed, which is passed over. */
  async line(most: number): Promise<string> {
    const bytes: number[] = [];
    for (;;) {
      const next = await this.byte();
      if (next === 0x0a) return Buffer.from(bytes).toString('utf8');
      if (bytes.length === most) throw new Truncated();
      bytes.push(next);
    }
  }
}
