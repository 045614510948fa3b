import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { keepIndexOrder } from './metric-store.ts';

/** A run that may be purged, as far as its purge needs it. */
export interface PurgedRun {
  id: number;
  run_id: string;
  experiment: number;
  name: string;
  stage: 'active' | 'deleted';
  artifact_uri: string;
}

const purged = sql`id, run_id, experiment, name, stage, artifact_uri`;

/** Those of these runs that exist, locked. */
export async function lockRuns(on: Queryable, project: string, runIds: readonly string[]): Promise<PurgedRun[]> {
  const { rows } = await sql<PurgedRun>`select ${purged} from tracking.run
    where project = ${project} and run_id = any(${[...runIds]}::text[]) order by id for update`.execute(
    on.tables<unknown>(),
  );
  return rows;
}

export interface TrashQuestion {
  readonly project: string;
  readonly experiment: number | null;
  readonly deletedBefore: number;
  readonly after: number;
  readonly limit: number;
}

/** Runs that went into the trash before a time, by their numbers. */
export async function findTrash(on: Queryable, question: TrashQuestion): Promise<PurgedRun[]> {
  const { project, experiment, deletedBefore, after, limit } = question;
  const within = experiment === null ? sql`` : sql`and experiment = ${experiment}`;
  const { rows } = await sql<PurgedRun>`select ${purged} from tracking.run
    where project = ${project} and stage = 'deleted' and deleted_ms < ${deletedBefore} and id > ${after} ${within}
    order by id limit ${limit}`.execute(on.tables<unknown>());
  return rows;
}

/** Some runs of an experiment, of whatever stage, locked. */
export async function lockRunsOf(on: Queryable, experiment: number, limit: number): Promise<PurgedRun[]> {
  const { rows } = await sql<PurgedRun>`select ${purged} from tracking.run
    where experiment = ${experiment} order by id limit ${limit} for update`.execute(on.tables<unknown>());
  return rows;
}

/** Ids of runs of an experiment, page by page. */
export async function listRunIds(
  on: Queryable,
  experiment: number,
  after: string,
  limit: number,
): Promise<readonly string[]> {
  const { rows } = await sql<{ run_id: string }>`select run_id from tracking.run
    where experiment = ${experiment} and run_id > ${after} order by run_id limit ${limit}`.execute(
    on.tables<unknown>(),
  );
  return rows.map(({ run_id }) => run_id);
}

export interface PurgedModel {
  model_id: string;
  experiment: number;
  artifact_uri: string;
}

/** Logged models in the trash that these runs have made. */
export async function lockTrashedModels(
  on: Queryable,
  project: string,
  runIds: readonly string[],
): Promise<PurgedModel[]> {
  const { rows } = await sql<PurgedModel>`select model_id, experiment, artifact_uri from tracking.logged_model
    where project = ${project} and source_run_id = any(${[...runIds]}::text[]) and stage = 'deleted'
    for update`.execute(on.tables<unknown>());
  return rows;
}

export async function lockModelsOf(on: Queryable, experiment: number, limit: number): Promise<PurgedModel[]> {
  const { rows } = await sql<PurgedModel>`select model_id, experiment, artifact_uri from tracking.logged_model
    where experiment = ${experiment} order by model_id limit ${limit} for update`.execute(on.tables<unknown>());
  return rows;
}

export async function listModelIds(on: Queryable, experiment: number): Promise<readonly string[]> {
  const { rows } = await sql<{ model_id: string }>`select model_id from tracking.logged_model
    where experiment = ${experiment}`.execute(on.tables<unknown>());
  return rows.map(({ model_id }) => model_id);
}

export interface NewPurge {
  readonly kind: 'run' | 'logged_model';
  readonly subject: string;
  readonly title: string | null;
  readonly experiment: number;
  readonly run: number | null;
  readonly folder: string | null;
  /** A folder that clients wrote and that is deleted; where files stay. */
  readonly place: string | null;
  readonly leftAt: string | null;
}

export interface PurgeOrder {
  readonly project: string;
  readonly askedBy: string;
  readonly reason: string | null;
  readonly at: Date;
  /** The purge of an experiment. */
  readonly partOf?: number | null;
}

