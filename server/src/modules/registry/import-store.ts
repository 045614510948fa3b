import type { ImportedVersion } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface NewImportedModel {
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** False when the model is here; then it only gets the tags it has not. */
export async function insertImportedModel(on: Queryable, project: string, model: NewImportedModel): Promise<boolean> {
  const tags = JSON.stringify(model.tags);
  const { rows } = await sql<{ added: boolean }>`insert into registry.model as m
      (project, name, description, tags, created_at, updated_at)
    values (${project}, ${model.name}, ${model.description}, ${tags}::jsonb,
      to_timestamp(${model.createdAt} / 1000.0), to_timestamp(${model.updatedAt} / 1000.0))
    on conflict (project, name) do update set tags = ${tags}::jsonb || m.tags
    returning xmax = 0 as added`.execute(on.tables<unknown>());
  return rows[0]!.added;
}

/** Makes an inserted version what it was where it comes from; later ones get greater numbers. */
export async function backdateVersion(
  on: Queryable,
  of: { readonly project: string; readonly model: string; readonly version: number },
  { stage, createdAt, updatedAt }: Pick<ImportedVersion, 'stage' | 'createdAt' | 'updatedAt'>,
): Promise<void> {
  const tables = on.tables<unknown>();
  await sql`update registry.version set stage = ${stage}, created_at = to_timestamp(${createdAt} / 1000.0),
      updated_at = to_timestamp(${updatedAt} / 1000.0)
    where project = ${of.project} and model = ${of.model} and version = ${of.version}`.execute(tables);
  await sql`update registry.model set last_version = greatest(last_version, ${of.version})
    where project = ${of.project} and name = ${of.model}`.execute(tables);
}

/** Holds the model until the transaction ends; false when there is none. */
export async function lockModel(on: Queryable, project: string, name: string): Promise<boolean> {
  const { rows } = await sql`select 1 from registry.model
    where project = ${project} and name = ${name} for no key update`.execute(on.tables<unknown>());
  return rows.length > 0;
}
