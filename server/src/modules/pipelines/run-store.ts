import type { PipelineDefinition } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export type RunState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface StoredRun {
  id: string;
  project: string;
  pipeline: string;
  pipeline_version: number;
  definition: PipelineDefinition;
  state: RunState;
  params: Record<string, unknown>;
  trigger_kind: string;
  trigger_detail: string;
  trigger_key: string | null;
  actor: string;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

interface Tables {
  'pipelines.run': StoredRun;
}

export type NewRun = Omit<StoredRun, 'created_at' | 'started_at' | 'ended_at' | 'state'>;

/** False when this trigger has started a run already. */
export async function insertRun(on: Queryable, run: NewRun): Promise<boolean> {
  const result = await sql`
    insert into pipelines.run (id, project, pipeline, pipeline_version, definition, state, params, trigger_kind,
      trigger_detail, trigger_key, actor)
    values (${run.id}, ${run.project}, ${run.pipeline}, ${run.pipeline_version},
      ${JSON.stringify(run.definition)}::jsonb,
      'queued', ${JSON.stringify(run.params)}::jsonb, ${run.trigger_kind}, ${run.trigger_detail}, ${run.trigger_key},
      ${run.actor})
    on conflict (project, pipeline, trigger_key) do nothing`.execute(on.tables<Tables>());
  return result.numAffectedRows === 1n;
}

export async function findRun(on: Queryable, id: string): Promise<StoredRun | null> {
  const row = await on.tables<Tables>().selectFrom('pipelines.run').selectAll().where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/** Holds the run until the transaction ends: without it two last parents each see the other as unfinished. */
export async function lockRun(on: Queryable, id: string): Promise<StoredRun | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('pipelines.run')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export async function setRunState(on: Queryable, id: string, state: RunState): Promise<void> {
  const now = sql<Date>`clock_timestamp()`;
  const ended = state !== 'queued' && state !== 'running';
  await on
    .tables<Tables>()
    .updateTable('pipelines.run')
    .set({
      state,
      started_at: sql<Date>`coalesce(started_at, clock_timestamp())`,
      ended_at: ended ? now : null,
    })
    .where('id', '=', id)
    .execute();
}

/** Serialises starts of one pipeline, so that its limit of parallel runs holds. */
export async function countActiveRuns(on: Queryable, project: string, pipeline: string): Promise<number> {
  const tables = on.tables<Tables>();
  await sql`select pg_advisory_xact_lock(hashtextextended(${`pipelines ${project} ${pipeline}`}, 0))`.execute(tables);
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from pipelines.run
    where project = ${project} and pipeline = ${pipeline} and state in ('queued', 'running')`.execute(tables);
  return rows[0]!.count;
}

export async function countActiveRunsOfProject(on: Queryable, project: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from pipelines.run
    where project = ${project} and state in ('queued', 'running')`.execute(on.tables<Tables>());
  return rows[0]!.count;
}

export interface RunPage {
  readonly project: string;
  readonly limit: number;
  readonly before?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly state?: RunState | undefined;
}

/** Newest first; ids are UUIDv7, so they sort by time. */
export async function listRuns(on: Queryable, page: RunPage): Promise<StoredRun[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('pipelines.run')
    .selectAll()
    .where('project', '=', page.project)
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  if (page.pipeline !== undefined) query = query.where('pipeline', '=', page.pipeline);
  if (page.state !== undefined) query = query.where('state', '=', page.state);
  return await query.execute();
}

export async function latestRuns(on: Queryable, project: string, pipelines: readonly string[]): Promise<StoredRun[]> {
  if (pipelines.length === 0) return [];
  const { rows } = await sql<StoredRun>`select distinct on (pipeline) * from pipelines.run
    where project = ${project} and pipeline = any(${[...pipelines]}::text[])
    order by pipeline, id desc`.execute(on.tables<Tables>());
  return rows;
}