/** What is deleted, and by whom. Whatever has neither points nor files is finished at once. */
export async function insertPurges(on: Queryable, order: PurgeOrder, purges: readonly NewPurge[]): Promise<void> {
  const column = <T>(pick: (purge: NewPurge) => T) => purges.map(pick);
  await sql`insert into tracking.purge (project, kind, subject, title, experiment, run, folder, place, left_at,
      expected_points, part_of, asked_by, reason, asked_at, finished_at)
    select ${order.project}, kind, subject, title, experiment, run, folder, place, left_at,
      (select case when bool_and(m.points is not null) then sum(m.points) end::bigint from tracking.latest_metric m
        where m.run = given.run), ${order.partOf ?? null}::bigint, ${order.askedBy},
      ${order.reason}::text, ${order.at}::timestamptz,
      case when coalesce(run::text, folder, place) is null then ${order.at}::timestamptz end
    from unnest(${column(({ kind }) => kind)}::text[], ${column(({ subject }) => subject)}::text[],
      ${column(({ title }) => title)}::text[],
      ${column(({ experiment }) => experiment)}::bigint[], ${column(({ run }) => run)}::bigint[],
      ${column(({ folder }) => folder)}::text[], ${column(({ place }) => place)}::text[],
      ${column(({ leftAt }) => leftAt)}::text[])
      as given (kind, subject, title, experiment, run, folder, place, left_at)`.execute(on.tables<unknown>());
}

/** The rows of runs, with all that is small; their points are left for batches. */
export async function deleteRuns(on: Queryable, numbers: readonly number[]): Promise<void> {
  const db = on.tables<unknown>();
  await sql`delete from tracking.latest_metric where run = any(${[...numbers]}::bigint[])`.execute(db);
  await sql`delete from tracking.run where id = any(${[...numbers]}::bigint[])`.execute(db);
}

export async function deleteLoggedModels(on: Queryable, modelIds: readonly string[]): Promise<void> {
  await sql`delete from tracking.logged_model where model_id = any(${[...modelIds]}::text[])`.execute(
    on.tables<unknown>(),
  );
}

export interface UnfinishedPurge {
  id: number;
  project: string;
  experiment: number;
  run: number | null;
  folder: string | null;
  place: string | null;
}

export async function findUnfinishedPurge(on: Queryable, after: number): Promise<UnfinishedPurge | null> {
  const { rows } = await sql<UnfinishedPurge>`select id, project, experiment, run, folder, place from tracking.purge
    where finished_at is null and kind <> 'experiment' and id > ${after} order by id limit 1`.execute(
    on.tables<unknown>(),
  );
  return rows[0] ?? null;
}

/** The place of a point within its run. */
export interface PointPlace {
  key: string;
  timestamp_ms: number;
  step: number;
  value: number;
  is_nan: boolean;
}

/**
 * Deletes the next points of a run after a place; null when there are none. Going on from a place matters: a search
 * from the start would read all that was deleted before it again.
 */
export async function deletePoints(
  on: Queryable,
  purge: { readonly id: number; readonly run: number },
  after: PointPlace | null,
  limit: number,
): Promise<PointPlace | null> {
  const db = on.tables<unknown>();
  const place = sql`(key, timestamp_ms, step, value, is_nan)`;
  const valuesOf = (at: PointPlace) =>
    sql`(${at.key}::text, ${at.timestamp_ms}::bigint, ${at.step}::bigint, ${at.value}::float8, ${at.is_nan}::boolean)`;
  const beyond = after === null ? sql`` : sql`and ${place} > ${valuesOf(after)}`;
  await keepIndexOrder(on);
  // A batch that is lost with the machine is deleted again: nobody waits for the disk.
  await sql`set local synchronous_commit = off`.execute(db);
  const { rows } = await sql<PointPlace>`select key, timestamp_ms, step, value, is_nan from (
      select key, timestamp_ms, step, value, is_nan from tracking.metric
      where run = ${purge.run} ${beyond} order by key, timestamp_ms, step, value, is_nan limit ${limit}) as next
    order by key desc, timestamp_ms desc, step desc, value desc, is_nan desc limit 1`.execute(db);
  const last = rows[0];
  if (last === undefined) return null;
  const { numAffectedRows = 0n } = await sql`delete from tracking.metric
    where run = ${purge.run} ${beyond} and ${place} <= ${valuesOf(last)}`.execute(db);
  await sql`update tracking.purge set points = points + ${Number(numAffectedRows)} where id = ${purge.id}`.execute(db);
  return last;
}

