import { type ChildProcess, spawn } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';
import { boundToParent } from './bound-to-parent.ts';
import { createGroupMemory } from './group-memory.ts';
import { createOutputLines, type OnLine, type OutputStream } from './output-lines.ts';
import { watchedByShell } from './watched-by-shell.ts';

export interface ChildOptions {
  command: string;
  args?: readonly string[];
  cwd?: string;
  /** All the child gets to see: nothing of our own environment is passed on. */
  env: Readonly<Record<string, string>>;
  stdin?: string | Uint8Array;
  /** Resident memory of the child and its descendants together. */
  memoryLimitMb?: number;
  timeoutMs?: number;
  /** Between asking it to end and killing it. 5 seconds unless given. */
  graceMs?: number;
  /** Cancels the child. */
  signal?: AbortSignal;
  onLine?: OnLine;
  /** Gives a Node child `process.send` and the `message` event. */
  ipc?: boolean;
  /** Output beyond this is dropped. 10 MB unless given. */
  maxLogBytes?: number;
}

export interface ChildEnding {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** `exit` when it ended by itself, whatever its code. */
  reason: 'exit' | 'timeout' | 'memory' | 'cancelled';
  /** The most that was seen; 0 for a child that was gone too soon. */
  maxRssMb: number;
}

export interface Child {
  /** Undefined when it could not be started. Also the number of its process group. */
  readonly pid: number | undefined;
  /** Never rejects: a command that cannot be started has the code 127, as in a shell. */
  readonly done: Promise<ChildEnding>;
  send(message: object): void;
  onMessage(handler: (message: unknown) => void): () => void;
  /** The most resident memory that was seen since the last time of asking. */
  takePeakMb(): number;
  /** Kills it and its descendants at once; counts as cancelled. */
  kill(): void;
}

const GRACE_MS = 5_000;
const MAX_LOG_BYTES = 10_000_000;
const MEASURE_MS = 500;
/** A descendant that left the group may hold the output open. */
const OUTPUT_AFTER_EXIT_MS = 1_000;

/**
 * Runs a program of a user in a process group of its own, which ends with it and with this process. Descendants that
 * move to another group escape; on the death of this process they outlive the child, unless they notice.
 */
export function spawnChild(options: ChildOptions): Child {
  // The kernel ends the child with the thread that started it.
  if (!isMainThread) throw new Error('Children are started from the main thread only');
  options.signal?.throwIfAborted();
  const child = start(options);
  const ending = createEnding(child, options);
  const memory = watchMemory(child, options.memoryLimitMb, () => ending.killNow('memory'));
  const output = collectOutput(child, options);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.stdin);
  return {
    pid: child.pid,
    done: untilGone(child, output).then(({ code, signal }) => {
      ending.clear();
      memory.stop();
      return { code, signal, reason: ending.reason(), maxRssMb: memory.most() };
    }),
    send(message) {
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage(handler) {
      child.on('message', handler);
      return () => child.off('message', handler);
    },
    takePeakMb: memory.takePeak,
    kill: () => ending.killNow('cancelled'),
  };
}

function start({ command, args = [], cwd, env, stdin, ipc }: ChildOptions): ChildProcess {
  const bound = boundToParent('KILL', command, [...args]);
  const needsShell = bound[0] === command && process.platform !== 'win32';
  const [program, programArgs] = needsShell ? watchedByShell(command, args) : bound;
  return spawn(program, programArgs, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...env },
    detached: true,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(ipc ? ['ipc' as const] : [])],
  });
}

function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

/** The ways a child is ended from outside; the first one counts. */
function createEnding(child: ChildProcess, { timeoutMs, graceMs = GRACE_MS, signal }: ChildOptions) {
  let reason: ChildEnding['reason'] = 'exit';
  let isGone = false;
  const timers: NodeJS.Timeout[] = [];

  function begin(why: 'timeout' | 'memory' | 'cancelled', how: 'SIGTERM' | 'SIGKILL'): void {
    if (isGone) return;
    if (reason === 'exit') reason = why;
    killGroup(child, how);
    if (how === 'SIGTERM') timers.push(setTimeout(() => killGroup(child, 'SIGKILL'), graceMs));
  }

  const cancel = () => begin('cancelled', 'SIGTERM');
  signal?.addEventListener('abort', cancel, { once: true });
  if (timeoutMs !== undefined) timers.push(setTimeout(() => begin('timeout', 'SIGTERM'), timeoutMs));
  child.once('exit', () => {
    isGone = true;
    // Nothing it started may outlive it.
    killGroup(child, 'SIGKILL');
  });
  return {
    reason: () => reason,
    killNow: (why: 'memory' | 'cancelled') => begin(why, 'SIGKILL'),
    clear() {
      isGone = true;
      signal?.removeEventListener('abort', cancel);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

const tenths = (value: number): number => Math.round(value * 10) / 10;

function watchMemory(child: ChildProcess, limitMb: number | undefined, onExceeded: () => void) {
  let most = 0;
  let recently = 0;
  let isMeasuring = false;
  const groupMemoryMb = child.pid === undefined ? undefined : createGroupMemory(child.pid);
  async function measure(): Promise<void> {
    if (groupMemoryMb === undefined || isMeasuring) return;
    isMeasuring = true;
    const megabytes = await groupMemoryMb().catch(() => 0);
    isMeasuring = false;
    most = Math.max(most, megabytes);
    recently = Math.max(recently, megabytes);
    if (limitMb !== undefined && megabytes > limitMb) onExceeded();
  }
  const soon = setTimeout(measure, MEASURE_MS / 5);
  const often = setInterval(measure, MEASURE_MS);
  return {
    most: () => tenths(most),
    takePeak() {
      const peak = tenths(recently);
      recently = 0;
      return peak;
    },
    stop() {
      clearTimeout(soon);
      clearInterval(often);
    },
  };
}

function collectOutput(child: ChildProcess, { onLine, maxLogBytes = MAX_LOG_BYTES, command }: ChildOptions) {
  const emit: OnLine = onLine ?? (() => undefined);
  const lines = createOutputLines(emit, maxLogBytes);
  const collect = (stream: OutputStream) => {
    const into = lines(stream);
    child[stream]?.on('data', (chunk: Buffer) => into.write(chunk));
    child[stream]?.on('error', () => undefined);
    return into;
  };
  const streams = [collect('stdout'), collect('stderr')];
  return {
    failed: (error: Error) => emit('stderr', `cannot start ${command}: ${error.message}`),
    end() {
      for (const stream of streams) stream.end();
    },
  };
}

function untilGone(
  child: ChildProcess,
  output: ReturnType<typeof collectOutput>,
): Promise<Pick<ChildEnding, 'code' | 'signal'>> {
  return new Promise((resolve) => {
    const gone = (code: number | null, signal: NodeJS.Signals | null) => {
      output.end();
      resolve({ code, signal });
    };
    child.once('close', gone);
    child.once('exit', () => {
      const impatient = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, OUTPUT_AFTER_EXIT_MS);
      child.once('close', () => clearTimeout(impatient));
    });
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      output.failed(error);
      gone(127, null);
    });
    // Sending to a child that is just ending is no reason to end ourselves.
    child.on('error', () => undefined);
  });
}
