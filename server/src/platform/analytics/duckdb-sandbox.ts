import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { PlatformError } from '@flyball/api';
import { ownedName } from '../processes/owned-name.ts';
import { type AnalyticsJob, type AnalyticsSession, type HeldAnalytics, quoteLiteral } from './analytics.ts';
import { DuckdbSession } from './duckdb-session.ts';

type Work<T> = (session: AnalyticsSession) => Promise<T>;

/** A locked instance of DuckDB with its folder. */
interface Sandbox {
  use<T>(stop: AbortSignal, work: Work<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openSandbox(
  limits: { readonly memoryLimitMb: number; readonly threads: number },
  scratchDir: string,
  job: AnalyticsJob,
): Promise<Sandbox> {
  const scratch = join(scratchDir, ownedName());
  const memoryLimitMb = job.memoryLimitMb ?? limits.memoryLimitMb;
  await mkdir(scratch, { mode: 0o700 });
  try {
    const { instance, connection } = await openLocked(scratch, memoryLimitMb, job.threads ?? limits.threads);
    return {
      async use(stop, work) {
        const failed = { name: job.name, scratch, memoryLimitMb };
        const session = new DuckdbSession(connection, failed, stop, () => instance.connect());
        try {
          const result = await work(session);
          stop.throwIfAborted();
          return result;
        } finally {
          await session.settle();
        }
      },
      async close() {
        connection.closeSync();
        instance.closeSync();
        await rm(scratch, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
}

async function openLocked(scratch: string, memoryLimitMb: number, threads: number) {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${memoryLimitMb}MB`,
    temp_directory: join(scratch, 'spill'),
    home_directory: scratch,
    allow_persistent_secrets: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    // What cannot be said at creation. The order matters: each line is possible only before the next one.
    await connection.run(
      [
        "SET TimeZone = 'UTC'",
        `SET allowed_directories = [${quoteLiteral(`${scratch}/`)}]`,
        'SET enable_external_access = false',
        'SET lock_configuration = true',
      ].join(';\n'),
    );
    return { instance, connection };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

export async function once<T>(open: () => Promise<Sandbox>, stop: AbortSignal, work: Work<T>): Promise<T> {
  const sandbox = await open();
  try {
    return await sandbox.use(stop, work);
  } finally {
    await sandbox.close();
  }
}

/** A sandbox between uses. It opens with the first one; an error may leave anything behind, so it ends with that. */
export function holdSandbox(
  open: () => Promise<Sandbox>,
  inPlace: <T>(work: (stop: AbortSignal) => Promise<T>) => Promise<T>,
  forget: () => void,
): HeldAnalytics {
  let sandbox: Sandbox | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  async function end(): Promise<void> {
    isClosed = true;
    forget();
    const ended = sandbox;
    sandbox = undefined;
    await ended?.close();
  }

  async function use<T>(stop: AbortSignal, work: Work<T>): Promise<T> {
    try {
      sandbox ??= await open();
      return await sandbox.use(stop, work);
    } catch (error) {
      await end();
      throw error;
    }
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    get isClosed() {
      return isClosed;
    },
    use: (work) =>
      inTurn(async () => {
        if (isClosed) throw new PlatformError('unavailable', 'What was held is closed: start again from nothing');
        return await inPlace((stop) => use(stop, work));
      }),
    close: () => inTurn(end),
  };
}
