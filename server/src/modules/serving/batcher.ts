import { PlatformError } from '@flyball/api';
import type { Datatype, TensorData } from './tensor.ts';
import { concatData } from './tensor.ts';

/** What the model answered one job with, or why it did not. */
export type Outcome =
  | { readonly values: Float32Array; readonly error?: undefined }
  | { readonly values?: undefined; readonly error: PlatformError };

/** Rows of one caller, on their way through a version's replicas. */
export interface Job {
  readonly rows: number;
  /** One per input of the model, row-major. */
  readonly tensors: readonly TensorData[];
  /** By `performance.now()`. */
  readonly deadline: number;
  /** Shadow jobs wait until no live one does, and are shed first. */
  readonly isShadow: boolean;
  settle(outcome: Outcome): void;
  /** The model has been given the rows: time for what can be done while it works. */
  dispatched?(): void;
  /** Whether the caller went away meanwhile. */
  isAbandoned?(): boolean;
}

/** Why a replica did not answer: its model threw, or it is gone itself. */
export type RunFailure = { readonly kind: 'model' | 'gone'; readonly message: string };

/** A replica as the batcher sees it. */
export interface Runner {
  readonly isReady: boolean;
  run(rows: number, tensors: readonly TensorData[], done: (result: Float32Array | RunFailure) => void): void;
  kill(reason: string): void;
}

export interface BatcherOptions {
  /** Datatypes of the model's inputs, in order. */
  readonly datatypes: readonly Datatype[];
  readonly maxBatchRows: number;
  readonly maxQueuedRows: number;
  /** A run that takes longer has its replica killed. */
  readonly runTimeoutMs: number;
  /** Called once after the jobs of a batch are settled. */
  afterBatch(): void;
}

export interface BatcherCounts {
  executions: number;
  rows: number;
  failed: number;
  shed: number;
  queueMs: number;
  runMs: number;
}

interface Entry {
  readonly job: Job;
  readonly queuedAt: number;
  isSettled: boolean;
  /** Runs that ended with the death of their replica. */
  deaths: number;
  /** The failed batch that this entry was in. */
  split?: Split;
}

/** Members of a batch that failed: when all of them succeed alone, the model cannot batch. */
interface Split {
  open: number;
  failed: number;
  /** Some of them succeeded together, so batching is not what failed. */
  isMerged: boolean;
}

interface Flight {
  readonly entries: readonly Entry[];
  readonly startedAt: number;
}

interface Slot {
  readonly runner: Runner;
  readonly flights: Set<Flight>;
  rows: number;
}

const MAX_FLIGHTS = 2;
const SHADOW_BATCH_ROWS = 512;
const SWEEP_MS = 20;

/**
 * Adaptive batching without a timer: what arrived in this turn of the event loop goes together, two batches at most are
 * under way per replica (one runs, one is ready), and requests pile up only while both places are taken.
 */
export class Batcher {
  readonly counts: BatcherCounts = { executions: 0, rows: 0, failed: 0, shed: 0, queueMs: 0, runMs: 0 };
  readonly #options: BatcherOptions;
  readonly #slots = new Set<Slot>();
  /** Batches made by splitting a failed one; they go first and are not merged again. */
  #apart: Entry[][] = [];
  #live: Entry[] = [];
  #shadow: Entry[] = [];
  #queuedRows = 0;
  #shadowRows = 0;
  #isArmed = false;
  #canBatch = true;
  #rowsPerMs = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** Shadow jobs that are not answered yet. */
  get shadowRows(): number {
    return this.#shadowRows;
  }

