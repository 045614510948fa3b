import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { ownedName } from '../processes/owned-name.ts';
import { type AnalyticsJob, quoteLiteral } from './analytics.ts';
import { DuckdbSession } from './duckdb-session.ts';
import type { Sandbox } from './sandbox.ts';

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
