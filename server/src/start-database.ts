import type { Config } from './config.ts';
import { startEmbeddedPostgres } from './platform/database/embedded-postgres.ts';
import { type Log, migrate } from './platform/database/migrate.ts';
import { prepareDatabase } from './prepare-database.ts';

export interface StartedDatabase {
  readonly url: string;
  /** Stops what was started; a PostgreSQL that ran already goes on. */
  stop(): Promise<void>;
}

/** The PostgreSQL that the configuration names, or one of our own in the data folder, with tables up to date. */
export async function startDatabase(config: Config, log: Log): Promise<StartedDatabase> {
  if (config.databaseUrl !== undefined) {
    await prepareDatabase(config, config.databaseUrl, log);
    return { url: config.databaseUrl, stop: async () => undefined };
  }
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  try {
    await migrate(postgres.ownerUrl, log, { appRole: 'flyball' });
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return { url: postgres.url, stop: () => postgres.stop() };
}
