import { PlatformError } from '@flyball/api';

/** Commits entries together; says of each what is wrong with it, or null. */
export type CommitEntries<T> = (entries: readonly T[]) => Promise<readonly (Error | null)[]>;

export interface BatchQueueOptions<T> {
  readonly commit: CommitEntries<T>;
  /** Entries with the same key are committed one after the other, in the order of their arrival. */
  readonly keyOf: (entry: T) => string;
  /** How much an entry weighs, compared with `most`. */
  readonly weightOf: (entry: T) => number;
  /** Groups that are committed at the same time. */
  readonly lanes: number;
  /** The greatest weight of a group of several entries. */
  readonly most: number;
}

interface Waiting<T> {
  readonly entry: T;
  readonly settle: (error: Error | null) => void;
}

function laneOf(key: string, lanes: number): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
  return Math.abs(hash) % lanes;
}

/**
 * Group commit: what arrives while a commit is on its way goes together into the next one. Nobody waits for company, so
 * a single caller is as fast as without, and many callers share the price of one flush to the disk.
 */
export class BatchQueue<T> {
  readonly #options: BatchQueueOptions<T>;
  readonly #lanes: Waiting<T>[][];
  readonly #busy: boolean[];

  constructor(options: BatchQueueOptions<T>) {
    this.#options = options;
    this.#lanes = Array.from({ length: options.lanes }, () => []);
    this.#busy = this.#lanes.map(() => false);
  }

  /** Resolves when the entry is durable. */
  submit(entry: T): Promise<void> {
    const lane = laneOf(this.#options.keyOf(entry), this.#lanes.length);
    return new Promise((resolve, reject) => {
      this.#lanes[lane]!.push({ entry, settle: (error) => (error === null ? resolve() : reject(error)) });
      if (this.#busy[lane]) return;
      this.#busy[lane] = true;
      // After the requests that the same turn of the event loop has brought.
      setImmediate(() => void this.#drain(lane));
    });
  }

  async #drain(lane: number): Promise<void> {
    const waiting = this.#lanes[lane]!;
    while (waiting.length > 0) await this.#commit(waiting.splice(0, this.#groupSize(waiting)));
    this.#busy[lane] = false;
  }

  #groupSize(waiting: readonly Waiting<T>[]): number {
    let weight = 0;
    const end = waiting.findIndex(({ entry }, i) => {
      weight += this.#options.weightOf(entry);
      return i > 0 && weight > this.#options.most;
    });
    return end === -1 ? waiting.length : end;
  }

  async #commit(group: readonly Waiting<T>[]): Promise<void> {
    try {
      const errors = await this.#options.commit(group.map(({ entry }) => entry));
      for (const [i, { settle }] of group.entries()) settle(errors[i] ?? null);
    } catch (cause) {
      await this.#commitApart(group, cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  /** Nobody pays for the entry of another; only without a database all fail at once. */
  async #commitApart(group: readonly Waiting<T>[], error: Error): Promise<void> {
    const isHopeless = group.length === 1 || (error instanceof PlatformError && error.code === 'unavailable');
    for (const one of group) {
      if (isHopeless) one.settle(error);
      else await this.#commit([one]);
    }
  }
}
