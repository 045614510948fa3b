import type { RunStatus } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

/** A metric's latest point: key, value, step, time, whether it is NaN. */
export type StoredMetric = [key: string, value: number, step: number, timestampMs: number, isNan: boolean];
export type StoredPair = [key: string, value: string];

export interface StoredInput {
  name: string;
  digest: string;
  sourceType: string;
  source: string;
  schema: string | null;
  profile: string | null;
  tags: Record<string, string>;
}

export interface StoredRun {
  id: number;
  run_id: string;
  project: string;
  experiment: number;
  name: string;
  user_name: string;
  status: RunStatus;
  stage: 'active' | 'deleted';
  start_ms: number;
  end_ms: number | null;
  artifact_uri: string;
  metrics: StoredMetric[];
  params: StoredPair[];
  tags: StoredPair[];
  inputs: StoredInput[];
  model_inputs: string[];
  model_outputs: [modelId: string, step: number][];
}

/** A run whose many small things are JSON already: objects between commas, or null when there is none. */
export type RunText = Omit<StoredRun, 'metrics' | 'params' | 'tags'> & {
  /** Each with key, value, timestamp and step; the value of a metric that is no number is the text NaN. */
  metrics: string | null;
  params: string | null;
  tags: string | null;
};

const pairText = sql`string_agg('{"key":' || to_json(p.key) || ',"value":' || to_json(p.value) || '}', ','
  order by p.key)`;

const ownColumns = sql`r.id, r.run_id, r.project, r.experiment, r.name, r.user_name, r.status, r.stage,
  r.start_ms, r.end_ms, r.artifact_uri`;

const linkColumns = sql`
  coalesce((select json_agg(json_build_object('name', d.name, 'digest', d.digest, 'sourceType', d.source_type,
      'source', d.source, 'schema', d.schema, 'profile', d.profile, 'tags', i.tags) order by d.id)
    from tracking.dataset_input i join tracking.dataset d on d.id = i.dataset where i.run = r.id), '[]') as inputs,
  coalesce((select json_agg(i.model_id order by i.model_id)
    from tracking.model_input i where i.run = r.id), '[]') as model_inputs,
  coalesce((select json_agg(json_build_array(o.model_id, o.step) order by o.model_id, o.step)
    from tracking.model_output o where o.run = r.id), '[]') as model_outputs`;

/** Everything a run shows, of rows called `r`: constant work per run, whatever the number of runs. */
export const runColumns = sql`${ownColumns}, ${linkColumns},
  coalesce((select json_agg(json_build_array(m.key, m.value, m.step, m.timestamp_ms, m.is_nan) order by m.key)
    from tracking.latest_metric m where m.run = r.id), '[]') as metrics,
  coalesce((select json_agg(json_build_array(p.key, p.value) order by p.key)
    from tracking.param p where p.run = r.id), '[]') as params,
  coalesce((select json_agg(json_build_array(t.key, t.value) order by t.key)
    from tracking.run_tag t where t.run = r.id), '[]') as tags`;

/** The same as text, for whoever passes it on: nothing is taken apart and put together again. */
export const runTextColumns = sql`${ownColumns}, ${linkColumns},
  (select string_agg('{"key":' || to_json(m.key)
      || ',"value":' || case when m.is_nan then '"NaN"' else m.value::text end
      || ',"timestamp":' || m.timestamp_ms || ',"step":' || m.step || '}', ',' order by m.key)
    from tracking.latest_metric m where m.run = r.id) as metrics,
  (select ${pairText} from tracking.param p where p.run = r.id) as params,
  (select ${pairText} from tracking.run_tag p where p.run = r.id) as tags`;

