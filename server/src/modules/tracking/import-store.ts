import type { ImportedCounts, ImportedExperiment, ImportedRun } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { StoredLoggedModel, StoredModelMetric } from './logged-model-store.ts';

/** The greatest id that can be kept: those of file stores have 18 digits, and JSON loses the last of them. */
const GREATEST_ID = 2 ** 31 - 1;

type NewExperiment = Omit<ImportedExperiment, 'tags'> & { readonly project: string; readonly root: string };

/** Under its own id if that is free; `null` when the id or the name is taken. */
export async function insertWithId(on: Queryable, experiment: NewExperiment): Promise<number | null> {
  const id = Number(experiment.experimentId);
  if (!(id > 0 && id <= GREATEST_ID)) return null;
  const tables = on.tables<unknown>();
  // First the sequence: whoever takes an id from now on takes a greater one.
  await sql`select setval('tracking.experiment_id', ${id}) from tracking.experiment_id
    where last_value < ${id}`.execute(tables);
  const { rows } = await sql<{ id: number }>`insert into tracking.experiment
      (id, project, name, artifact_location, stage, created_ms, updated_ms)
    values (${id}, ${experiment.project}, ${experiment.name}, ${experiment.root} || '/' || ${id}::text,
      ${experiment.stage}, ${experiment.createdAt}, ${experiment.updatedAt})
    on conflict do nothing returning id`.execute(tables);
  return rows[0]?.id ?? null;
}

/** Under the next free id; `null` when the name is taken. */
export async function insertWithNextId(on: Queryable, experiment: NewExperiment): Promise<number | null> {
  const { rows } = await sql<{ id: number }>`insert into tracking.experiment
      (id, project, name, artifact_location, stage, created_ms, updated_ms)
    select id.next, ${experiment.project}, ${experiment.name}, ${experiment.root} || '/' || id.next,
      ${experiment.stage}, ${experiment.createdAt}, ${experiment.updatedAt}
    from (select nextval('tracking.experiment_id') as next) as id
    on conflict (project, name) do nothing returning id`.execute(on.tables<unknown>());
  return rows[0]?.id ?? null;
}

export async function insertMissingExperimentTags(
  on: Queryable,
  experiment: number,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await sql`insert into tracking.experiment_tag (experiment, key, value)
    select ${experiment}::bigint, * from unnest(${Object.keys(tags)}::text[], ${Object.values(tags)}::text[])
    on conflict do nothing`.execute(on.tables<unknown>());
}

export type NewImportedRun = Omit<ImportedRun, 'experimentId'> & {
  readonly experiment: number;
  readonly artifactUri: string;
};

/** How many of the runs are new. The others may have gone on where they come from: they end as they did there. */
export async function insertImportedRuns(
  on: Queryable,
  project: string,
  runs: readonly NewImportedRun[],
): Promise<number> {
  const column = <T>(pick: (run: NewImportedRun) => T) => runs.map(pick);
  const tables = on.tables<unknown>();
  const ids = column(({ runId }) => runId);
  const statuses = column(({ status }) => status);
  const ends = column(({ endTime }) => endTime);
  const deletedMs = column(({ stage, endTime, startTime }) => (stage === 'deleted' ? (endTime ?? startTime) : null));
  await sql`update tracking.run r set status = given.status, end_ms = given.end_ms
    from unnest(${ids}::text[], ${statuses}::text[], ${ends}::bigint[]) as given (run_id, status, end_ms)
    where r.run_id = given.run_id and r.project = ${project} and r.status in ('RUNNING', 'SCHEDULED')
      and r.status <> given.status`.execute(tables);
  const result = await sql`insert into tracking.run
      (run_id, project, experiment, name, user_name, status, stage, start_ms, end_ms, deleted_ms, artifact_uri)
    select run_id, ${project}, experiment, name, user_name, status, stage, start_ms, end_ms, deleted_ms, artifact_uri
    from unnest(${ids}::text[], ${column(({ experiment }) => experiment)}::bigint[],
      ${column(({ name }) => name)}::text[], ${column(({ user }) => user)}::text[], ${statuses}::text[],
      ${column(({ stage }) => stage)}::text[], ${column(({ startTime }) => startTime)}::bigint[], ${ends}::bigint[],
      ${deletedMs}::bigint[], ${column(({ artifactUri }) => artifactUri)}::text[])
      as given (run_id, experiment, name, user_name, status, stage, start_ms, end_ms, deleted_ms, artifact_uri)
    on conflict (run_id) do nothing`.execute(tables);
  return Number(result.numAffectedRows ?? 0n);
}

