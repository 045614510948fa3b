import path from 'node:path';
import type { Platform } from '#platform/platform';
import { type Child, type ChildEnding, spawnChild } from '#platform/processes/child';
import { programFile } from '#platform/server-files';
import type { StepLog } from './step-log.ts';
import type { StepAssignment, StepReport } from './step-message.ts';

const program = programFile('step-main');

const GRACE_MS = 5000;
const IDLE_MS = 60_000;
/** A child that has grown beyond this gives its memory back by ending. */
const LARGEST_IDLE_MB = 350;

export interface ActionLimits {
  readonly memoryLimitMb: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ActionOutcome {
  /** Missing when the child ended without a word. */
  readonly report: Extract<StepReport, { type: 'done' | 'failed' }> | undefined;
  readonly ending: ChildEnding;
}

interface Task {
  readonly log: StepLog;
  finish(report: ActionOutcome['report']): void;
}

/** A child that does one action after another. */
class ActionChild {
  readonly memoryLimitMb: number;
  readonly #platform: Platform;
  readonly #child: Child;
  readonly #stop = new AbortController();
  #task: Task | undefined;

  constructor(platform: Platform, memoryLimitMb: number) {
    this.memoryLimitMb = memoryLimitMb;
    this.#platform = platform;
    this.#child = spawnChild({
      memoryLimitMb,
      graceMs: GRACE_MS,
      signal: this.#stop.signal,
      onLine: (stream, line) => this.#task?.log.add(stream, line),
      command: process.execPath,
      args: [program],
      cwd: '/',
      // Most of a short step would be reading our own program.
      env: {
        LC_ALL: 'C.UTF-8',
        TZ: 'UTC',
        NODE_COMPILE_CACHE: path.join(platform.config.dataDir, 'cache', 'compiled'),
      },
      ipc: true,
    });
    this.#child.onMessage((message) => this.#hear(message as StepReport));
  }

  get done(): Promise<ChildEnding> {
    return this.#child.done;
  }

  #hear(message: StepReport): void {
    if (message.type === 'log') this.#task?.log.add('stdout', message.line);
    else if (message.type === 'progress') this.#task?.log.progress(message.share, message.text);
    else this.#task?.finish(message);
  }

  /** Ends with the action's report or, when it does not come to that, with the child. */
  async run(
    assignment: StepAssignment,
    { timeoutMs, signal }: ActionLimits,
    log: StepLog,
  ): Promise<ActionOutcome & { readonly isGone: boolean }> {
    let isLate = false;
    const stop = (): void => this.#stop.abort();
    const timer = setTimeout(() => {
      isLate = true;
      stop();
    }, timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.#child.takePeakMb();
    try {
      const reported = new Promise<ActionOutcome['report']>((finish) => {
        this.#task = { log, finish };
        this.#child.send({ config: this.#platform.config, assignment });
      });
      const report = await Promise.race([reported, this.done.then(() => undefined)]);
      if (report !== undefined && !this.#stop.signal.aborted) {
        const ending = { code: 0, signal: null, reason: 'exit' as const, maxRssMb: this.#child.takePeakMb() };
        return { report, ending, isGone: false };
      }
      const ending = await this.done;
      return { report, ending: isLate ? { ...ending, reason: 'timeout' } : ending, isGone: true };
    } finally {
      this.#task = undefined;
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Lets it go; it ends by itself. */
  dismiss(): void {
    this.#child.send({ end: true });
  }
}

/**
 * Children for the actions of steps. A child whose action went well is kept for the next one for a minute, since
 * most of a short step would be its start; what failed, was stopped, or has grown large is not.
 */
export class ActionChildren {
  readonly #platform: Platform;
  readonly #idle = new Map<ActionChild, NodeJS.Timeout>();
  #isClosed = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async run(assignment: StepAssignment, limits: ActionLimits, log: StepLog): Promise<ActionOutcome> {
    const child = this.#take(limits.memoryLimitMb);
    const { isGone, ...outcome } = await child.run(assignment, limits, log);
    if (isGone) return outcome;
    const isGood = outcome.report?.type === 'done' && outcome.ending.maxRssMb < LARGEST_IDLE_MB;
    if (isGood && !this.#isClosed) this.#keep(child);
    else child.dismiss();
    return outcome;
  }

  close(): void {
    this.#isClosed = true;
    for (const child of [...this.#idle.keys()]) this.#dismiss(child);
  }

  #take(memoryLimitMb: number): ActionChild {
    for (const [child, timer] of this.#idle) {
      if (child.memoryLimitMb !== memoryLimitMb) continue;
      clearTimeout(timer);
      this.#idle.delete(child);
      return child;
    }
    return new ActionChild(this.#platform, memoryLimitMb);
  }

  #keep(child: ActionChild): void {
    this.#idle.set(
      child,
      setTimeout(() => this.#dismiss(child), IDLE_MS),
    );
    void child.done.then(() => {
      clearTimeout(this.#idle.get(child));
      this.#idle.delete(child);
    });
  }

  #dismiss(child: ActionChild): void {
    clearTimeout(this.#idle.get(child));
    if (this.#idle.delete(child)) child.dismiss();
  }
}
