import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { StoredPair } from './run-store.ts';

export const loggedModelStatus = {
  UNSPECIFIED: 'LOGGED_MODEL_STATUS_UNSPECIFIED',
  PENDING: 'LOGGED_MODEL_PENDING',
  READY: 'LOGGED_MODEL_READY',
  FAILED: 'LOGGED_MODEL_UPLOAD_FAILED',
} as const;

export interface StoredModelMetric {
  key: string;
  value: number;
  isNan: boolean;
  step: number;
  timestampMs: number;
  runId: string;
  datasetName: string;
  datasetDigest: string;
}

export interface StoredLoggedModel {
  model_id: string;
  project: string;
  experiment: number;
  name: string;
  model_type: string;
  source_run_id: string | null;
  status: string;
  status_message: string;
  stage: 'active' | 'deleted';
  artifact_uri: string;
  created_ms: number;
  updated_ms: number;
  tags: StoredPair[];
  params: StoredPair[];
  metrics: StoredModelMetric[];
}

/** Everything a logged model shows, of rows called `l`. */
export const loggedModelColumns = sql`l.model_id, l.project, l.experiment, l.name, l.model_type, l.source_run_id,
  l.status, l.status_message, l.stage, l.artifact_uri, l.created_ms, l.updated_ms,
  coalesce((select json_agg(json_build_array(t.key, t.value) order by t.key)
    from tracking.logged_model_tag t where t.model_id = l.model_id), '[]') as tags,
  coalesce((select json_agg(json_build_array(p.key, p.value) order by p.key)
    from tracking.logged_model_param p where p.model_id = l.model_id), '[]') as params,
  coalesce((select json_agg(json_build_object('key', m.key, 'value', m.value, 'isNan', m.is_nan, 'step', m.step,
      'timestampMs', m.timestamp_ms, 'runId', m.run_id, 'datasetName', m.dataset_name,
      'datasetDigest', m.dataset_digest) order by m.key, m.timestamp_ms, m.step, m.value)
    from tracking.logged_model_metric m where m.model_id = l.model_id), '[]') as metrics`;

export interface NewLoggedModel {
  readonly modelId: string;
  readonly project: string;
  readonly experiment: number;
  readonly name: string;
  readonly modelType: string;
  readonly sourceRunId: string | null;
  readonly artifactUri: string;
  readonly atMs: number;
}

export async function insertLoggedModel(on: Queryable, model: NewLoggedModel): Promise<void> {
  await sql`insert into tracking.logged_model (model_id, project, experiment, name, model_type, source_run_id, status,
      artifact_uri, created_ms, updated_ms)
    values (${model.modelId}, ${model.project}, ${model.experiment}, ${model.name}, ${model.modelType},
      ${model.sourceRunId}, ${loggedModelStatus.PENDING}, ${model.artifactUri}, ${model.atMs}, ${model.atMs})`.execute(
    on.tables<unknown>(),
  );
}

export async function findLoggedModel(
  on: Queryable,
  project: string,
  modelId: string,
): Promise<StoredLoggedModel | null> {
  const { rows } = await sql<StoredLoggedModel>`select ${loggedModelColumns} from tracking.logged_model l
    where l.model_id = ${modelId} and l.project = ${project}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export interface LoggedModelChange {
  readonly status?: string | undefined;
  readonly stage?: StoredLoggedModel['stage'] | undefined;
  readonly atMs: number;
}

/** False when there is no such model. */
export async function updateLoggedModel(
  on: Queryable,
  project: string,
  modelId: string,
  change: LoggedModelChange,
): Promise<boolean> {
  const result = await sql`update tracking.logged_model set status = coalesce(${change.status ?? null}, status),
      stage = coalesce(${change.stage ?? null}, stage), updated_ms = ${change.atMs}
    where model_id = ${modelId} and project = ${project}`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

const pairTables = { tag: sql`tracking.logged_model_tag`, param: sql`tracking.logged_model_param` } as const;

export async function upsertLoggedModelPairs(
  on: Queryable,
  kind: keyof typeof pairTables,
  modelId: string,
  pairs: ReadonlyMap<string, string>,
): Promise<void> {
  const keys = [...pairs.keys()].sort();
  if (keys.length === 0) return;
  const values = keys.map((key) => pairs.get(key)!);
  await sql`insert into ${pairTables[kind]} (model_id, key, value)
    select ${modelId}::text, given.* from unnest(${keys}::text[], ${values}::text[]) as given
    on conflict (model_id, key) do update set value = excluded.value`.execute(on.tables<unknown>());
}

export async function deleteLoggedModelTag(on: Queryable, modelId: string, key: string): Promise<boolean> {
  const result = await sql`delete from tracking.logged_model_tag
    where model_id = ${modelId} and key = ${key}`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}
