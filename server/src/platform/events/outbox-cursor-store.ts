import type { Pool, PoolClient } from 'pg';
import type { OutboxPosition, PlacedEvent } from './outbox-store.ts';

/**
 * The cursors of the subscribers that this process serves. One connection holds their locks and moves their cursors, so
 * a process that lost its locks with its connection cannot move them either, and the death of a process frees them.
 * Locks of a session rather than of rows: a transaction held open while a handler runs would hold up all readers.
 */
export interface OutboxCursorStore {
  /** Takes the subscribers that nobody serves, and returns where they are. */
  acquire(subscribers: readonly string[]): Promise<{ subscriber: string; position: OutboxPosition }[]>;
  moveTo(subscriber: string, position: OutboxPosition): Promise<void>;
  /** Counts a try that may kill this process, and returns how many there have been. */
  beginTry(subscriber: string, eventId: number): Promise<number>;
  park(subscriber: string, event: PlacedEvent, error: string): Promise<void>;
  /** Called once, when the connection and the locks are gone. */
  onLost(handler: () => void): void;
  release(): Promise<void>;
}

const lockKey = "hashtextextended('flyball outbox ' || subscriber, 0)";

export async function openOutboxCursors(pool: Pool): Promise<OutboxCursorStore> {
  const client = await pool.connect();
  const lost = Promise.withResolvers<void>();
  client.on('error', () => lost.resolve());
  client.on('end', () => lost.resolve());
  const query = oneAtATime(client, () => lost.resolve());
  // A cursor that falls back when the database crashes repeats some events, which handlers must bear anyway.
  await query('set synchronous_commit = off', []);
  return {
    async acquire(subscribers) {
      const rows = await query<{ subscriber: string; xid: string; id: number }>(
        `select subscriber, xid::text as xid, id from platform.outbox_cursor
         where subscriber = any($1::text[]) and pg_try_advisory_lock(${lockKey})`,
        [subscribers],
      );
      return rows.map(({ subscriber, xid, id }) => ({ subscriber, position: { xid, id } }));
    },
    async moveTo(subscriber, { xid, id }) {
      await query(
        `update platform.outbox_cursor
         set xid = $2::xid8, id = $3, failing_id = null, tries = 0, updated_at = clock_timestamp()
         where subscriber = $1`,
        [subscriber, xid, id],
      );
    },
    async beginTry(subscriber, eventId) {
      const [row] = await query<{ tries: number }>(
        `update platform.outbox_cursor
         set failing_id = $2, tries = case when failing_id = $2 then tries + 1 else 1 end
         where subscriber = $1 returning tries`,
        [subscriber, eventId],
      );
      return row?.tries ?? 1;
    },
    async park(subscriber, { id, project, name, payload }, error) {
      await query(
        `insert into platform.outbox_parked (subscriber, event_id, project, name, payload, error)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
        [subscriber, id, project, name, JSON.stringify(payload), error],
      );
    },
    onLost(handler) {
      void lost.promise.then(handler);
    },
    async release() {
      await query('select pg_advisory_unlock_all()', []).catch(() => undefined);
      // The connection goes, too: its settings are not those that others expect.
      client.release(true);
    },
  };
}

type Query = <R>(text: string, values: readonly unknown[]) => Promise<R[]>;

function oneAtATime(client: PoolClient, onFailure: () => void): Query {
  let last: Promise<unknown> = Promise.resolve();
  return <R>(text: string, values: readonly unknown[]) => {
    const turn = last.then(async () => {
      const result: { rows: unknown[] } = await client.query(text, [...values]);
      return result.rows as R[];
    });
    last = turn.catch(onFailure);
    return turn;
  };
}