/** Deletes some files below a folder; false when there are none left. Their bytes may be of other files, too. */
export async function deleteFiles(
  on: Queryable,
  purge: { readonly id: number; readonly project: string; readonly folder: string },
  limit: number,
): Promise<boolean> {
  const db = on.tables<unknown>();
  const { numAffectedRows = 0n } = await sql`delete from tracking.artifact
    where project = ${purge.project} and path in (select path from tracking.artifact
      where project = ${purge.project} and path > ${`${purge.folder}/`} and path < ${`${purge.folder}0`}
      order by path limit ${limit})`.execute(db);
  if (numAffectedRows === 0n) return false;
  await sql`update tracking.purge set files = files + ${Number(numAffectedRows)} where id = ${purge.id}`.execute(db);
  return true;
}

export async function countPurgedFiles(on: Queryable, id: number, files: number): Promise<void> {
  await sql`update tracking.purge set files = files + ${files} where id = ${id}`.execute(on.tables<unknown>());
}

/** Files that clients wrote stay: they are not here, or may not be deleted. */
export async function leavePlace(on: Queryable, id: number, place: string): Promise<void> {
  await sql`update tracking.purge set place = null, left_at = ${place} where id = ${id}`.execute(on.tables<unknown>());
}

/** Why a purge does not go on; null once it does. */
export async function notePurgeError(on: Queryable, id: number, error: string): Promise<void> {
  await sql`update tracking.purge set error = ${error} where id = ${id}`.execute(on.tables<unknown>());
}

export async function finishPurge(on: Queryable, id: number, at: Date): Promise<void> {
  await sql`update tracking.purge set finished_at = ${at}, error = null where id = ${id}`.execute(on.tables<unknown>());
}

/** The runs whose purge has finished since then, by their numbers. */
export async function listPurgedRuns(on: Queryable, since: Date): Promise<readonly number[]> {
  const { rows } = await sql<{ run: number }>`select run from tracking.purge
    where finished_at > ${since} and run is not null`.execute(on.tables<unknown>());
  return rows.map(({ run }) => run);
}

/** Points that a write, checked before its run went, stored after it. */
export async function deleteStragglers(on: Queryable, runs: readonly number[]): Promise<void> {
  const gone = [...runs];
  await sql`delete from tracking.metric where run = any(${gone}::bigint[])`.execute(on.tables<unknown>());
  await sql`delete from tracking.latest_metric where run = any(${gone}::bigint[])`.execute(on.tables<unknown>());
}

export interface PurgingExperiment {
  id: number;
  project: string;
  purged_by: string;
  purge_reason: string | null;
  /** Its own purge; null when that of its project is the reason. */
  purge: number | null;
}

/** Hides an experiment in the trash, whose name is free from then on. False when it is not in the trash. */
export async function startExperimentPurge(
  on: Queryable,
  { id, project, name }: { readonly id: number; readonly project: string; readonly name: string },
  order: Pick<PurgeOrder, 'askedBy' | 'reason' | 'at'>,
): Promise<boolean> {
  const db = on.tables<unknown>();
  const { numAffectedRows } = await sql`update tracking.experiment set stage = 'purging',
      name = name || ' (purged ' || id || ')', purged_by = ${order.askedBy}, purge_reason = ${order.reason}
    where id = ${id} and stage = 'deleted'`.execute(db);
  if (numAffectedRows !== 1n) return false;
  await sql`insert into tracking.purge (project, kind, subject, title, experiment, asked_by, reason, asked_at)
    values (${project}, 'experiment', ${String(id)}, ${name}, ${id}, ${order.askedBy}, ${order.reason},
      ${order.at})`.execute(db);
  return true;
}

export async function findPurgingExperiment(on: Queryable, after: number): Promise<PurgingExperiment | null> {
  const { rows } = await sql<PurgingExperiment>`select id, project, purged_by, purge_reason,
      (select max(p.id) from tracking.purge p where p.experiment = e.id and p.kind = 'experiment') as purge
    from tracking.experiment e where stage = 'purging' and id > ${after} order by id limit 1`.execute(
    on.tables<unknown>(),
  );
  return rows[0] ?? null;
}

export async function isBeingPurged(on: Queryable, experiment: number): Promise<boolean> {
  const { rows } = await sql`select from tracking.experiment
    where id = ${experiment} and stage = 'purging'`.execute(on.tables<unknown>());
  return rows.length > 0;
}

export async function deleteExperiment(on: Queryable, id: number, at: Date): Promise<void> {
  await sql`update tracking.purge set finished_at = ${at}
    where experiment = ${id} and kind = 'experiment' and finished_at is null`.execute(on.tables<unknown>());
  await sql`delete from tracking.experiment where id = ${id}`.execute(on.tables<unknown>());
}
