import type { RetentionRule } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface RuleRow {
  experiment: number;
  project: string;
  purge_after_days: number | null;
  delete_after_days: number | null;
  keep_tag: string;
}

const presentRule = (row: RuleRow): RetentionRule => ({
  purgeAfterDays: row.purge_after_days,
  deleteAfterDays: row.delete_after_days,
  keepTag: row.keep_tag,
});

const columns = sql`r.experiment, e.project, r.purge_after_days, r.delete_after_days, r.keep_tag`;

export async function findRetentionRule(on: Queryable, experiment: number): Promise<RetentionRule | null> {
  const { rows } = await sql<RuleRow>`select ${columns}
    from tracking.retention_rule r join tracking.experiment e on e.id = r.experiment
    where r.experiment = ${experiment}`.execute(on.tables<unknown>());
  return rows[0] === undefined ? null : presentRule(rows[0]);
}

export interface DueRule {
  readonly experiment: number;
  readonly project: string;
  readonly rule: RetentionRule;
}

/** Every rule that does something. */
export async function listRetentionRules(on: Queryable): Promise<DueRule[]> {
  const { rows } = await sql<RuleRow>`select ${columns}
    from tracking.retention_rule r join tracking.experiment e on e.id = r.experiment
    where e.stage <> 'purging' and (r.purge_after_days is not null or r.delete_after_days is not null)
    order by r.experiment`.execute(on.tables<unknown>());
  return rows.map((row) => ({ experiment: row.experiment, project: row.project, rule: presentRule(row) }));
}

export async function upsertRetentionRule(
  on: Queryable,
  experiment: number,
  rule: RetentionRule,
  change: { readonly by: string; readonly at: Date },
): Promise<void> {
  await sql`insert into tracking.retention_rule
      (experiment, purge_after_days, delete_after_days, keep_tag, changed_by, changed_at)
    values (${experiment}, ${rule.purgeAfterDays}, ${rule.deleteAfterDays}, ${rule.keepTag}, ${change.by},
      ${change.at})
    on conflict (experiment) do update set purge_after_days = excluded.purge_after_days,
      delete_after_days = excluded.delete_after_days, keep_tag = excluded.keep_tag,
      changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(on.tables<unknown>());
}

export interface OldRun {
  id: number;
  run_id: string;
}

/** Active runs that ended before a time and do not bear the tag, by their numbers, locked. */
export async function lockOldRuns(
  on: Queryable,
  question: {
    readonly experiment: number;
    readonly endedBefore: number;
    readonly keepTag: string;
    readonly after: number;
    readonly limit: number;
  },
): Promise<OldRun[]> {
  const { experiment, endedBefore, keepTag, after, limit } = question;
  const { rows } = await sql<OldRun>`select r.id, r.run_id from tracking.run r
    where r.experiment = ${experiment} and r.stage = 'active' and r.status in ('FINISHED', 'FAILED', 'KILLED')
      and coalesce(r.end_ms, r.start_ms) < ${endedBefore} and r.id > ${after}
      and not exists (select from tracking.run_tag t where t.run = r.id and t.key = ${keepTag})
    order by r.id limit ${limit} for update of r`.execute(on.tables<unknown>());
  return rows;
}

export async function moveToTrash(on: Queryable, numbers: readonly number[], atMs: number): Promise<void> {
  await sql`update tracking.run set stage = 'deleted', deleted_ms = ${atMs}
    where id = any(${[...numbers]}::bigint[])`.execute(on.tables<unknown>());
}
