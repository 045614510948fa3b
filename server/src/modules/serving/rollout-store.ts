import { type RolloutPlan as Plan, type Rollout, type RolloutCheck, RolloutPlan } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export type RolloutState = Rollout['state'];

/** The largest natural logarithms of a metric's e-values: against "no worse" in all, against "worse" in this step. */
export interface KeptEvidence {
  readonly logEFail: number;
  readonly logEPass: number;
}

export interface RolloutRow {
  readonly id: string;
  readonly endpoint_id: string;
  readonly champion: number | null;
  readonly candidate: number;
  readonly plan: Plan;
  readonly plan_digest: string;
  readonly state: RolloutState;
  readonly step: number;
  readonly reason: string;
  readonly started_at: Date;
  readonly started_by: string;
  readonly ended_at: Date | null;
  readonly first_event_at: Date | null;
  readonly last_event_at: Date | null;
  readonly step_from: Date | null;
  readonly next_check: Date | null;
  readonly candidate_answered: number;
  readonly evidence: Readonly<Record<string, KeptEvidence>>;
}

const present = (row: RolloutRow): RolloutRow => ({ ...row, plan: RolloutPlan.parse(row.plan) });

export type NewRollout = Pick<
  RolloutRow,
  'id' | 'endpoint_id' | 'champion' | 'candidate' | 'plan' | 'plan_digest' | 'started_by'
>;

/** False when another rollout of the endpoint is under way. */
export async function insertRollout(on: Queryable, rollout: NewRollout): Promise<boolean> {
  const { numAffectedRows } = await sql`insert into serving.rollout
      (id, endpoint_id, champion, candidate, plan, plan_digest, state, started_by)
    values (${rollout.id}, ${rollout.endpoint_id}, ${rollout.champion}, ${rollout.candidate},
      ${JSON.stringify(rollout.plan)}::jsonb, ${rollout.plan_digest}, 'running', ${rollout.started_by})
    on conflict do nothing`.execute(on.tables<unknown>());
  return numAffectedRows === 1n;
}

export async function findRollout(on: Queryable, project: string, id: string): Promise<RolloutRow | null> {
  const { rows } = await sql<RolloutRow>`select rollout.* from serving.rollout
    join serving.endpoint on endpoint.id = rollout.endpoint_id
    where rollout.id::text = ${id} and endpoint.project = ${project}`.execute(on.tables<unknown>());
  return rows[0] === undefined ? null : present(rows[0]);
}

export async function lockRollout(on: Queryable, id: string): Promise<RolloutRow | null> {
  const { rows } = await sql<RolloutRow>`select * from serving.rollout where id = ${id} for update`.execute(
    on.tables<unknown>(),
  );
  return rows[0] === undefined ? null : present(rows[0]);
}

/** The rollout that splits the endpoint's traffic now. */
export async function findActiveRollout(on: Queryable, endpointId: string): Promise<RolloutRow | null> {
  const { rows } = await sql<RolloutRow>`select * from serving.rollout
    where endpoint_id = ${endpointId} and state in ('running', 'needs_review')`.execute(on.tables<unknown>());
  return rows[0] === undefined ? null : present(rows[0]);
}

export async function listActiveRollouts(on: Queryable): Promise<RolloutRow[]> {
  const { rows } = await sql<RolloutRow>`select * from serving.rollout
    where state in ('running', 'needs_review')`.execute(on.tables<unknown>());
  return rows.map(present);
}

export interface RolloutPage {
  readonly endpointId: string;
  readonly limit: number;
  readonly before?: string | undefined;
}

/** Newest first; ids are UUIDv7, so they sort by time. */
export async function listRollouts(on: Queryable, page: RolloutPage): Promise<RolloutRow[]> {
  const before = page.before === undefined ? sql`` : sql`and id::text < ${page.before}`;
  const { rows } = await sql<RolloutRow>`select * from serving.rollout
    where endpoint_id = ${page.endpointId} ${before} order by id desc limit ${page.limit}`.execute(
    on.tables<unknown>(),
  );
  return rows.map(present);
}

export interface RolloutChange {
  readonly state?: RolloutState;
  readonly step?: number;
  readonly reason?: string;
  readonly endedAt?: Date;
  readonly firstEventAt?: Date | null;
  readonly lastEventAt?: Date;
  readonly stepFrom?: Date | null;
  readonly nextCheck?: Date | null;
  readonly candidateAnswered?: number;
  readonly evidence?: Readonly<Record<string, KeptEvidence>>;
}

export async function updateRollout(on: Queryable, id: string, change: RolloutChange): Promise<void> {
  const columns: [string, unknown][] = [
    ['state', change.state],
    ['step', change.step],
    ['reason', change.reason],
    ['ended_at', change.endedAt],
    ['first_event_at', change.firstEventAt],
    ['last_event_at', change.lastEventAt],
    ['step_from', change.stepFrom],
    ['next_check', change.nextCheck],
    ['candidate_answered', change.candidateAnswered],
    ['evidence', change.evidence === undefined ? undefined : JSON.stringify(change.evidence)],
  ];
  const changed = columns.filter(([, value]) => value !== undefined);
  if (changed.length === 0) return;
  const assignments = sql.join(changed.map(([column, value]) => sql`${sql.ref(column)} = ${value}`));
  await sql`update serving.rollout set ${assignments} where id = ${id}`.execute(on.tables<unknown>());
}

export async function insertCheck(on: Queryable, rolloutId: string, check: RolloutCheck): Promise<void> {
  await sql`insert into serving.rollout_check (rollout_id, at, step, weight, verdict, reason, evidence)
    values (${rolloutId}, ${check.at}, ${check.step}, ${check.weight}, ${check.verdict}, ${check.reason},
      ${JSON.stringify(check.evidence)}::jsonb)
    on conflict (rollout_id, at, step) do nothing`.execute(on.tables<unknown>());
}

/** All looks at some rollouts, oldest first, by the rollout's id. */
export async function checksOf(on: Queryable, rolloutIds: readonly string[]): Promise<Map<string, RolloutCheck[]>> {
  const { rows } = await sql<Omit<RolloutCheck, 'at'> & { rollout_id: string; at: Date }>`
    select rollout_id, at, step, weight, verdict, reason, evidence from serving.rollout_check
    where rollout_id = any(${rolloutIds}::uuid[]) order by at, step`.execute(on.tables<unknown>());
  const checks = new Map<string, RolloutCheck[]>(rolloutIds.map((id) => [id, []]));
  for (const { rollout_id, at, ...check } of rows) checks.get(rollout_id)!.push({ ...check, at: at.toISOString() });
  return checks;
}
