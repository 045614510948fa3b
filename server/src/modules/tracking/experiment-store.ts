import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface StoredExperiment {
  id: number;
  project: string;
  name: string;
  artifact_location: string;
  stage: 'active' | 'deleted';
  created_ms: number;
  updated_ms: number;
  tags: Record<string, string>;
}

const selected = sql`e.id, e.project, e.name, e.artifact_location, e.stage, e.created_ms, e.updated_ms,
  coalesce((select json_object_agg(t.key, t.value order by t.key) from tracking.experiment_tag t
    where t.experiment = e.id), '{}') as tags`;

export const experimentColumns = selected;

export interface NewExperiment {
  readonly project: string;
  readonly name: string;
  /** The whole location, or the folder below which the experiment gets one of its own. */
  readonly location: { readonly uri: string } | { readonly root: string };
  readonly atMs: number;
}

/** `null` when the project has had an experiment of that name, be it in the trash. */
export async function insertExperiment(on: Queryable, experiment: NewExperiment): Promise<number | null> {
  const { project, name, location, atMs } = experiment;
  const whole = 'uri' in location ? sql`${location.uri}` : sql`${location.root} || '/' || id.next`;
  const { rows } = await sql<{ id: number }>`insert into tracking.experiment
      (id, project, name, artifact_location, created_ms, updated_ms)
    select id.next, ${project}, ${name}, ${whole}, ${atMs}, ${atMs}
    from (select nextval('tracking.experiment_id') as next) as id
    on conflict (project, name) do nothing returning id`.execute(on.tables<unknown>());
  return rows[0]?.id ?? null;
}

/** Gives the first experiment, which is older than any setting, its place, as long as nobody uses it. */
export async function placeFirstExperiment(on: Queryable, location: string): Promise<void> {
  await sql`update tracking.experiment e set artifact_location = ${location}
    where id = 0 and artifact_location <> ${location}
      and not exists (select from tracking.run where experiment = e.id)
      and not exists (select from tracking.logged_model where experiment = e.id)`.execute(on.tables<unknown>());
}

export async function findExperiment(on: Queryable, project: string, id: number): Promise<StoredExperiment | null> {
  const { rows } = await sql<StoredExperiment>`select ${selected} from tracking.experiment e
    where e.id = ${id} and e.project = ${project} and e.stage <> 'purging'`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export type ExperimentRow = Pick<StoredExperiment, 'id' | 'project' | 'artifact_location' | 'stage'>;

/** The rows alone of several experiments, of whatever projects. */
export async function findExperimentRows(on: Queryable, ids: readonly number[]): Promise<ExperimentRow[]> {
  const { rows } = await sql<ExperimentRow>`select id, project, artifact_location, stage from tracking.experiment
    where id = any(${[...ids]}::bigint[])`.execute(on.tables<unknown>());
  return rows;
}

export async function findExperimentByName(
  on: Queryable,
  project: string,
  name: string,
): Promise<StoredExperiment | null> {
  const { rows } = await sql<StoredExperiment>`select ${selected} from tracking.experiment e
    where e.project = ${project} and e.name = ${name} and e.stage <> 'purging'`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export async function countRuns(on: Queryable, experiments: readonly number[]): Promise<Map<number, number>> {
  const { rows } = await sql<{ experiment: number; count: number }>`select experiment, count(*) as count
    from tracking.run where experiment = any(${[...experiments]}::bigint[]) and stage = 'active'
    group by experiment`.execute(on.tables<unknown>());
  return new Map(rows.map(({ experiment, count }) => [experiment, count]));
}

export async function upsertExperimentTags(
  on: Queryable,
  experiment: number,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  const keys = Object.keys(tags).sort();
  if (keys.length === 0) return;
  const values = keys.map((key) => tags[key]!);
  await sql`insert into tracking.experiment_tag (experiment, key, value)
    select ${experiment}, key, value from unnest(${keys}::text[], ${values}::text[]) as given (key, value)
    on conflict (experiment, key) do update set value = excluded.value`.execute(on.tables<unknown>());
}

export async function deleteExperimentTag(on: Queryable, experiment: number, key: string): Promise<boolean> {
  const result = await sql`delete from tracking.experiment_tag
    where experiment = ${experiment} and key = ${key}`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

/** False when the name is taken. */
export async function renameExperiment(on: Queryable, id: number, name: string, atMs: number): Promise<boolean> {
  const result = await sql`update tracking.experiment e set name = ${name}, updated_ms = ${atMs}
    where e.id = ${id} and not exists (select from tracking.experiment o
      where o.project = e.project and o.name = ${name} and o.id <> e.id)`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

/** Moves an experiment with all its runs into the trash, or out of it. */
export async function setExperimentStage(
  on: Queryable,
  id: number,
  stage: StoredExperiment['stage'],
  atMs: number,
): Promise<void> {
  const tables = on.tables<unknown>();
  await sql`update tracking.experiment set stage = ${stage}, updated_ms = ${atMs}
    where id = ${id} and stage <> 'purging'`.execute(tables);
  const deletedMs = stage === 'deleted' ? atMs : null;
  await sql`update tracking.run set stage = ${stage}, deleted_ms = ${deletedMs}
    where experiment = ${id} and stage <> ${stage}`.execute(tables);
}

export async function touchExperiment(on: Queryable, id: number, atMs: number): Promise<void> {
  await sql`update tracking.experiment set updated_ms = ${atMs} where id = ${id}`.execute(on.tables<unknown>());
}
