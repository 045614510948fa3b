import type { Socket } from 'node:net';
import { type Child, spawnChild } from '#platform/processes/child';
import { programFile } from '#platform/server-files';
import type { RunFailure, Runner } from './batcher.ts';
import { encodeFrame, encodeRows, type Message, type SentTensor, type Signature } from './frame.ts';
import type { ReplicaHub } from './replica-hub.ts';
import type { TensorData } from './tensor.ts';

export type ReplicaState = 'starting' | 'loading' | 'ready' | 'draining' | 'stopped' | 'failed';

export interface ReplicaOptions {
  readonly hub: ReplicaHub;
  readonly modelPath: string;
  readonly memoryLimitMb: number;
  /** Its output, and what happened to it. */
  log(line: string): void;
  /** A change of state; `ready` comes once, after a successful first run. */
  changed(replica: Replica): void;
}

type Done = (result: Float32Array | RunFailure) => void;

const program = programFile('modules/serving/replica-main');
const MAX_LOG_BYTES = 64 * 1024;
const KILL_AFTER_MS = 5_000;

/** One process with one model, as the gateway sees it. */
export class Replica implements Runner {
  readonly id: string;
  state: ReplicaState = 'starting';
  signature: Signature | undefined;
  error: string | null = null;
  /** Its model cannot be loaded, or fails its first run: another try would end the same way. */
  isHopeless = false;
  rows = 0;
  readonly #options: ReplicaOptions;
  readonly #token: string;
  readonly #child: Child;
  readonly #waiting = new Map<number, Done>();
  #socket: Socket | undefined;
  #lastId = 0;

  constructor(id: string, options: ReplicaOptions) {
    this.id = id;
    this.#options = options;
    this.#token = options.hub.expect({
      greeted: (socket) => {
        this.#socket = socket;
        this.#become('loading');
      },
      heard: (message, tensors) => this.#hear(message, tensors),
      lost: () => this.#end('Its connection closed'),
    });
    this.#child = this.#spawn();
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  get isReady(): boolean {
    return this.state === 'ready';
  }

  run(rows: number, tensors: readonly TensorData[], done: Done): void {
    const { inputs } = this.signature!;
    const id = ++this.#lastId;
    this.#waiting.set(id, done);
    const sent = inputs.map(({ datatype }, i) => ({ datatype, data: tensors[i]! }));
    this.#socket!.write(encodeRows('predict', id, rows, sent));
  }

  kill(reason: string): void {
    this.error = reason;
    this.#child.kill();
  }

  /** Lets it finish what it works on, then ends it. */
  drain(): void {
    if (this.state === 'stopped' || this.state === 'failed') return;
    const isConnected = this.#socket !== undefined;
    this.#become('draining');
    if (isConnected) this.#socket!.write(encodeFrame({ t: 'drain' }));
    else this.#child.kill();
    setTimeout(() => this.#child.kill(), KILL_AFTER_MS).unref();
  }

  #spawn(): Child {
    const { hub, modelPath, memoryLimitMb, log } = this.#options;
    const child = spawnChild({
      command: process.execPath,
      args: [program, hub.socketPath, this.#token, modelPath],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', OMP_NUM_THREADS: '1' },
      memoryLimitMb,
      maxLogBytes: MAX_LOG_BYTES,
      onLine: (_stream, line) => log(line),
    });
    void child.done.then(({ code, signal, reason }) => {
      this.#end(
        reason === 'memory' ? 'It used too much memory' : `Its process ended (${signal ?? `exit code ${code}`})`,
      );
    });
    return child;
  }

  #hear(message: Message, tensors: SentTensor[]): void {
    if (message.t === 'result') this.#answer(message.id, message.rows, tensors[0]!.data as Float32Array);
    else if (message.t === 'error') this.#fail(message.id, { kind: 'model', message: message.message });
    else if (message.t === 'failed') {
      this.error = message.message;
      this.isHopeless = true;
    } else if (message.t === 'ready') {
      this.signature = message.signature;
      if (this.state === 'loading') this.#become('ready');
    }
  }

  #answer(id: number, rows: number, values: Float32Array): void {
    this.rows += rows;
    const done = this.#waiting.get(id);
    this.#waiting.delete(id);
    done?.(values);
  }

  #fail(id: number, failure: RunFailure): void {
    const done = this.#waiting.get(id);
    this.#waiting.delete(id);
    done?.(failure);
  }

  #end(reason: string): void {
    if (this.state === 'stopped' || this.state === 'failed') return;
    const wasAsked = this.state === 'draining';
    this.#options.hub.forget(this.#token);
    this.#socket?.destroy();
    this.#child.kill();
    this.error ??= wasAsked ? null : reason;
    this.#become(wasAsked ? 'stopped' : 'failed');
    for (const id of [...this.#waiting.keys()]) this.#fail(id, { kind: 'gone', message: this.error ?? reason });
  }

  #become(state: ReplicaState): void {
    this.state = state;
    this.#options.changed(this);
  }
}
