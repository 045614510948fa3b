import type { PipelineDefinition } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface PipelineTable {
  project: string;
  name: string;
  version: number;
  body: PipelineDefinition;
  dropped_triggers: number;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

interface Tables {
  'pipelines.pipeline': PipelineTable;
}

export type StoredPipeline = PipelineTable;

export async function upsertPipeline(
  on: Queryable,
  project: string,
  body: PipelineDefinition,
): Promise<StoredPipeline> {
  const text = JSON.stringify(body);
  const { rows } = await sql<StoredPipeline>`
    insert into pipelines.pipeline as p (project, name, version, body) values (${project}, ${body.name}, 1,
      ${text}::jsonb)
    on conflict (project, name) do update set body = excluded.body, deleted_at = null,
      version = p.version + (p.body is distinct from excluded.body)::int,
      updated_at = case when p.body is distinct from excluded.body then clock_timestamp() else p.updated_at end
    returning *`.execute(on.tables<Tables>());
  return rows[0]!;
}

export async function findPipeline(on: Queryable, project: string, name: string): Promise<StoredPipeline | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('pipelines.pipeline')
    .selectAll()
    .where('project', '=', project)
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

export interface PipelinePage {
  readonly project: string;
  readonly limit: number;
  readonly after?: string | undefined;
  readonly search?: string | undefined;
}

export async function listPipelines(on: Queryable, page: PipelinePage): Promise<StoredPipeline[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('pipelines.pipeline')
    .selectAll()
    .where('project', '=', page.project)
    .where('deleted_at', 'is', null)
    .orderBy('name')
    .limit(page.limit);
  if (page.after !== undefined) query = query.where('name', '>', page.after);
  if (page.search !== undefined) query = query.where(sql<boolean>`position(lower(${page.search}) in lower(name)) > 0`);
  return await query.execute();
}

export async function markDeleted(on: Queryable, project: string, name: string): Promise<boolean> {
  const result = await on
    .tables<Tables>()
    .updateTable('pipelines.pipeline')
    .set({ deleted_at: sql<Date>`clock_timestamp()` })
    .where('project', '=', project)
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function countDroppedTrigger(on: Queryable, project: string, name: string): Promise<void> {
  await sql`update pipelines.pipeline set dropped_triggers = dropped_triggers + 1
    where project = ${project} and name = ${name}`.execute(on.tables<Tables>());
}
