import { randomUUID } from 'node:crypto';
import { invalidInput, PlatformError } from '@flyball/api';
import { fromKysely, PgBoss, type Queue } from 'pg-boss';
import type { Database, Transaction } from '../database/database.ts';
import type { Logger } from '../telemetry/log.ts';
import { bossDatabase } from './boss-database.ts';

export interface JobContext {
  /** Aborted when the job was cancelled, was given to somebody else, ran out of time, or when this process stops. */
  signal: AbortSignal;
  jobId: string;
}

export interface JobOptions {
  /** How many run at the same time in one process. 1 unless given. */
  concurrency?: number;
  /** How long a process may be silent before its job is given to another one. At least 10, which is the default. */
  heartbeatSeconds?: number;
  /** Tries after the first one; the death of a process consumes one. 20 unless given. */
  retryLimit?: number;
  /** The longest a job may run. A day, the most there is, unless given. */
  expireSeconds?: number;
  /** At most one runs at the same time anywhere, and at most one waits: in all, or for each `singletonKey`. */
  singleton?: boolean;
}

export interface SendOptions {
  /** The job exists if and only if this transaction commits. */
  trx?: Transaction;
  startAfter?: Date;
  /** Nothing is sent while a job with the same key waits. One that already runs does not count. */
  singletonKey?: string;
  /** Higher ones go first. */
  priority?: number;
}

type JobHandler<P> = (payload: P, context: JobContext) => Promise<void>;

/**
 * Work that outlives a request and the process that does it. A job runs at least once: a handler must bear being
 * repeated, and being repeated while its first run still lives in a process that was thought dead.
 */
export interface JobQueue {
  /** Before `start`, in every role: those that only send must know the queue too. */
  define<P extends object>(name: string, options: JobOptions, handler: JobHandler<P>): void;
  /** The job's id, or null when one with the same `singletonKey` waits already. */
  send<P extends object>(name: string, payload: P, options?: SendOptions): Promise<string | null>;
  cancel(name: string, jobId: string, options?: { trx?: Transaction }): Promise<void>;
  /** Sends the job whenever the cron expression says; once, for any number of times that nobody was there to do it. */
  schedule(name: string, cron: string, payload: object, options?: { timeZone?: string; key?: string }): Promise<void>;
  unschedule(name: string, key?: string): Promise<void>;
  /** Processes with `work` do jobs, watch over those of others, and keep the schedules. All can send. */
  start(options: { work: boolean }): Promise<void>;
  /** Lets short jobs finish; others are told to stop, and are repeated later. */
  stop(): Promise<void>;
}

interface Definition {
  readonly options: JobOptions;
  readonly handler: JobHandler<object>;
}

type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

const DAY_SECONDS = 86_400;
/** Without a notification: jobs whose time has come, and those of dead processes. */
const POLL_SECONDS = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 2 };
const FINISH_MS = 2_000;
const GIVE_UP_MS = 15_000;

export function createJobQueue(database: Database, log: Log): JobQueue {
  const definitions = new Map<string, Definition>();
  const running = new Set<AbortController>();
  let boss: PgBoss | undefined;

  function started(name: string): PgBoss {
    if (!definitions.has(name)) throw new Error(`No job called "${name}" is defined`);
    if (!boss) throw new PlatformError('unavailable', 'The job queue is not running; try again in a moment');
    return boss;
  }

  return {
    define(name, options, handler) {
      if (boss) throw new Error(`Job "${name}" must be defined before the queue starts`);
      if (definitions.has(name)) throw new Error(`Job "${name}" is defined twice`);
      definitions.set(name, { options, handler: handler as JobHandler<object> });
    },
    async send(name, payload, options = {}) {
      const queue = started(name);
      const singleton = definitions.get(name)?.options.singleton ?? false;
      const { startAfter, priority, trx } = options;
      const singletonKey = options.singletonKey ?? (singleton ? undefined : randomUUID());
      return queue.send(name, payload, {
        ...(singletonKey === undefined ? {} : { singletonKey }),
        ...(startAfter && { startAfter }),
        ...(priority === undefined ? {} : { priority }),
        ...within(trx),
      });
    },
    async cancel(name, jobId, { trx } = {}) {
      await started(name).cancel(name, jobId, within(trx));
    },
    async schedule(name, cron, payload, { timeZone = 'UTC', key = '' } = {}) {
      const queue = started(name);
      checkCron(queue, cron, timeZone);
      await queue.schedule(name, cron, payload, {
        tz: timeZone,
        key,
        missed: 'once',
        singletonKey: `schedule ${key}`,
      });
    },
    async unschedule(name, key = '') {
      await started(name).unschedule(name, key);
    },
    async start({ work }) {
      const starting = createBoss(database, log, work);
      await starting.start();
      boss = starting;
      await createQueues(starting, definitions);
      if (!work) return;
      for (const [name, definition] of definitions) await startWorkers(starting, name, definition, running, log);
    },
    async stop() {
      const stopping = boss;
      boss = undefined;
      if (!stopping) return;
      const patience = setTimeout(() => {
        for (const controller of running) controller.abort(new Error('The process is stopping'));
      }, FINISH_MS);
      await stopping.stop({ graceful: true, timeout: GIVE_UP_MS, close: false });
      clearTimeout(patience);
    },
  };
}

