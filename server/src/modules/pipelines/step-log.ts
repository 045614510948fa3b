import type { Platform } from '#platform/platform';
import { insertLogLines, type LogLine, type LogOf } from './step-log-store.ts';

const FLUSH_MS = 250;
const MAX_LINES = 100_000;
const MAX_LINE_LENGTH = 4000;
const TAIL_LINES = 20;

/** Gathers the lines of an attempt and writes them in batches while it runs. */
export class StepLog {
  readonly #platform: Platform;
  readonly #of: LogOf;
  readonly #tail: string[] = [];
  #waiting: LogLine[] = [];
  #count = 0;
  #lastProgress = 0;
  #flushing: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  constructor(platform: Platform, of: LogOf) {
    this.#platform = platform;
    this.#of = of;
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS);
  }

  add(stream: 'stdout' | 'stderr', line: string): void {
    if (this.#count >= MAX_LINES) return;
    this.#count++;
    // PostgreSQL texts cannot hold NUL.
    const text = line.replaceAll('\u0000', '�').slice(0, MAX_LINE_LENGTH);
    const last = this.#count === MAX_LINES;
    this.#waiting.push({ number: this.#count, at: new Date(), stream, text: last ? '… the log ends here' : text });
    this.#tail.push(text);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
  }

  /** A line every tenth of the way. */
  progress(share: number, text: string): void {
    const tenth = Math.floor(share * 10);
    if (tenth <= this.#lastProgress) return;
    this.#lastProgress = tenth;
    this.add('stdout', `${Math.round(share * 100)} %: ${text}`);
  }

  /** The last lines, for an error message. */
  tail(): string {
    return this.#tail.join('\n');
  }

  #flush(): void {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    this.#flushing = this.#flushing
      .then(async () => await insertLogLines(this.#platform.database, this.#of, lines))
      .catch((error: unknown) => this.#platform.log.warn({ err: error }, 'log lines of a step were lost'));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    await this.#flushing;
  }
}
