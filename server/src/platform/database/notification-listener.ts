import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { isConnectionLoss, retryConnection } from './connection-loss.ts';
import { type ConnectionOptions, clientConfig } from './connection-pool.ts';

type Handler = (payload: string) => void;

const PATIENCE_MS = 5_000;

export interface NotificationListener {
  listen(channel: string, handler: Handler): Promise<() => Promise<void>>;
  onReconnect(handler: () => void): () => void;
  close(): Promise<void>;
}

/** LISTEN on one pinned connection, which is opened when first needed and replaced whenever it breaks. */
export function openListener(options: ConnectionOptions): NotificationListener {
  const handlers = new Map<string, Set<Handler>>();
  const reconnectHandlers = new Set<() => void>();
  let connection: Promise<pg.Client> | undefined;
  let closed = false;

  async function connect(): Promise<pg.Client> {
    const client = await createClient(options);
    client.on('notification', ({ channel, payload }) => {
      for (const handler of handlers.get(channel) ?? []) handler(payload ?? '');
    });
    try {
      await client.connect();
      for (const channel of handlers.keys()) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    client.once('end', () => {
      if (closed) return;
      connection = reconnect();
      connection.catch(() => undefined);
    });
    return client;
  }

  async function reconnect(): Promise<pg.Client> {
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      if (closed) throw new Error('The listener is closed');
      try {
        const client = await connect();
        for (const handler of reconnectHandlers) handler();
        return client;
      } catch {
        await sleep(pauseMs, undefined, { ref: false });
      }
    }
  }

  const run = oneAtATime(async (statement: string): Promise<void> => {
    connection ??= retryConnection(connect, PATIENCE_MS);
    const mine = connection;
    mine.catch(() => {
      if (connection === mine) connection = undefined;
    });
    const client = await mine;
    try {
      await client.query(statement);
    } catch (error) {
      // The replacement connection listens to everything in `handlers`, so nothing is left to do.
      if (!isConnectionLoss(error)) throw error;
    }
  });

  return {
    async listen(channel, handler) {
      const known = handlers.get(channel);
      if (known !== undefined) known.add(handler);
      else handlers.set(channel, new Set([handler]));
      await run(`listen ${pg.escapeIdentifier(channel)}`);
      return async () => {
        const set = handlers.get(channel);
        set?.delete(handler);
        if (set?.size !== 0 || closed) return;
        handlers.delete(channel);
        await run(`unlisten ${pg.escapeIdentifier(channel)}`);
      };
    },
    onReconnect(handler) {
      reconnectHandlers.add(handler);
      return () => reconnectHandlers.delete(handler);
    },
    async close() {
      closed = true;
      const client = await connection?.catch(() => undefined);
      await client?.end().catch(() => undefined);
    },
  };
}

async function createClient(options: ConnectionOptions): Promise<pg.Client> {
  const place = { connectionString: await options.url, statement_timeout: 0 };
  const client = new pg.Client({ ...clientConfig(options), ...place });
  client.on('error', () => undefined);
  return client;
}

/** A client executes one statement at a time. */
function oneAtATime(work: (statement: string) => Promise<void>): (statement: string) => Promise<void> {
  let last = Promise.resolve();
  return (statement) => {
    const turn = last.then(() => work(statement));
    last = turn.catch(() => undefined);
    return turn;
  };
}