const within = (trx: Transaction | undefined) => (trx ? { db: fromKysely(trx.tables<unknown>()) } : {});

function createBoss(database: Database, log: Log, work: boolean): PgBoss {
  const boss = new PgBoss({
    db: bossDatabase(database),
    schema: 'pgboss',
    useListenNotify: work,
    supervise: work,
    schedule: work,
    // A dead process is noticed only by these, and a minute is their default.
    monitorIntervalSeconds: 2,
    superviseIntervalSeconds: 2,
    cronMonitorIntervalSeconds: 5,
    cronWorkerIntervalSeconds: 1,
    registerInstance: false,
    openTelemetry: { enabled: false },
  });
  // While the database is away every worker reports it twice a second.
  let last = { message: '', at: 0 };
  boss.on('error', (error) => {
    const { message } = error;
    if (message === last.message && Date.now() - last.at < 10_000) return;
    last = { message, at: Date.now() };
    log.error({ err: error }, 'the job queue reports a problem');
  });
  boss.on('warning', (warning) => log.warn({ warning }, 'the job queue warns'));
  return boss;
}

function queueOptions({ options }: Definition) {
  return {
    notify: true,
    retryLimit: options.retryLimit ?? 20,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 60,
    heartbeatSeconds: options.heartbeatSeconds ?? 10,
    expireInSeconds: options.expireSeconds ?? DAY_SECONDS,
    // Jobs that nobody has done are deleted after this time, too.
    retentionSeconds: 365 * DAY_SECONDS,
  } satisfies Partial<Queue>;
}

async function createQueues(boss: PgBoss, definitions: ReadonlyMap<string, Definition>): Promise<void> {
  const existing = new Map((await boss.getQueues()).map((queue) => [queue.name, queue]));
  for (const [name, definition] of definitions) {
    const options = queueOptions(definition);
    const queue = existing.get(name);
    if (!queue) {
      // Both policies refuse a second waiting job with the same key; jobs that may repeat get a key of their own.
      await boss.createQueue(name, { ...options, policy: definition.options.singleton ? 'stately' : 'short' });
    }
    // Another process may have created it with other options a moment ago, and creating it again changes nothing.
    const known = new Map<string, unknown>(Object.entries(queue ?? {}));
    if (Object.entries(options).some(([key, value]) => known.get(key) !== value)) await boss.updateQueue(name, options);
  }
}

async function startWorkers(
  boss: PgBoss,
  name: string,
  { options, handler }: Definition,
  running: Set<AbortController>,
  log: Log,
): Promise<void> {
  for (let i = 0; i < (options.concurrency ?? 1); i++) {
    let workerId = '';
    workerId = await boss.work<object>(name, { batchSize: 1, ...POLL_SECONDS }, async ([job]) => {
      if (!job) return;
      const controller = new AbortController();
      // The job's own signal is aborted after every normal end, too.
      const relay = () => controller.abort(job.signal.reason);
      job.signal.addEventListener('abort', relay, { once: true });
      running.add(controller);
      try {
        await handler(job.data, { signal: controller.signal, jobId: job.id });
      } catch (error) {
        log.error({ err: error, job: name, jobId: job.id, attempt: job.retryCount + 1 }, 'a job failed');
        throw error;
      } finally {
        running.delete(controller);
        job.signal.removeEventListener('abort', relay);
        // More jobs may wait; without this the worker looks again only when its poll is due.
        boss.notifyWorker(workerId);
      }
    });
  }
}

function checkCron(boss: PgBoss, cron: string, timeZone: string): void {
  try {
    boss.previewSchedule(cron, { tz: timeZone, count: 1 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidInput(`"${cron}" in the time zone "${timeZone}" is not a schedule: ${reason}`, [
      { at: 'cron', message: reason },
    ]);
  }
}