  /** Nothing waits, and nothing is under way. */
  get isIdle(): boolean {
    if (this.#live.length > 0 || this.#apart.length > 0 || this.#shadow.length > 0) return false;
    return [...this.#slots].every(({ flights }) => flights.size === 0);
  }

  get canBatch(): boolean {
    return this.#canBatch;
  }

  add(runner: Runner): void {
    this.#slots.add({ runner, flights: new Set(), rows: 0 });
    this.#arm();
  }

  remove(runner: Runner): void {
    for (const slot of this.#slots) if (slot.runner === runner) this.#slots.delete(slot);
  }

  /** Queues a job, or refuses it at once when it could not be answered in time. */
  submit(job: Job): void {
    const now = performance.now();
    const refusal = this.#refusal(job, now);
    if (refusal !== undefined) {
      this.counts.shed++;
      job.settle({ error: refusal });
      this.#options.afterBatch();
      return;
    }
    const entry: Entry = { job, queuedAt: now, isSettled: false, deaths: 0 };
    if (job.isShadow) {
      this.#shadow.push(entry);
      this.#shadowRows += job.rows;
    } else {
      this.#live.push(entry);
      this.#queuedRows += job.rows;
    }
    this.#arm();
  }

  /** Fails everything that waits; for a version that will not come back. */
  failAll(error: PlatformError): void {
    const waiting = [...this.#apart.flat(), ...this.#live, ...this.#shadow];
    this.#apart = [];
    this.#live = [];
    this.#shadow = [];
    this.#queuedRows = 0;
    for (const entry of waiting) this.#settle(entry, { error });
    this.#options.afterBatch();
  }

  close(): void {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #refusal(job: Job, now: number): PlatformError | undefined {
    const waiting = job.isShadow ? this.#shadowRows : this.#queuedRows;
    const seconds = Math.max(1, Math.ceil(waiting / Math.max(this.#rowsPerMs, 0.001) / 1000));
    const details = { retryAfterSeconds: Math.min(seconds, 60) };
    if (waiting > 0 && waiting + job.rows > this.#options.maxQueuedRows) {
      return new PlatformError('too_many_requests', `${waiting} rows wait already; try again later`, { details });
    }
    const expectedMs = this.#rowsPerMs > 0 ? waiting / this.#rowsPerMs : 0;
    if (job.isShadow || expectedMs <= job.deadline - now) return undefined;
    const message = `The queue needs about ${Math.round(expectedMs)} ms, longer than this request may take`;
    return new PlatformError('too_many_requests', message, { details });
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#sweep ??= setInterval(() => this.#expire(), SWEEP_MS).unref();
    setImmediate(() => {
      this.#isArmed = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (;;) {
      const slot = this.#freeSlot();
      if (slot === undefined) return;
      const entries = this.#next(slot);
      if (entries.length === 0) return;
      this.#start(slot, entries);
    }
  }

  /** The replica with the fewest rows under way. */
  #freeSlot(): Slot | undefined {
    let best: Slot | undefined;
    for (const slot of this.#slots) {
      if (!slot.runner.isReady || slot.flights.size >= MAX_FLIGHTS) continue;
      if (best === undefined || slot.rows < best.rows) best = slot;
    }
    return best;
  }

  #next(slot: Slot): Entry[] {
    const apart = this.#apart.shift()?.filter(({ isSettled }) => !isSettled);
    if (apart !== undefined && apart.length > 0) return apart;
    if (apart !== undefined) return this.#next(slot);
    const live = this.#take(this.#live, this.#options.maxBatchRows);
    if (live.length > 0) {
      for (const { job } of live) this.#queuedRows -= job.rows;
      return live;
    }
    // A live batch must always find the second place free.
    if (slot.flights.size > 0) return [];
    return this.#take(this.#shadow, Math.min(SHADOW_BATCH_ROWS, this.#options.maxBatchRows));
  }

  /** Up to `maxRows`; a single larger job goes alone. */
  #take(queue: Entry[], maxRows: number): Entry[] {
    const taken: Entry[] = [];
    let rows = 0;
    let passed = 0;
    for (const entry of queue) {
      if (!entry.isSettled && !this.#isGone(entry)) {
        if (taken.length > 0 && (rows + entry.job.rows > maxRows || !this.#canBatch)) break;
        taken.push(entry);
        rows += entry.job.rows;
      }
      passed++;
    }
    queue.splice(0, passed);
    return taken;
  }

  #isGone(entry: Entry): boolean {
    if (entry.job.isAbandoned?.() !== true) return false;
    this.#settle(entry, { error: new PlatformError('unavailable', 'The caller went away') });
    return true;
  }

  #start(slot: Slot, entries: readonly Entry[]): void {
    const startedAt = performance.now();
    const flight: Flight = { entries, startedAt };
    const rows = entries.reduce((sum, { job }) => sum + job.rows, 0);
    slot.flights.add(flight);
    slot.rows += rows;
    this.counts.executions++;
    for (const { queuedAt } of entries) this.counts.queueMs += startedAt - queuedAt;
    const tensors = this.#options.datatypes.map((datatype, i) =>
      concatData(
        datatype,
        entries.map(({ job }) => job.tensors[i]!),
      ),
    );
    slot.runner.run(rows, tensors, (result) => {
      slot.flights.delete(flight);
      slot.rows -= rows;
      if (result instanceof Float32Array) this.#deliver(entries, rows, result, startedAt);
      else this.#recover(entries, result);
      this.#options.afterBatch();
      this.#pump();
    });
    for (const { job } of entries) job.dispatched?.();
  }

  #deliver(entries: readonly Entry[], rows: number, values: Float32Array, startedAt: number): void {
    if (values.length !== rows) {
      this.#recover(entries, { kind: 'model', message: `The model answered ${values.length} rows for ${rows}` });
      return;
    }
    const ms = performance.now() - startedAt;
    this.counts.rows += rows;
    this.counts.runMs += ms;
    const rate = rows / Math.max(ms, 0.01);
    this.#rowsPerMs = this.#rowsPerMs === 0 ? rate : 0.9 * this.#rowsPerMs + 0.1 * rate;
    let from = 0;
    for (const entry of entries) {
      const to = from + entry.job.rows;
      if (entry.split !== undefined && entries.length > 1) entry.split.isMerged = true;
      this.#settle(entry, { values: entries.length === 1 ? values : values.subarray(from, to) });
      from = to;
    }
  }

  /** One bad request must not fail its neighbours: a failed batch is halved until the bad ones stand alone. */
  #recover(entries: readonly Entry[], failure: RunFailure): void {
    const open = entries.filter(({ isSettled }) => !isSettled);
    if (failure.kind === 'gone') {
      this.#retryAfterDeath(open, failure);
      return;
    }
    if (open.length <= 1) {
      this.counts.failed++;
      for (const entry of open) {
        this.#settle(entry, { error: new PlatformError('internal', `The model failed: ${failure.message}`) });
      }
      return;
    }
    const split: Split = { open: open.length, failed: 0, isMerged: false };
    for (const entry of open) entry.split ??= split;
    const half = open.length >> 1;
    this.#apart.push(open.slice(0, half), open.slice(half));
  }

  /** Predictions have no effects, so each is tried once more, alone: it may be the one that killed the replica. */
  #retryAfterDeath(entries: readonly Entry[], failure: RunFailure): void {
    for (const entry of entries) {
      entry.deaths++;
      if (entry.deaths <= 1) {
        this.#apart.push([entry]);
        continue;
      }
      this.counts.failed++;
      const message = `The replica died while it worked on this request: ${failure.message}`;
      this.#settle(entry, { error: new PlatformError('internal', message) });
    }
  }

  #settle(entry: Entry, outcome: Outcome): void {
    if (entry.isSettled) return;
    entry.isSettled = true;
    if (entry.job.isShadow) this.#shadowRows -= entry.job.rows;
    const { split } = entry;
    if (split !== undefined) {
      split.open--;
      if (outcome.error !== undefined) split.failed++;
      if (split.open === 0 && split.failed === 0 && !split.isMerged) this.#canBatch = false;
    }
    entry.job.settle(outcome);
  }

  /** Answers what is late, and kills replicas that are. */
  #expire(): void {
    const now = performance.now();
    let settled = 0;
    for (const entry of [...this.#live, ...this.#apart.flat()]) settled += this.#expireEntry(entry, now);
    for (const slot of this.#slots) {
      for (const { entries, startedAt } of slot.flights) {
        for (const entry of entries) settled += this.#expireEntry(entry, now);
        if (now - startedAt > this.#options.runTimeoutMs) slot.runner.kill('A run took too long');
      }
    }
    if (settled > 0) {
      this.#dropSettled();
      this.#options.afterBatch();
    }
    if (this.isIdle) this.close();
  }

  #expireEntry(entry: Entry, now: number): number {
    if (entry.isSettled || entry.job.isShadow || now < entry.job.deadline) return 0;
    const message = `No answer within ${Math.round(now - entry.queuedAt)} ms`;
    this.#settle(entry, { error: new PlatformError('deadline_exceeded', message) });
    return 1;
  }

  #dropSettled(): void {
    this.#live = this.#live.filter(({ isSettled }) => !isSettled);
    this.#queuedRows = this.#live.reduce((sum, { job }) => sum + job.rows, 0);
  }
}
