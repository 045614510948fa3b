import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { WebhookEvent } from './webhook-event.ts';

export interface StoredWebhook {
  readonly id: string;
  readonly number: number;
  readonly project: string;
  readonly name: string;
  readonly description: string | null;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly status: 'ACTIVE' | 'DISABLED';
  /** Sealed. */
  readonly secret: Buffer | null;
  /** Until then its receiver is left alone. */
  readonly paused_until: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export type NewWebhookRow = Omit<StoredWebhook, 'number' | 'paused_until' | 'created_at' | 'updated_at'>;
export type WebhookRowChange = Partial<
  Pick<StoredWebhook, 'name' | 'description' | 'url' | 'events' | 'status' | 'secret'>
>;

export async function insertWebhook(on: Queryable, row: NewWebhookRow): Promise<StoredWebhook> {
  const { rows } = await sql<StoredWebhook>`
    insert into registry.webhook (id, project, name, description, url, events, status, secret)
    values (${row.id}, ${row.project}, ${row.name}, ${row.description}, ${row.url}, ${[...row.events]}::text[],
      ${row.status}, ${row.secret}) returning *`.execute(on.tables<unknown>());
  return rows[0]!;
}

export async function findWebhook(on: Queryable, project: string, id: string): Promise<StoredWebhook | null> {
  const { rows } = await sql<StoredWebhook>`
    select * from registry.webhook where project = ${project} and id = ${id}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

/** Newest first. */
export async function listWebhooks(
  on: Queryable,
  page: { readonly project: string; readonly limit: number; readonly before: number | null },
): Promise<StoredWebhook[]> {
  const { rows } = await sql<StoredWebhook>`
    select * from registry.webhook
    where project = ${page.project} and (${page.before}::bigint is null or number < ${page.before})
    order by number desc limit ${page.limit}`.execute(on.tables<unknown>());
  return rows;
}

/** Those that are active and listen to an event. */
export async function listListeners(on: Queryable, project: string, event: string): Promise<StoredWebhook[]> {
  const { rows } = await sql<StoredWebhook>`
    select * from registry.webhook
    where project = ${project} and status = 'ACTIVE' and ${event} = any(events)`.execute(on.tables<unknown>());
  return rows;
}

/** `null` when there is none. */
export async function updateWebhook(
  on: Queryable,
  project: string,
  id: string,
  change: WebhookRowChange,
): Promise<StoredWebhook | null> {
  const { events, secret } = change;
  const { rows } = await sql<StoredWebhook>`
    update registry.webhook set
      name = coalesce(${change.name ?? null}, name),
      description = coalesce(${change.description ?? null}, description),
      url = coalesce(${change.url ?? null}, url),
      events = coalesce(${events === undefined ? null : [...events]}::text[], events),
      status = coalesce(${change.status ?? null}, status),
      paused_until = null,
      secret = case when ${secret !== undefined} then ${secret ?? null}::bytea else secret end,
      updated_at = clock_timestamp()
    where project = ${project} and id = ${id} returning *`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

/** `null`: go on. */
export async function pauseWebhook(on: Queryable, id: string, until: Date | null): Promise<void> {
  await sql`update registry.webhook set paused_until = ${until} where id = ${id}
    and paused_until is distinct from ${until}`.execute(on.tables<unknown>());
}

/** Its deliveries go with it. */
export async function deleteWebhook(on: Queryable, project: string, id: string): Promise<boolean> {
  const result = await sql`delete from registry.webhook where project = ${project} and id = ${id}`.execute(
    on.tables<unknown>(),
  );
  return result.numAffectedRows === 1n;
}
