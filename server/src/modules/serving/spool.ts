import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { recoverSpool, spoolPath } from './spool-files.ts';
import type { SpoolKind } from './spool-line.ts';

export interface SpoolOptions {
  readonly folder: string;
  /** When lines reach the disk: at intervals, or always before they count as written. */
  readonly sync: 'interval' | 'always';
  /** What was read of the log before. */
  readonly known: { readonly position: number; readonly sequence: number };
  readonly maxFileBytes?: number;
  /** Unread bytes beyond which nothing more is taken. */
  readonly maxUnreadBytes?: number;
}

type Written = (error: Error | null) => void;

const SYNC_EVERY_MS = 1_000;

/**
 * The log of one endpoint: lines of JSON, written in batches. A line that was written survives the death of this
 * process; one that reached the disk survives the death of the machine.
 */
export class Spool {
  readonly #options: Required<SpoolOptions>;
  #fd: number;
  #start: number;
  #position: number;
  #sequence: number;
  #readPosition: number;
  #lines = '';
  #waiting: Written[] = [];
  #syncing: Written[] | undefined;
  #isDirty = false;
  readonly #timer: NodeJS.Timeout;

  constructor(options: SpoolOptions) {
    this.#options = { maxFileBytes: 16 * 1024 * 1024, maxUnreadBytes: 4 * 1024 ** 3, ...options };
    const end = recoverSpool(options.folder, options.known);
    this.#position = end.position;
    this.#start = end.start;
    this.#sequence = end.sequence;
    this.#readPosition = options.known.position;
    this.#fd = openSync(this.path, 'a', 0o600);
    this.#timer = setInterval(() => this.#syncSometimes(), SYNC_EVERY_MS).unref();
  }

  /** The file that is written to. */
  get path(): string {
    return spoolPath(this.#options.folder, this.#start);
  }

  /** Bytes that were written so far, since the log began. */
  get position(): number {
    return this.#position;
  }

  /** Tells how far the log has been read. */
  set readPosition(position: number) {
    this.#readPosition = position;
  }

  /** Takes a line for the next `flush`; `fields` is what follows its kind and number. Returns its number. */
  append(kind: SpoolKind, fields: string): number {
    const sequence = ++this.#sequence;
    this.#lines += `{"t":"${kind}","q":${sequence},${fields}}\n`;
    return sequence;
  }

  /** Writes what was appended. `written` is called at once, or after the disk has it, as the options say. */
  flush(written: Written): void {
    if (this.#lines !== '') {
      try {
        this.#write();
      } catch (error) {
        written(error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
    if (this.#options.sync === 'interval' || !this.#isDirty) {
      written(null);
      return;
    }
    this.#waiting.push(written);
    this.#syncNow();
  }

  close(): void {
    clearInterval(this.#timer);
    this.flush(() => undefined);
    fdatasyncSync(this.#fd);
    closeSync(this.#fd);
  }

  #write(): void {
    const lines = Buffer.from(this.#lines, 'utf8');
    this.#lines = '';
    if (this.#position - this.#readPosition + lines.length > this.#options.maxUnreadBytes) {
      throw new Error('The spool is full: nobody has read it for too long');
    }
    if (this.#position - this.#start >= this.#options.maxFileBytes) this.#rotate();
    let at = 0;
    try {
      while (at < lines.length) at += writeSync(this.#fd, lines, at);
    } catch (error) {
      // Half a line must not stay: what comes next would continue it.
      ftruncateSync(this.#fd, this.#position - this.#start);
      throw error;
    }
    this.#position += lines.length;
    this.#isDirty = true;
  }

  #rotate(): void {
    const next = openSync(spoolPath(this.#options.folder, this.#position), 'a', 0o600);
    const full = this.#fd;
    this.#fd = next;
    this.#start = this.#position;
    if (this.#options.sync === 'always') {
      fdatasyncSync(full);
      closeSync(full);
    } else fdatasync(full, () => closeSync(full));
  }

  #syncSometimes(): void {
    if (this.#isDirty && this.#options.sync === 'interval') this.#syncNow();
  }

  #syncNow(): void {
    if (this.#syncing !== undefined) return;
    const served = this.#waiting;
    this.#waiting = [];
    this.#syncing = served;
    this.#isDirty = false;
    fdatasync(this.#fd, (error) => {
      this.#syncing = undefined;
      for (const written of served) written(error);
      if (this.#waiting.length > 0) this.#syncNow();
    });
  }
}
