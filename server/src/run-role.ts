import { once } from 'node:events';
import { PlatformError } from '@flyball/api';
import type { Config, Role } from './config.ts';
import { startPhase } from './exit-code.ts';
import { connectionUrls, readConnectionFile } from './platform/database/connection-file.ts';
import type { Log } from './platform/database/migrate.ts';
import { isAlive } from './platform/process-identity.ts';
import { prepareDatabase } from './prepare-database.ts';

export interface RunningRole {
  /** Where it answers, when it listens. */
  readonly url?: string;
  close(): Promise<void>;
}

export type StartRole = (config: Config, role: Role) => Promise<RunningRole>;

/** What a role tells its supervisor. */
export interface ReadyMessage {
  readonly ready: Role;
  readonly url?: string;
}

export interface FailedMessage {
  readonly failed: { readonly code: number; readonly message: string };
}

const DRAIN_MS = 25_000;

/** Runs one role until a signal, or until its supervisor is gone. */
export async function runRole(config: Config, role: Role, load: () => Promise<StartRole>, log: Log): Promise<void> {
  const end = Promise.withResolvers<undefined>();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end.resolve(undefined));
  process.once('disconnect', () => process.exit(0));
  const start = async (): Promise<RunningRole> => {
    const [startRole, ready] = await Promise.all([load(), withDatabase(config, log)]);
    return startRole(ready, role);
  };
  const running = await Promise.race([start(), end.promise]);
  if (running === undefined) return;
  tellReady(role, running.url);
  await end.promise;
  setTimeout(() => process.exit(1), DRAIN_MS).unref();
  await running.close();
}

function tellReady(role: Role, url: string | undefined): void {
  const message: ReadyMessage = { ready: role, ...(url === undefined ? {} : { url }) };
  if (process.send !== undefined) process.send(message);
  else process.stdout.write(`Flyball ${role} is ready${url === undefined ? '' : ` at ${url}`}\n`);
}

/**
 * The supervisor says where the database is. Without one a role migrates by itself, or joins a Flyball that runs
 * here.
 */
async function withDatabase(config: Config, log: Log): Promise<Config> {
  if (process.send !== undefined) {
    const [message]: { databaseUrl: string }[] = await once(process, 'message');
    return { ...config, databaseUrl: message!.databaseUrl };
  }
  return startPhase('database', async () => {
    if (config.databaseUrl !== undefined) {
      await prepareDatabase(config, config.databaseUrl, log);
      return config;
    }
    const connection = readConnectionFile(config.dataDir);
    if (connection?.supervisor !== undefined && isAlive(connection.supervisor))
      return { ...config, databaseUrl: connectionUrls(connection).url };
    throw new PlatformError(
      'unavailable',
      `No Flyball runs in ${config.dataDir}: start one with "flyball up", or set DATABASE_URL for this role`,
    );
  });
}
