import { readdir, readFile } from 'node:fs/promises';
import { PlatformError } from '@flyball/api';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { BaseLogger } from 'pino';
import { serverFolder } from '../server-files.ts';
import { openPool } from './connection-pool.ts';
import { grantToPrograms } from './grant-to-programs.ts';

export type Log = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>;

const SCHEMA = 'flyball_migrations';
const INSUFFICIENT_PRIVILEGE = '42501';
const folder = new URL('migrations/', serverFolder);

/** The SQL files of `server/migrations` by name, without the extension. */
export async function readMigrations(): Promise<Record<string, Migration>> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort();
  const files = names.map(async (name): Promise<[string, Migration]> => {
    const text = await readFile(new URL(name, folder), 'utf8');
    return [name.slice(0, -'.sql'.length), { up: async (db) => void (await sql.raw(text).execute(db)) }];
  });
  return Object.fromEntries(await Promise.all(files));
}

/**
 * Brings the database to the newest migration; several programs may do so at once.
 * `appRole` is the account of the programs when it is not the owner: it receives its rights here.
 */
export async function migrate(ownerUrl: string, log: Log, options: { appRole?: string } = {}): Promise<void> {
  const pool = openPool({ url: ownerUrl, applicationName: 'flyball migrate', poolSize: 2 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const waiting = setTimeout(() => log.info({}, 'waiting for the migration lock, or for a long migration'), 2_000);
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: readMigrations },
      migrationTableSchema: SCHEMA,
      // Each module numbers its own files, so a new file of an early module sorts before an executed one of a late
      // module.
      allowUnorderedMigrations: true,
    });
    const { error, results = [] } = await migrator.migrateToLatest();
    const failed = results.find((result) => result.status === 'Error');
    if (error !== undefined) throw migrationFailure(failed?.migrationName, error);
    for (const result of results) log.info({ migration: result.migrationName }, 'migrated');
    if (options.appRole !== undefined) await grantToPrograms(db, options.appRole);
  } finally {
    clearTimeout(waiting);
    await db.destroy();
  }
}

function migrationFailure(name: string | undefined, cause: unknown): unknown {
  if (cause instanceof PlatformError || !(cause instanceof Error)) return cause;
  if ('code' in cause && cause.code === INSUFFICIENT_PRIVILEGE) {
    const advice = 'let it own the database, or give the address of an owner as FLYBALL_DATABASE_OWNER_URL';
    return new PlatformError(
      'unavailable',
      `The account of the database may not make tables (${cause.message}): ${advice}`,
      { cause },
    );
  }
  const where = 'position' in cause ? ` (at character ${String(cause.position)})` : '';
  const what = name === undefined ? 'The migrations' : `Migration ${name}`;
  return new PlatformError('internal', `${what} failed${where}: ${cause.message}`, { cause });
}
