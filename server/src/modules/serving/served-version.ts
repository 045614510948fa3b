import { setTimeout as pause } from 'node:timers/promises';
import { type EndpointDefinition, type ModelInput, PlatformError } from '@flyball/api';
import { Batcher, type Job } from './batcher.ts';
import type { Signature } from './frame.ts';
import { type InputPlan, planInputs } from './model-inputs.ts';
import { Replica } from './replica.ts';
import type { ReplicaHub } from './replica-hub.ts';

export type VersionState = 'starting' | 'ready' | 'failed';

export interface VersionOptions {
  readonly version: number;
  readonly modelPath: string;
  readonly inputs: readonly ModelInput[];
  readonly endpoint: EndpointDefinition;
  readonly hub: ReplicaHub;
  log(line: string): void;
  /** What must be there before it may answer, beside a replica. */
  prepare(plan: InputPlan): Promise<void>;
  /** Its state, or that of a replica, changed. */
  changed(): void;
  afterBatch(): void;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
const MAX_FAILURES = 5;
const FINISH_MS = 10_000;
const FAILURE_WINDOW_MS = 300_000;
const REPLICA_MEMORY_MB = 4096;
/** Batches that may wait before requests are refused. */
const QUEUED_BATCHES = 16;

let lastReplica = 0;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * One version with its replicas: started, restarted with growing pauses, given up after five failures in five
 * minutes.
 */
export class ServedVersion {
  readonly version: number;
  readonly inputs: readonly ModelInput[];
  state: VersionState = 'starting';
  error: string | null = null;
  plan: InputPlan | undefined;
  readonly #options: VersionOptions;
  readonly #replicas = new Set<Replica>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #failures: number[] = [];
  #batcher: Batcher | undefined;
  #preparing: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: VersionOptions) {
    this.#options = options;
    this.version = options.version;
    this.inputs = options.inputs;
    for (let i = 0; i < options.endpoint.replicas; i++) this.#startReplica();
  }

  get replicas(): readonly Replica[] {
    return [...this.#replicas];
  }

  /** Once it has been ready; then it takes jobs, also while its replicas restart. */
  get batcher(): Batcher | undefined {
    return this.#batcher;
  }

  get canServe(): boolean {
    return this.state === 'ready' && this.#batcher !== undefined;
  }

  submit(job: Job): void {
    this.#batcher!.submit(job);
  }

  /** Answers what it has taken, then ends its replicas. It must get no more jobs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const patience = performance.now() + FINISH_MS;
    while (this.state === 'ready' && this.#batcher?.isIdle === false && performance.now() < patience) await pause(5);
    this.#batcher?.failAll(new PlatformError('unavailable', `Version ${this.version} is not served any more`));
    this.#batcher?.close();
    for (const replica of this.#replicas) replica.drain();
    while (this.#replicas.size > 0 && performance.now() < patience) await pause(5);
  }

  #startReplica(): void {
    const { hub, modelPath, log } = this.#options;
    const replica = new Replica(`${this.version}-${++lastReplica}`, {
      hub,
      modelPath,
      memoryLimitMb: REPLICA_MEMORY_MB,
      log,
      changed: (changed) => this.#hear(changed),
    });
    this.#replicas.add(replica);
  }

  #hear(replica: Replica): void {
    if (replica.state === 'ready') this.#welcome(replica);
    if (replica.state === 'failed' || replica.state === 'stopped') {
      this.#batcher?.remove(replica);
      this.#replicas.delete(replica);
      if (replica.state === 'failed' && !this.#isStopped) this.#replace(replica);
    }
    this.#options.changed();
  }

  #welcome(replica: Replica): void {
    const signature = replica.signature!;
    try {
      this.plan ??= planInputs(signature, this.inputs, this.#options.endpoint.inputs);
    } catch (error) {
      this.#giveUp(messageOf(error));
      return;
    }
    if (signature.dropped.length > 0) {
      this.#options.log(`Outputs that are no tensors are not served: ${signature.dropped.join(', ')}`);
    }
    this.#preparing ??= this.#options.prepare(this.plan);
    this.#preparing.then(
      () => this.#admit(replica, signature),
      (error: unknown) => this.#giveUp(messageOf(error)),
    );
  }

  #admit(replica: Replica, signature: Signature): void {
    if (this.#isStopped || this.state === 'failed') return;
    this.#batcher ??= this.#createBatcher(signature);
    if (replica.isReady) this.#batcher.add(replica);
    this.state = 'ready';
    this.error = null;
    this.#options.changed();
  }

  #createBatcher(signature: Signature): Batcher {
    const { maxBatchRows, timeoutMs } = this.#options.endpoint;
    return new Batcher({
      datatypes: signature.inputs.map(({ datatype }) => datatype),
      maxBatchRows,
      maxQueuedRows: maxBatchRows * QUEUED_BATCHES,
      runTimeoutMs: timeoutMs,
      afterBatch: () => this.#options.afterBatch(),
    });
  }

  #replace(replica: Replica): void {
    const now = performance.now();
    this.error = replica.error;
    this.#options.log(`Replica ${replica.id} failed: ${replica.error}`);
    this.#failures = [...this.#failures.filter((at) => now - at < FAILURE_WINDOW_MS), now];
    if (replica.isHopeless || this.#failures.length >= MAX_FAILURES) {
      this.#giveUp(replica.error ?? 'It failed');
      return;
    }
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures.length - 1));
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#startReplica();
      },
      pauseMs * (0.75 + Math.random() / 2),
    );
    this.#timers.add(timer);
  }

  #giveUp(reason: string): void {
    if (this.#isStopped || this.state === 'failed') return;
    this.state = 'failed';
    this.error = reason;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const replica of this.#replicas) replica.drain();
    this.#batcher?.failAll(new PlatformError('unavailable', `Version ${this.version} has failed: ${reason}`));
    this.#options.changed();
  }
}