export interface ImportedRunRow {
  readonly id: number;
  readonly run_id: string;
  readonly project: string;
  readonly experiment: number;
}

/** Of whatever project. */
export async function findImportedRuns(on: Queryable, runIds: readonly string[]): Promise<ImportedRunRow[]> {
  const { rows } = await sql<ImportedRunRow>`select id, run_id, project, experiment from tracking.run
    where run_id = any(${[...runIds]}::text[])`.execute(on.tables<unknown>());
  return rows;
}

export interface RunPair {
  readonly run: number;
  readonly key: string;
  readonly value: string;
}

const pairTables = { params: sql`tracking.param`, tags: sql`tracking.run_tag` } as const;

export async function insertMissingPairs(
  on: Queryable,
  kind: keyof typeof pairTables,
  pairs: readonly RunPair[],
): Promise<void> {
  if (pairs.length === 0) return;
  await sql`insert into ${pairTables[kind]} (run, experiment, start_ms, key, value)
    select r.id, r.experiment, r.start_ms, given.key, given.value
    from unnest(${pairs.map(({ run }) => run)}::bigint[], ${pairs.map(({ key }) => key)}::text[],
      ${pairs.map(({ value }) => value)}::text[]) as given (run, key, value) join tracking.run r on r.id = given.run
    on conflict do nothing`.execute(on.tables<unknown>());
}

export async function countRunContents(
  on: Queryable,
  project: string,
  runIds: readonly string[],
): Promise<ImportedCounts[]> {
  const { rows } = await sql<ImportedCounts>`select r.run_id as "runId", r.stage,
      (select count(*) from tracking.metric m where m.run = r.id) as points,
      (select count(*) from tracking.param p where p.run = r.id) as params,
      (select count(*) from tracking.run_tag t where t.run = r.id) as tags,
      (select count(*) from tracking.dataset_input i where i.run = r.id) as inputs
    from tracking.run r where r.project = ${project} and r.run_id = any(${[...runIds]}::text[])`.execute(
    on.tables<unknown>(),
  );
  return rows;
}

type NewLoggedModel = Omit<StoredLoggedModel, 'tags' | 'params' | 'metrics'>;

/** False when the id is known. */
export async function insertImportedModel(on: Queryable, model: NewLoggedModel): Promise<boolean> {
  const result = await sql`insert into tracking.logged_model (model_id, project, experiment, name, model_type,
      source_run_id, status, status_message, stage, artifact_uri, created_ms, updated_ms)
    values (${model.model_id}, ${model.project}, ${model.experiment}, ${model.name}, ${model.model_type},
      ${model.source_run_id}, ${model.status}, ${model.status_message}, ${model.stage}, ${model.artifact_uri},
      ${model.created_ms}, ${model.updated_ms})
    on conflict (model_id) do nothing`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

export async function insertModelMetrics(
  on: Queryable,
  modelId: string,
  metrics: readonly StoredModelMetric[],
): Promise<void> {
  const column = <T>(pick: (metric: StoredModelMetric) => T) => metrics.map(pick);
  if (metrics.length === 0) return;
  await sql`insert into tracking.logged_model_metric
      (model_id, key, run_id, timestamp_ms, step, value, is_nan, dataset_name, dataset_digest)
    select ${modelId}::text, given.* from unnest(${column(({ key }) => key)}::text[],
      ${column(({ runId }) => runId)}::text[], ${column(({ timestampMs }) => timestampMs)}::bigint[],
      ${column(({ step }) => step)}::bigint[], ${column(({ value }) => value)}::float8[],
      ${column(({ isNan }) => isNan)}::boolean[], ${column(({ datasetName }) => datasetName)}::text[],
      ${column(({ datasetDigest }) => datasetDigest)}::text[]) as given
    on conflict do nothing`.execute(on.tables<unknown>());
}
