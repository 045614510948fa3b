import pg from 'pg';
import { describeConnectionLoss, retryConnection } from './connection-loss.ts';
import { valueParsers } from './value-parsers.ts';

export interface ConnectionOptions {
  /** Where the database is, as soon as it is known. */
  url: string | Promise<string>;
  applicationName: string;
  statementTimeoutMs?: number;
}

const PATIENCE_MS = 5_000;

/** What a connection needs except its address. */
export function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  return {
    application_name: options.applicationName,
    // Our statements are short: compiling one takes longer than running it.
    options: '-c timezone=UTC -c jit=off',
    types: valueParsers,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  };
}

type Callback = (error: unknown, client?: pg.PoolClient, release?: pg.PoolClient['release']) => void;
type Query = (...values: unknown[]) => unknown;

/** A pool that outlives restarts of the server: it waits for a connection, and says `unavailable` when none comes. */
export function openPool(options: ConnectionOptions & { poolSize: number; patienceMs?: number }): pg.Pool {
  const pool = new pg.Pool({ ...clientConfig(options), max: options.poolSize, idleTimeoutMillis: 30_000 });
  // Without listeners the death of a connection, idle or in use, would end the process. Its query fails by itself.
  pool.on('error', () => undefined);
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
  const patient = async () => {
    pool.options.connectionString = await options.url;
    return await retryConnection(connect, options.patienceMs ?? PATIENCE_MS);
  };
  pool.connect = ((done?: Callback) => {
    if (done === undefined) return patient();
    patient().then((client) => done(undefined, client, client.release.bind(client)), done);
  }) as typeof pool.connect;
  pool.query = describing(pool.query.bind(pool)) as typeof pool.query;
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    client.query = describing(client.query.bind(client)) as typeof client.query;
  });
  return pool;
}

function describing(query: unknown): Query {
  return (...values) => {
    const result = (query as Query)(...values);
    return result instanceof Promise ? result.catch(rethrow) : result;
  };
}

function rethrow(error: unknown): never {
  throw describeConnectionLoss(error);
}
