import { PlatformError } from '@flyball/api';
import type { Config, Role } from './config.ts';
import { startPhase } from './exit-code.ts';
import type { Log } from './platform/database/migrate.ts';
import { isAlive } from './platform/process-identity.ts';

export interface RunningRole {
  /** Where it answers, when it listens. */
  readonly url?: string;
  close(): Promise<void>;
}

/** A role is composed while the database starts: the configuration with its address comes when it is known. */
export type StartRole = (config: Config, role: Role, complete: Promise<Config>) => Promise<RunningRole>;

/** What a role tells its supervisor. */
export interface ReadyMessage {
  readonly ready: Role;
  readonly url?: string;
}

/** What a supervisor says: first that the data folder is ours, then where the database is. */
export interface SupervisorMessage {
  readonly databaseUrl?: string;
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
  if (process.send !== undefined && !process.connected) process.exit(0);
  const start = async (): Promise<RunningRole> => {
    const { begun, complete } = process.send === undefined ? alone(config, log) : supervised(config);
    complete.catch(() => undefined);
    const [startRole] = await Promise.all([load(), begun]);
    return startRole(config, role, complete);
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

interface Beginning {
  /** From then on the role may touch the data folder. */
  readonly begun: Promise<void>;
  readonly complete: Promise<Config>;
}

function supervised(config: Config): Beginning {
  const begun = Promise.withResolvers<void>();
  const complete = Promise.withResolvers<Config>();
  process.on('message', ({ databaseUrl }: SupervisorMessage) => {
    begun.resolve();
    if (databaseUrl !== undefined) complete.resolve({ ...config, databaseUrl });
  });
  return { begun: begun.promise, complete: complete.promise };
}

const alone = (config: Config, log: Log): Beginning => ({
  begun: Promise.resolve(),
  complete: findDatabase(config, log),
});

/** Without a supervisor a role migrates by itself, or joins a Flyball that runs here. */
async function findDatabase(config: Config, log: Log): Promise<Config> {
  return startPhase('database', async () => {
    if (config.databaseUrl !== undefined) {
      const { prepareDatabase } = await import('./prepare-database.ts');
      await prepareDatabase(config, config.databaseUrl, log);
      return config;
    }
    const { connectionUrls, readConnectionFile } = await import('./platform/database/connection-file.ts');
    const connection = readConnectionFile(config.dataDir);
    if (connection?.supervisor !== undefined && isAlive(connection.supervisor))
      return { ...config, databaseUrl: connectionUrls(connection).url };
    throw new PlatformError(
      'unavailable',
      `No Flyball runs in ${config.dataDir}: start one with "flyball up", or set DATABASE_URL for this role`,
    );
  });
}