export interface NewRun {
  readonly runId: string;
  readonly project: string;
  readonly experiment: number;
  readonly name: string;
  readonly user: string;
  readonly startMs: number;
  readonly artifactUri: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Runs with their tags, in one statement. Returns the number of each by its id. */
export async function insertRuns(on: Queryable, runs: readonly NewRun[]): Promise<Map<string, number>> {
  const column = <T>(pick: (run: NewRun) => T) => runs.map(pick);
  const tags = runs.flatMap(({ runId, tags: own }) =>
    Object.entries(own).map(([key, value]) => ({ runId, key, value })),
  );
  const { rows } = await sql<{ id: number; run_id: string }>`with made as (
      insert into tracking.run (run_id, project, experiment, name, user_name, status, start_ms, artifact_uri)
      select run_id, project, experiment, name, user_name, 'RUNNING', start_ms, artifact_uri
      from unnest(${column(({ runId }) => runId)}::text[], ${column(({ project }) => project)}::text[],
        ${column(({ experiment }) => experiment)}::bigint[], ${column(({ name }) => name)}::text[],
        ${column(({ user }) => user)}::text[], ${column(({ startMs }) => startMs)}::bigint[],
        ${column(({ artifactUri }) => artifactUri)}::text[])
        as given (run_id, project, experiment, name, user_name, start_ms, artifact_uri)
      returning id, run_id, experiment, start_ms),
    tagged as (
      insert into tracking.run_tag (run, key, experiment, start_ms, value)
      select made.id, given.key, made.experiment, made.start_ms, given.value
      from unnest(${tags.map(({ runId }) => runId)}::text[], ${tags.map(({ key }) => key)}::text[],
        ${tags.map(({ value }) => value)}::text[]) as given (run_id, key, value)
      join made on made.run_id = given.run_id)
    select id, run_id from made`.execute(on.tables<unknown>());
  return new Map(rows.map(({ id, run_id }) => [run_id, id]));
}

/** A new run as it would be read back. */
export const newStoredRun = (run: NewRun, id: number): StoredRun => ({
  id,
  run_id: run.runId,
  project: run.project,
  experiment: run.experiment,
  name: run.name,
  user_name: run.user,
  status: 'RUNNING',
  stage: 'active',
  start_ms: run.startMs,
  end_ms: null,
  artifact_uri: run.artifactUri,
  metrics: [],
  params: [],
  tags: Object.entries(run.tags).sort(([a], [b]) => (a < b ? -1 : 1)),
  inputs: [],
  model_inputs: [],
  model_outputs: [],
});

export async function findRun(on: Queryable, project: string, runId: string): Promise<StoredRun | null> {
  const { rows } = await sql<StoredRun>`select ${runColumns} from tracking.run r
    where r.run_id = ${runId} and r.project = ${project}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export type RunRow = Pick<StoredRun, 'id' | 'run_id' | 'experiment' | 'name' | 'status' | 'stage' | 'artifact_uri'>;

/** The run's own row alone; locked against other changes of it when it is to be changed. */
export async function findRunRow(
  on: Queryable,
  project: string,
  runId: string,
  lock: 'lock' | 'look' = 'look',
): Promise<RunRow | null> {
  const suffix = lock === 'lock' ? sql`for no key update` : sql``;
  const { rows } = await sql<RunRow>`select id, run_id, experiment, name, status, stage, artifact_uri
    from tracking.run where run_id = ${runId} and project = ${project} ${suffix}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export interface RunChange {
  readonly status?: RunStatus | undefined;
  readonly endMs?: number | undefined;
  readonly name?: string | undefined;
}

export async function updateRun(on: Queryable, id: number, change: RunChange): Promise<void> {
  await sql`update tracking.run set status = coalesce(${change.status ?? null}, status),
      end_ms = coalesce(${change.endMs ?? null}, end_ms), name = coalesce(${change.name ?? null}, name)
    where id = ${id}`.execute(on.tables<unknown>());
}

export async function setRunStage(
  on: Queryable,
  id: number,
  stage: StoredRun['stage'],
  deletedMs: number | null,
): Promise<void> {
  await sql`update tracking.run set stage = ${stage}, deleted_ms = ${deletedMs} where id = ${id}`.execute(
    on.tables<unknown>(),
  );
}

export async function upsertRunTag(on: Queryable, run: RunRow, key: string, value: string): Promise<void> {
  await sql`insert into tracking.run_tag (run, key, experiment, start_ms, value)
    select id, ${key}, experiment, start_ms, ${value} from tracking.run where id = ${run.id}
    on conflict (run, key) do update set value = excluded.value`.execute(on.tables<unknown>());
}

export async function findRunTag(on: Queryable, run: number, key: string): Promise<string | null> {
  const { rows } = await sql<{ value: string }>`select value from tracking.run_tag
    where run = ${run} and key = ${key}`.execute(on.tables<unknown>());
  return rows[0]?.value ?? null;
}

export async function deleteRunTag(on: Queryable, run: number, key: string): Promise<boolean> {
  const result = await sql`delete from tracking.run_tag where run = ${run} and key = ${key}`.execute(
    on.tables<unknown>(),
  );
  return result.numAffectedRows === 1n;
}
