import type { Model } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface ModelTable {
  project: string;
  name: string;
  description: string;
  tags: Record<string, string>;
  last_version: number;
  created_at: Date;
  updated_at: Date;
}

interface AliasTable {
  project: string;
  model: string;
  alias: string;
  version: number;
}

interface Tables {
  'registry.model': ModelTable;
  'registry.alias': AliasTable;
}

export interface ModelRow extends ModelTable {
  latest_version: number | null;
  aliases: Record<string, number>;
}

export const modelColumns = sql`m.*,
  (select max(version) from registry.version v where v.project = m.project and v.model = m.name) as latest_version,
  coalesce((select jsonb_object_agg(a.alias, a.version) from registry.alias a
    where a.project = m.project and a.model = m.name), '{}') as aliases`;

export const presentModel = (row: ModelRow): Model => ({
  name: row.name,
  description: row.description,
  tags: row.tags,
  aliases: row.aliases,
  latestVersion: row.latest_version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

/** False when the name is taken. */
export async function insertModel(
  on: Queryable,
  project: string,
  model: { readonly name: string; readonly description: string; readonly tags: Readonly<Record<string, string>> },
): Promise<boolean> {
  const result = await sql`insert into registry.model (project, name, description, tags)
    values (${project}, ${model.name}, ${model.description}, ${JSON.stringify(model.tags)}::jsonb)
    on conflict (project, name) do nothing`.execute(on.tables<Tables>());
  return result.numAffectedRows === 1n;
}

export interface ModelChange {
  readonly description?: string | undefined;
  readonly setTags?: Readonly<Record<string, string>> | undefined;
  readonly removeTags?: readonly string[] | undefined;
  readonly rename?: string | undefined;
}

/** Changes a model; false when there is none. */
export async function updateModel(on: Queryable, project: string, name: string, change: ModelChange): Promise<boolean> {
  // Tags are notes on a model, not a change of it.
  const touch =
    change.description === undefined && change.rename === undefined ? sql`updated_at` : sql`clock_timestamp()`;
  const result = await sql`update registry.model set
      name = coalesce(${change.rename ?? null}, name),
      description = coalesce(${change.description ?? null}, description),
      tags = (tags || ${JSON.stringify(change.setTags ?? {})}::jsonb) - ${[...(change.removeTags ?? [])]}::text[],
      updated_at = ${touch}
    where project = ${project} and name = ${name}`.execute(on.tables<Tables>());
  return result.numAffectedRows === 1n;
}

export async function findModel(on: Queryable, project: string, name: string): Promise<Model | null> {
  const { rows } = await sql<ModelRow>`select ${modelColumns} from registry.model m
    where m.project = ${project} and m.name = ${name}`.execute(on.tables<Tables>());
  return rows[0] === undefined ? null : presentModel(rows[0]);
}

export interface ModelPage {
  readonly project: string;
  readonly limit: number;
  readonly after?: string | undefined;
  readonly search?: string | undefined;
}

export async function listModels(on: Queryable, page: ModelPage): Promise<Model[]> {
  const after = page.after === undefined ? sql`` : sql`and m.name > ${page.after}`;
  const search =
    page.search === undefined ? sql`` : sql`and position(lower(${page.search}) in lower(m.name collate "default")) > 0`;
  const { rows } = await sql<ModelRow>`select ${modelColumns} from registry.model m
    where m.project = ${page.project} ${after} ${search} order by m.name limit ${page.limit}`.execute(
    on.tables<Tables>(),
  );
  return rows.map(presentModel);
}

export async function deleteModel(on: Queryable, project: string, name: string): Promise<boolean> {
  const result = await on
    .tables<Tables>()
    .deleteFrom('registry.model')
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** The number of the next version; `null` when there is no such model. */
export async function nextVersion(on: Queryable, project: string, name: string): Promise<number | null> {
  const { rows } = await sql<{ last_version: number }>`update registry.model
    set last_version = last_version + 1, updated_at = clock_timestamp()
    where project = ${project} and name = ${name} returning last_version`.execute(on.tables<Tables>());
  return rows[0]?.last_version ?? null;
}

export async function upsertAlias(on: Queryable, alias: AliasTable): Promise<void> {
  await sql`insert into registry.alias (project, model, alias, version)
    values (${alias.project}, ${alias.model}, ${alias.alias}, ${alias.version})
    on conflict (project, model, alias) do update set version = excluded.version`.execute(on.tables<Tables>());
}

export async function deleteAlias(on: Queryable, project: string, model: string, alias: string): Promise<boolean> {
  const result = await on
    .tables<Tables>()
    .deleteFrom('registry.alias')
    .where('project', '=', project)
    .where('model', '=', model)
    .where('alias', '=', alias)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
