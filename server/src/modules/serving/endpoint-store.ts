import { type EndpointDefinition as Definition, EndpointDefinition } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface EndpointRow {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly definition: Definition;
  readonly champion: number | null;
  readonly watermark: Date | null;
  readonly is_declared: boolean;
  readonly settled_until: Date | null;
  readonly next_due: Date | null;
  readonly due_changes: number;
  readonly log_position: number;
  readonly log_sequence: number;
  readonly last_prediction_at: Date | null;
  readonly feature_names: string[];
  readonly predictions: number;
  readonly labels: number;
  readonly unknown_labels: number;
  readonly lost_predictions: number;
  readonly snapshot_sequence: number;
  readonly snapshot_until: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Stored definitions are read by the present schema, which gives newer fields their defaults. */
const present = (row: EndpointRow): EndpointRow => ({ ...row, definition: EndpointDefinition.parse(row.definition) });

/** A new endpoint, or a new definition of the old one. */
export async function upsertEndpoint(
  on: Queryable,
  project: string,
  id: string,
  definition: Definition,
): Promise<EndpointRow> {
  const { rows } = await sql<EndpointRow>`
    insert into serving.endpoint (id, project, name, definition)
    values (${id}, ${project}, ${definition.name}, ${JSON.stringify(definition)}::jsonb)
    on conflict (project, name) do update set definition = excluded.definition, updated_at = clock_timestamp()
    returning *`.execute(on.tables<unknown>());
  return present(rows[0]!);
}

export async function findEndpoint(on: Queryable, project: string, name: string): Promise<EndpointRow | null> {
  const { rows } = await sql<EndpointRow>`
    select * from serving.endpoint where project = ${project} and name = ${name}`.execute(on.tables<unknown>());
  return rows[0] === undefined ? null : present(rows[0]);
}

export async function findEndpointById(on: Queryable, id: string): Promise<EndpointRow | null> {
  const { rows } = await sql<EndpointRow>`select * from serving.endpoint where id = ${id}`.execute(
    on.tables<unknown>(),
  );
  return rows[0] === undefined ? null : present(rows[0]);
}

/** The row, locked until the transaction ends. */
export async function lockEndpoint(on: Queryable, id: string): Promise<EndpointRow | null> {
  const { rows } = await sql<EndpointRow>`select * from serving.endpoint where id = ${id} for update`.execute(
    on.tables<unknown>(),
  );
  return rows[0] === undefined ? null : present(rows[0]);
}

export interface EndpointPage {
  readonly project: string;
  readonly limit: number;
  readonly after?: string | undefined;
  readonly search?: string | undefined;
}

/** By name. */
export async function listEndpoints(on: Queryable, page: EndpointPage): Promise<EndpointRow[]> {
  const after = page.after === undefined ? sql`` : sql`and name > ${page.after}`;
  const search = page.search === undefined ? sql`` : sql`and strpos(lower(name), ${page.search.toLowerCase()}) > 0`;
  const { rows } = await sql<EndpointRow>`
    select * from serving.endpoint where project = ${page.project} ${after} ${search}
    order by name limit ${page.limit}`.execute(on.tables<unknown>());
  return rows.map(present);
}

export async function listAllEndpoints(on: Queryable): Promise<EndpointRow[]> {
  const { rows } = await sql<EndpointRow>`select * from serving.endpoint order by project, name`.execute(
    on.tables<unknown>(),
  );
  return rows.map(present);
}

export async function deleteEndpoint(on: Queryable, id: string): Promise<void> {
  await sql`delete from serving.endpoint where id = ${id}`.execute(on.tables<unknown>());
}

export async function setChampion(on: Queryable, id: string, version: number): Promise<void> {
  await sql`update serving.endpoint set champion = ${version}, updated_at = clock_timestamp() where id = ${id}`.execute(
    on.tables<unknown>(),
  );
}

/** Names of looked-up features that the log may hold. */
export async function addFeatureNames(on: Queryable, id: string, names: readonly string[]): Promise<void> {
  await sql`update serving.endpoint
    set feature_names = array(select distinct name from unnest(feature_names || ${names}::text[]) as name order by name)
    where id = ${id}`.execute(on.tables<unknown>());
}

export async function addLostPredictions(on: Queryable, id: string, count: number): Promise<void> {
  await sql`update serving.endpoint set lost_predictions = lost_predictions + ${count} where id = ${id}`.execute(
    on.tables<unknown>(),
  );
}

export interface WatermarkRow {
  readonly id: string;
  readonly watermark: Date;
  readonly settled_until: Date | null;
  readonly next_due: Date | null;
}

/**
 * Moves a watermark forward. The first declaration takes over from the clock, also backwards: a replay of the past.
 */
export async function declareWatermark(
  on: Queryable,
  project: string,
  name: string,
  at: Date,
): Promise<WatermarkRow | null> {
  const { rows } = await sql<WatermarkRow>`update serving.endpoint set
      watermark = case when is_declared then greatest(watermark, ${at}::timestamptz) else ${at}::timestamptz end,
      settled_until = case when is_declared then settled_until else least(settled_until, ${at}::timestamptz) end,
      next_due = case when is_declared then next_due end,
      is_declared = true
    where project = ${project} and name = ${name}
    returning id, watermark, settled_until, next_due`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

/** Moves the watermarks that follow the clock, of endpoints whose traffic does. */
export async function followClock(on: Queryable, at: Date): Promise<void> {
  await sql`update serving.endpoint set watermark = ${at}
    where not is_declared and last_prediction_at > created_at - interval '1 day'
      and (watermark is null or watermark < ${at})`.execute(on.tables<unknown>());
}

/** Endpoints at which something may be due by now. */
export async function endpointsToSettle(on: Queryable): Promise<EndpointRow[]> {
  const { rows } = await sql<EndpointRow>`select * from serving.endpoint
    where watermark is not null and (settled_until is null or settled_until < watermark)
      and (next_due is null or next_due <= watermark)`.execute(on.tables<unknown>());
  return rows.map(present);
}

/** False when something new was announced since the row was read: then there is more to settle. */
export async function settleUntil(
  on: Queryable,
  { id, due_changes }: Pick<EndpointRow, 'id' | 'due_changes'>,
  at: Date,
  nextDue: Date,
): Promise<boolean> {
  const { numAffectedRows } = await sql`update serving.endpoint set settled_until = ${at}, next_due = ${nextDue}
    where id = ${id} and due_changes = ${due_changes}`.execute(on.tables<unknown>());
  return numAffectedRows === 1n;
}

/** Forgets when something is due next, so that the worker asks again. */
export async function forgetDue(on: Queryable, id: string): Promise<void> {
  await sql`update serving.endpoint set next_due = null, settled_until = null,
      due_changes = due_changes + 1 where id = ${id}`.execute(on.tables<unknown>());
}
