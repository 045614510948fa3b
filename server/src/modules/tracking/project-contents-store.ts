import { sql } from 'kysely';
import type { NameConflict } from '#platform/access/project-contents';
import type { Queryable } from '#platform/database/database';

const MOST_CONFLICTS = 20;

/** Names of experiments (in the trash, too), of saved views, and paths of files, that both projects have. */
export async function findConflicts(trx: Queryable, from: string, to: string): Promise<NameConflict[]> {
  const { rows } = await sql<NameConflict>`
    (select 'experiment' as kind, name from tracking.experiment one where project = ${from} and exists
      (select from tracking.experiment other where other.project = ${to} and other.name = one.name)
      order by name limit ${MOST_CONFLICTS})
    union all
    (select 'run_view', name from tracking.run_view one where project = ${from} and exists
      (select from tracking.run_view other where other.project = ${to} and other.name = one.name)
      order by name limit ${MOST_CONFLICTS})
    union all
    (select 'artifact', path from tracking.artifact one where project = ${from} and exists
      (select from tracking.artifact other where other.project = ${to} and other.path = one.path)
      order by path limit ${MOST_CONFLICTS})`.execute(trx.tables<unknown>());
  return rows;
}

/** Experiments with all that is in them, and what is still to be deleted for the project. */
export async function moveExperiments(trx: Queryable, from: string, to: string) {
  const db = trx.tables<unknown>();
  const counts = { experiments: 0, runs: 0, loggedModels: 0, artifacts: 0, uploads: 0, views: 0 };
  const tables = [
    ['experiments', 'experiment'],
    ['runs', 'run'],
    ['loggedModels', 'logged_model'],
    ['artifacts', 'artifact'],
    ['uploads', 'artifact_upload'],
    ['views', 'run_view'],
  ] as const;
  for (const [kind, table] of tables) {
    const { numAffectedRows = 0n } = await sql`update ${sql.id('tracking', table)} set project = ${to}
      where project = ${from}`.execute(db);
    counts[kind] = Number(numAffectedRows);
  }
  await sql`update tracking.purge set project = ${to} where project = ${from}`.execute(db);
  return counts;
}

export interface HiddenExperiment {
  readonly id: number;
  readonly name: string;
}

/** Gives all experiments of a project to the purge; those that it has already are not returned. */
export async function purgeExperimentsOf(trx: Queryable, project: string, reason: string): Promise<HiddenExperiment[]> {
  const { rows } = await sql<HiddenExperiment>`update tracking.experiment set stage = 'purging',
      purged_by = 'system', purge_reason = ${reason}
    where project = ${project} and stage <> 'purging' returning id, name`.execute(trx.tables<unknown>());
  return rows;
}

/** Deletes some files and saved views that belong to no run; false when nothing is left. */
export async function deleteSomeLeftovers(on: Queryable, project: string, limit: number): Promise<boolean> {
  const db = on.tables<unknown>();
  const views = await sql`delete from tracking.run_view where project = ${project}`.execute(db);
  const files = await sql`delete from tracking.artifact where project = ${project} and path in
    (select path from tracking.artifact where project = ${project} order by path limit ${limit})`.execute(db);
  return (views.numAffectedRows ?? 0n) + (files.numAffectedRows ?? 0n) > 0n;
}
