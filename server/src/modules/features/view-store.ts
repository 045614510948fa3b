import type { Entity, FeatureView, FeatureViewDefinition } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface ViewRow {
  name: string;
  version: number;
  body: FeatureViewDefinition;
  created_at: Date;
  updated_at: Date;
}

const present = ({ body, version, created_at, updated_at }: ViewRow): FeatureView => ({
  ...body,
  version,
  createdAt: created_at.toISOString(),
  updatedAt: updated_at.toISOString(),
});

/** A changed shape makes a new version; the same shape changes nothing. */
export async function upsertView(on: Queryable, project: string, view: FeatureViewDefinition): Promise<FeatureView> {
  const { rows } = await sql<ViewRow>`
    insert into features.view as v (project, name, version, dataset, body)
    values (${project}, ${view.name}, 1, ${view.source.dataset}, ${JSON.stringify(view)}::jsonb)
    on conflict (project, name) do update set dataset = excluded.dataset, body = excluded.body,
      version = v.version + (v.body - 'description' is distinct from excluded.body - 'description')::int,
      updated_at = case when v.body is distinct from excluded.body then clock_timestamp() else v.updated_at end
    returning *`.execute(on.tables<unknown>());
  return present(rows[0]!);
}

export async function findView(on: Queryable, project: string, name: string): Promise<FeatureView | null> {
  const { rows } = await sql<ViewRow>`select * from features.view
    where project = ${project} and name = ${name}`.execute(on.tables<unknown>());
  return rows[0] === undefined ? null : present(rows[0]);
}

export interface NamePage {
  readonly project: string;
  readonly limit: number;
  readonly after?: string | undefined;
  readonly search?: string | undefined;
}

const pageSql = ({ project, limit, after, search }: NamePage) => sql`where project = ${project}
  ${after === undefined ? sql`` : sql`and name > ${after}`}
  ${search === undefined ? sql`` : sql`and position(lower(${search}) in lower(name)) > 0`}
  order by name limit ${limit}`;

export async function listViews(on: Queryable, page: NamePage): Promise<FeatureView[]> {
  const { rows } = await sql<ViewRow>`select * from features.view ${pageSql(page)}`.execute(on.tables<unknown>());
  return rows.map(present);
}

export async function viewsOnDataset(on: Queryable, project: string, dataset: string): Promise<FeatureView[]> {
  const { rows } = await sql<ViewRow>`select * from features.view
    where project = ${project} and dataset = ${dataset} order by name`.execute(on.tables<unknown>());
  return rows.map(present);
}

export async function deleteView(on: Queryable, project: string, name: string): Promise<boolean> {
  const result = await sql`delete from features.view where project = ${project} and name = ${name}`.execute(
    on.tables<unknown>(),
  );
  return result.numAffectedRows === 1n;
}

export async function upsertEntity(on: Queryable, project: string, entity: Entity): Promise<void> {
  await sql`insert into features.entity (project, name, description, key)
    values (${project}, ${entity.name}, ${entity.description}, ${entity.key})
    on conflict (project, name) do update set description = excluded.description, key = excluded.key`.execute(
    on.tables<unknown>(),
  );
}

export async function listEntities(on: Queryable, page: NamePage): Promise<Entity[]> {
  const { rows } = await sql<Entity>`select name, description, key from features.entity ${pageSql(page)}`.execute(
    on.tables<unknown>(),
  );
  return rows;
}

export async function entityExists(on: Queryable, project: string, name: string): Promise<boolean> {
  const { rows } = await sql`select 1 from features.entity where project = ${project} and name = ${name}`.execute(
    on.tables<unknown>(),
  );
  return rows.length > 0;
}
