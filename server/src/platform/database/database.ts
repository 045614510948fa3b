import { PlatformError } from '@flyball/api';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Pool } from 'pg';
import { describeConnectionLoss } from './connection-loss.ts';
import { type ConnectionOptions, openPool } from './connection-pool.ts';
import { openListener } from './notification-listener.ts';

export interface Queryable {
  /** Kysely over the tables a store declares; the same connection, or the same transaction. */
  tables<T>(): Kysely<T>;
}

export interface Transaction extends Queryable {
  /** Runs `work` once the transaction has committed, and never when it was rolled back. */
  afterCommit(work: () => void): void;
}

export interface Database extends Queryable {
  transaction<R>(work: (trx: Transaction) => Promise<R>): Promise<R>;
  /**
   * Calls `handler` for each notification, across reconnections; what was sent while the connection was down is lost.
   */
  listen(channel: string, handler: (payload: string) => void): Promise<() => Promise<void>>;
  /** Called after the listening connection was replaced: time to look for what was missed. */
  onReconnect(handler: () => void): () => void;
  notify(channel: string, payload: string, trx?: Transaction): Promise<void>;
  notifyAll(channel: string, payloads: readonly string[], trx: Transaction): Promise<void>;
  /** For pg-boss and for bulk UNNEST statements in stores. */
  readonly pool: Pool;
  /** As PostgreSQL names it, for example `18.4`; known when `check` has passed. */
  readonly serverVersion: string;
  /** Waits for the server; says `unavailable` when it cannot be reached or is not one we can use. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseOptions extends ConnectionOptions {
  poolSize: number;
  /** How long to wait for a server that does not answer before saying `unavailable`. */
  patienceMs?: number;
}

const OLDEST_VERSION = 150_000;

/** A database that has been checked. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const database = createDatabase(options);
  try {
    await database.check();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Connects when it is first used: programs are composed while the server starts. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = openPool(options);
  let serverVersion = 'unknown';
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const listener = openListener(options);
  const over = (connection: Kysely<unknown>): Queryable => ({
    tables: <T>() => connection as unknown as Kysely<T>,
  });
  return {
    ...over(kysely),
    pool,
    get serverVersion() {
      return serverVersion;
    },
    async check() {
      serverVersion = await checkServer(pool).catch((error: unknown) => {
        if (error instanceof PlatformError) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw new PlatformError('unavailable', `The database cannot be used: ${reason}`, { cause: error });
      });
    },
    async transaction(work) {
      const later: (() => void)[] = [];
      const result = await kysely
        .transaction()
        .execute((trx) => work({ ...over(trx), afterCommit: (next) => void later.push(next) }))
        .catch((error: unknown) => {
          throw describeConnectionLoss(error);
        });
      for (const next of later) runAfterCommit(next);
      return result;
    },
    listen: (channel, handler) => listener.listen(channel, handler),
    onReconnect: (handler) => listener.onReconnect(handler),
    async notifyAll(channel, payloads, trx) {
      const given = sql`unnest(${[...payloads]}::text[]) as payload`;
      await sql`select pg_notify(${channel}, payload) from ${given}`.execute(trx.tables<unknown>());
    },
    async notify(channel, payload, trx) {
      await sql`select pg_notify(${channel}, ${payload})`.execute(trx?.tables<unknown>() ?? kysely);
    },
    async close() {
      await listener.close();
      await kysely.destroy();
    },
  };
}

/** The change is committed already: a failing follow-up must not tell the caller otherwise. */
function runAfterCommit(work: () => void): void {
  try {
    work();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}

async function checkServer(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ number: number; version: string; encoding: string }>(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
            current_setting('server_encoding') as encoding`,
  );
  const server = rows[0]!;
  if (server.number < OLDEST_VERSION) {
    throw new PlatformError('unavailable', `PostgreSQL ${server.version} is too old: Flyball needs 15 or newer`);
  }
  if (server.encoding !== 'UTF8') {
    throw new PlatformError('unavailable', `The database has the encoding ${server.encoding}: Flyball needs UTF8`);
  }
  return server.version;
}
