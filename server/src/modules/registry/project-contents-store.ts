import { sql } from 'kysely';
import type { NameConflict } from '#platform/access/project-contents';
import type { Queryable } from '#platform/database/database';

const MOST_CONFLICTS = 20;

/** Names of models and webhooks that both projects have. */
export async function findNameConflicts(trx: Queryable, from: string, to: string): Promise<NameConflict[]> {
  const { rows } = await sql<NameConflict>`
    (select 'model' as kind, name from registry.model one where project = ${from} and exists
      (select from registry.model other where other.project = ${to} and other.name = one.name)
      order by name limit ${MOST_CONFLICTS})
    union all
    (select distinct 'webhook', name from registry.webhook one where project = ${from} and exists
      (select from registry.webhook other where other.project = ${to} and other.name = one.name)
      order by name limit ${MOST_CONFLICTS})`.execute(trx.tables<unknown>());
  return rows;
}

/** Models take their versions and aliases along, by the foreign keys. */
export async function moveModels(trx: Queryable, from: string, to: string) {
  const db = trx.tables<unknown>();
  const models = await sql`update registry.model set project = ${to} where project = ${from}`.execute(db);
  const webhooks = await sql`update registry.webhook set project = ${to} where project = ${from}`.execute(db);
  return { models: Number(models.numAffectedRows ?? 0n), webhooks: Number(webhooks.numAffectedRows ?? 0n) };
}

/** Deletes some models with their versions; returns their names. */
export async function deleteSomeModels(on: Queryable, project: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`delete from registry.model where project = ${project} and name in
      (select name from registry.model where project = ${project} order by name limit ${limit})
    returning name`.execute(on.tables<unknown>());
  return rows.map(({ name }) => name);
}

/** Deletes some deliveries, then webhooks; false when nothing is left. */
export async function deleteSomeWebhooks(on: Queryable, project: string, limit: number): Promise<boolean> {
  const db = on.tables<unknown>();
  const deliveries = await sql`delete from registry.webhook_delivery where id in
    (select d.id from registry.webhook_delivery d join registry.webhook w on w.id = d.webhook_id
      where w.project = ${project} limit ${limit})`.execute(db);
  if ((deliveries.numAffectedRows ?? 0n) > 0n) return true;
  const webhooks = await sql`delete from registry.webhook where project = ${project}`.execute(db);
  return (webhooks.numAffectedRows ?? 0n) > 0n;
}
