import type { Config } from './config.ts';
import { openDatabase } from './platform/database/database.ts';
import { type Log, migrate } from './platform/database/migrate.ts';

/** Checks that an external PostgreSQL answers and is new enough, and brings its tables up to date. */
export async function prepareDatabase(config: Config, url: string, log: Log): Promise<void> {
  const database = await openDatabase({ url, applicationName: 'flyball start', poolSize: 1 });
  await database.close();
  if (config.databaseOwnerUrl === undefined) return migrate(url, log);
  await migrate(config.databaseOwnerUrl, log, { appRole: decodeURIComponent(new URL(url).username) });
}
