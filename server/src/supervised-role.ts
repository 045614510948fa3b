import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PlatformError } from '@flyball/api';
import type { Logger } from 'pino';
import { type Config, environmentOf, type Role } from './config.ts';
import { exitCodes } from './exit-code.ts';
import type { FailedMessage, ReadyMessage, SupervisorMessage } from './run-role.ts';
import { spawnRole } from './spawn-role.ts';

export interface SupervisedRole {
  /** Resolves at the first readiness; rejects when the role cannot start at all. */
  readonly ready: Promise<ReadyMessage>;
  stop(): Promise<void>;
}

export interface RoleOptions {
  role: Role;
  /** The script that runs one role when given `--role`. */
  script: string;
  /** Its first process, when that runs already. */
  child?: ChildProcess | undefined;
  config: Config;
  /** Sent to the role when known: it loads its code meanwhile. */
  databaseUrl: Promise<string>;
  log: Logger;
  /** The role starts when this has ended, however it ends. */
  after?: Promise<unknown> | undefined;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** A role that lived this long has recovered: its next restart is immediate again. */
const HEALTHY_MS = 30_000;
const MOST_FAILED_STARTS = 3;
const KILL_AFTER_MS = 30_000;

/** Keeps one role running in a process of its own, and starts it again with growing pauses whenever it dies. */
export function superviseRole(options: RoleOptions): SupervisedRole {
  const { role, script, config, log } = options;
  const ready = Promise.withResolvers<ReadyMessage>();
  ready.promise.catch(() => undefined);
  let child: ChildProcess | undefined;
  let { child: first } = options;
  let pause: NodeJS.Timeout | undefined;
  let stopping = false;
  let wasReady = false;
  let deaths = 0;

  function start(): void {
    const startedAt = performance.now();
    let failure: FailedMessage['failed'] | undefined;
    child = first ?? spawnRole(script, ['--role', role], environmentOf({ ...config, role }));
    first = undefined;
    beginRole(child, options);
    child.on('message', (message: ReadyMessage | FailedMessage) => {
      if ('failed' in message) failure = message.failed;
      else {
        wasReady = true;
        ready.resolve(message);
      }
    });
    whenEnded(child, (code, signal) => {
      if (stopping) return;
      if (performance.now() - startedAt > HEALTHY_MS) deaths = 0;
      deaths++;
      const hopeless = failure !== undefined && failure.code !== exitCodes.unexpected;
      if (!wasReady && (hopeless || (code !== null && deaths >= MOST_FAILED_STARTS))) {
        ready.reject(startFailure(role, failure, code));
        return;
      }
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (deaths - 1), LONGEST_PAUSE_MS);
      log.error({ role, code, signal, pauseMs, reason: failure?.message }, 'a role ended by itself: starting it again');
      pause = setTimeout(start, pauseMs);
    });
  }

  const begin = (): void => {
    if (!stopping) start();
  };
  if (options.after === undefined) begin();
  else options.after.then(begin, begin);
  return {
    ready: ready.promise,
    async stop() {
      stopping = true;
      clearTimeout(pause);
      if (child !== undefined) await endChild(child);
    },
  };
}

function beginRole(child: ChildProcess, { role, databaseUrl, log }: RoleOptions): void {
  const tell = (message: SupervisorMessage): boolean => child.connected && child.send(message);
  child.on('error', (error) => log.error({ role, err: error }, 'a role cannot be started or reached'));
  tell({});
  databaseUrl.then(
    (url) => tell({ databaseUrl: url }),
    () => undefined,
  );
}

function whenEnded(child: ChildProcess, then: (code: number | null, signal: string | null) => void): void {
  const { exitCode, signalCode } = child;
  if (exitCode === null && signalCode === null) child.once('exit', then);
  else setImmediate(then, exitCode, signalCode);
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  await gone;
  clearTimeout(impatient);
}

function startFailure(role: Role, failure: FailedMessage['failed'] | undefined, code: number | null): PlatformError {
  const message = failure?.message ?? `it ended with code ${code}`;
  if (failure === undefined || failure.code === exitCodes.unexpected) {
    return new PlatformError('internal', `The role ${role} does not start: ${message}`);
  }
  return new PlatformError('unavailable', message, { details: { exitCode: failure.code } });
}
