import { sql } from 'kysely';
import type { NameConflict } from '#platform/access/project-contents';
import type { Queryable } from '#platform/database/database';

const MOST_CONFLICTS = 20;

/** Names of evaluation datasets and ids of traces that both projects have. */
export async function findConflicts(trx: Queryable, from: string, to: string): Promise<NameConflict[]> {
  const { rows } = await sql<NameConflict>`
    (select distinct 'evaluation_dataset' as kind, name from tracing.evaluation_dataset one
      where project = ${from} and exists
        (select from tracing.evaluation_dataset other where other.project = ${to} and other.name = one.name)
      order by name limit ${MOST_CONFLICTS})
    union all
    (select 'trace', trace_id from tracing.trace one where project = ${from} and exists
      (select from tracing.trace other where other.project = ${to} and other.trace_id = one.trace_id)
      order by trace_id limit ${MOST_CONFLICTS})`.execute(trx.tables<unknown>());
  return rows;
}

export async function moveTraces(trx: Queryable, from: string, to: string) {
  const db = trx.tables<unknown>();
  const traces = await sql`update tracing.trace set project = ${to} where project = ${from}`.execute(db);
  const datasets = await sql`update tracing.evaluation_dataset set project = ${to} where project = ${from}`.execute(db);
  return {
    traces: Number(traces.numAffectedRows ?? 0n),
    evaluationDatasets: Number(datasets.numAffectedRows ?? 0n),
  };
}

/** Deletes some traces with their spans; how many. */
export async function deleteSomeTraces(
  on: Queryable,
  of: { readonly project: string } | { readonly experiment: number },
  limit: number,
): Promise<number> {
  const which = 'project' in of ? sql`project = ${of.project}` : sql`experiment = ${of.experiment}`;
  const { numAffectedRows = 0n } = await sql`delete from tracing.trace where id in
    (select id from tracing.trace where ${which} limit ${limit})`.execute(on.tables<unknown>());
  return Number(numAffectedRows);
}

/** Deletes some records, then the datasets; false when nothing is left. */
export async function deleteSomeEvaluationDatasets(on: Queryable, project: string, limit: number): Promise<boolean> {
  const db = on.tables<unknown>();
  const records = await sql`delete from tracing.evaluation_record where (dataset_id, record_id) in
    (select r.dataset_id, r.record_id from tracing.evaluation_record r
      join tracing.evaluation_dataset d on d.dataset_id = r.dataset_id
      where d.project = ${project} limit ${limit})`.execute(db);
  if ((records.numAffectedRows ?? 0n) > 0n) return true;
  const datasets = await sql`delete from tracing.evaluation_dataset where project = ${project}`.execute(db);
  return (datasets.numAffectedRows ?? 0n) > 0n;
}
