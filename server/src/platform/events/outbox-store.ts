import { sql } from 'kysely';
import type { Database, Transaction } from '../database/database.ts';

export interface OutboxEvent {
  id: number;
  /** When it was published, ISO 8601. */
  at: string;
  project: string;
  name: string;
  payload: Record<string, unknown>;
}

/**
 * A place in the outbox. Ids alone would not do: they are given out when a row is written, but become visible when its
 * transaction commits, so a reader that went by ids would skip events of slow transactions. Rows of transactions older
 * than the oldest running one can no longer appear; below that line the order (xid, id) is final.
 */
export interface OutboxPosition {
  /** A 64-bit transaction id, as text. */
  xid: string;
  id: number;
}

export interface PlacedEvent extends OutboxEvent {
  position: OutboxPosition;
}

export interface OutboxBatch {
  events: PlacedEvent[];
  /** All events of these names before this place have been seen with this batch. */
  seen: OutboxPosition;
  /** Whether events of these names wait for an older transaction to end. */
  isHeldUp: boolean;
}

export interface NewEvent {
  readonly project: string;
  readonly name: string;
  readonly payload: object;
}

export interface OutboxStore {
  insert(trx: Transaction, events: readonly NewEvent[]): Promise<OutboxEvent[]>;
  /** Lets a new subscriber begin now; one that is known goes on where it was. */
  register(subscribers: readonly string[]): Promise<void>;
  read(after: OutboxPosition, names: readonly string[], limit: number): Promise<OutboxBatch>;
  /** Regardless of the final order: for those who only watch. */
  newerThan(id: number, limit: number): Promise<OutboxEvent[]>;
  find(id: number): Promise<OutboxEvent | undefined>;
  newestId(): Promise<number>;
  /** Whether there are events of a project that the subscriber has not handled, or is handling. */
  hasUnhandled(subscriber: string, names: readonly string[], project: string): Promise<boolean>;
  /** Deletes old events that every subscriber has passed. */
  prune(keepDays: number): Promise<number>;
}

interface Row {
  id: number;
  at: Date;
  project: string;
  name: string;
  payload: Record<string, unknown>;
}

const toEvent = ({ id, at, project, name, payload }: Row): OutboxEvent => ({
  id,
  at: at.toISOString(),
  project,
  name,
  payload,
});

export function createOutboxStore(database: Database): OutboxStore {
  const db = database.tables<unknown>();
  return {
    async insert(trx, events) {
      const column = (pick: (event: NewEvent) => string) => events.map(pick);
      const { rows } = await sql<Row>`
        insert into platform.outbox (project, name, payload)
        select * from unnest(${column(({ project }) => project)}::text[], ${column(({ name }) => name)}::text[],
          ${column(({ payload }) => JSON.stringify(payload))}::jsonb[])
        returning id, at, project, name, payload`.execute(trx.tables<unknown>());
      return rows.map(toEvent);
    },
    async register(subscribers) {
      await sql`
        insert into platform.outbox_cursor (subscriber, xid)
        select subscriber, pg_snapshot_xmin(pg_current_snapshot()) from unnest(${subscribers}::text[]) as subscriber
        on conflict do nothing`.execute(db);
    },
    read: (after, names, limit) => readBatch(database, after, names, limit),
    async newerThan(id, limit) {
      const { rows } = await sql<Row>`
        select id, at, project, name, payload from platform.outbox where id > ${id} order by id limit ${limit}`.execute(
        db,
      );
      return rows.map(toEvent);
    },
    async find(id) {
      const { rows } = await sql<Row>`
        select id, at, project, name, payload from platform.outbox where id = ${id}`.execute(db);
      return rows[0] && toEvent(rows[0]);
    },
    async newestId() {
      const { rows } = await sql<{ id: number | null }>`select max(id) as id from platform.outbox`.execute(db);
      return rows[0]?.id ?? 0;
    },
    async hasUnhandled(subscriber, names, project) {
      const { rows } = await sql<{ found: boolean }>`
        select exists (
          select from platform.outbox event, platform.outbox_cursor cursor
          where cursor.subscriber = ${subscriber} and (event.xid, event.id) > (cursor.xid, cursor.id)
            and event.name = any(${names}::text[]) and event.project = ${project}) as found`.execute(db);
      return rows[0]!.found;
    },
    async prune(keepDays) {
      const { rows } = await sql`
        delete from platform.outbox where id in (
          select id from platform.outbox
          where at < clock_timestamp() - make_interval(days => ${keepDays}) and (xid, id) < (
            select xid, id from platform.outbox_cursor where updated_at > clock_timestamp() - interval '30 days'
            order by xid, id limit 1)
          order by xid, id limit 10000)
        returning id`.execute(db);
      return rows.length;
    },
  };
}

async function readBatch(
  database: Database,
  after: OutboxPosition,
  names: readonly string[],
  limit: number,
): Promise<OutboxBatch> {
  // One statement sees one snapshot, so the line it draws fits the rows it reads.
  const { rows } = await sql<Partial<Row> & { xid: string; horizon: string; held_up: boolean }>`
    with line as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as horizon)
    select line.horizon::text as horizon, event.*, exists (
      select from platform.outbox where xid >= line.horizon and name = any(${names}::text[])) as held_up
    from line left join lateral (
      select id, xid::text as xid, at, project, name, payload from platform.outbox
      where (outbox.xid, outbox.id) > (${after.xid}::xid8, ${after.id}) and outbox.xid < line.horizon
        and outbox.name = any(${names}::text[])
      order by outbox.xid, outbox.id limit ${limit}) event on true`.execute(database.tables<unknown>());
  const events = rows
    .filter((row): row is typeof row & Row => row.id !== null && row.id !== undefined)
    .map((row) => ({ ...toEvent(row), position: { xid: row.xid, id: row.id } }));
  const seen = events.length === limit ? events.at(-1)!.position : { xid: rows[0]!.horizon, id: 0 };
  return { events, seen, isHeldUp: rows[0]!.held_up };
}
