import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { WebhookEvent } from './webhook-event.ts';
import type { StoredWebhook } from './webhook-store.ts';

export interface StoredDelivery {
  readonly id: string;
  readonly number: number;
  readonly webhook_id: string;
  readonly event: WebhookEvent;
  readonly payload: string;
  readonly state: 'waiting' | 'delivered' | 'failed' | 'dropped';
  readonly attempts: number;
  readonly response_status: number | null;
  readonly error: string | null;
  readonly created_at: Date;
  readonly tried_at: Date | null;
}

/** False when the event was handled before. */
export async function insertDelivery(
  on: Queryable,
  row: Pick<StoredDelivery, 'id' | 'webhook_id' | 'event' | 'payload'> & { readonly event_id: number | null },
): Promise<boolean> {
  const result = await sql`
    insert into registry.webhook_delivery (id, webhook_id, event_id, event, payload, state)
    values (${row.id}, ${row.webhook_id}, ${row.event_id}, ${row.event}, ${row.payload}, 'waiting')
    on conflict (webhook_id, event_id) do nothing`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

export type DueDelivery = StoredDelivery & Pick<StoredWebhook, 'url' | 'status' | 'secret' | 'paused_until'>;

/** With the webhook as it is now; `null` when either is gone. */
export async function findDelivery(on: Queryable, id: string): Promise<DueDelivery | null> {
  const { rows } = await sql<DueDelivery>`
    select d.*, w.url, w.status, w.secret, w.paused_until
    from registry.webhook_delivery d join registry.webhook w on w.id = d.webhook_id
    where d.id = ${id}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export type DeliveryOutcome = Pick<StoredDelivery, 'state' | 'response_status' | 'error'>;

/** False when another process has settled this attempt. */
export async function settleDelivery(
  on: Queryable,
  { id, attempts }: Pick<StoredDelivery, 'id' | 'attempts'>,
  outcome: DeliveryOutcome & { readonly wasTried: boolean },
): Promise<boolean> {
  const result = await sql`
    update registry.webhook_delivery set
      state = ${outcome.state}, attempts = attempts + ${outcome.wasTried ? 1 : 0}::int,
      response_status = ${outcome.response_status}, error = ${outcome.error},
      tried_at = case when ${outcome.wasTried} then clock_timestamp() else tried_at end
    where id = ${id} and state = 'waiting' and attempts = ${attempts}`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

/** Newest first. */
export async function listDeliveries(
  on: Queryable,
  page: { readonly webhook: string; readonly limit: number; readonly before: number | null },
): Promise<StoredDelivery[]> {
  const { rows } = await sql<StoredDelivery>`
    select * from registry.webhook_delivery
    where webhook_id = ${page.webhook} and (${page.before}::bigint is null or number < ${page.before})
    order by number desc limit ${page.limit}`.execute(on.tables<unknown>());
  return rows;
}

/** Deletes some of those that have become old. */
export async function pruneDeliveries(on: Queryable, keepDays: number): Promise<void> {
  await sql`
    delete from registry.webhook_delivery where id in (
      select id from registry.webhook_delivery
      where created_at < clock_timestamp() - make_interval(days => ${keepDays})
      order by created_at limit 1000 for update skip locked)`.execute(on.tables<unknown>());
}
