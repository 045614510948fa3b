import { type AnalyticsSession, quoteLiteral } from '#platform/analytics/analytics';
import { type EndpointRow, findEndpointById } from './endpoint-store.ts';
import { attachLog } from './log-relation.ts';
import { placedLabelsSql } from './log-sql.ts';
import type { ServingParts } from './parts.ts';
import type { RolloutRow } from './rollout-store.ts';

/** Requests of an arm in a step, and how many of them went badly. */
export interface StepCounts {
  readonly step: number;
  readonly candidate: number;
  readonly champion: number;
  readonly candidateErrors: number;
  readonly championErrors: number;
  readonly candidateSlow: number;
  readonly championSlow: number;
}

/** Mean losses of both versions on the same rows of a few minutes. */
export interface LossCluster {
  readonly step: number;
  readonly rows: number;
  readonly candidateLoss: number;
  readonly championLoss: number;
}

/** What is known of a rollout at a moment of event time. */
export interface RolloutFacts {
  readonly steps: readonly StepCounts[];
  readonly clusters: readonly LossCluster[];
  /** Event time of the first request of each step. */
  readonly stepFrom: ReadonlyMap<number, Date>;
  readonly firstAt: Date | null;
  readonly candidateAnsweredRows: number;
  /** Whether the candidate's first requests all failed. */
  readonly startedBroken: boolean;
}

/** Neighbouring minutes share their weather; requests of five minutes count as one unit. */
const CLUSTER_SECONDS = 300;
const FIRST_REQUESTS = 20;

const lossSql = ({ definition: { target } }: EndpointRow, prediction: string): string => {
  if (target.kind === 'regression') return `(${prediction} - l.value) ** 2`;
  const p = `least(greatest(${prediction}, 1e-15), 1 - 1e-15)`;
  return `case when l.value > ${target.positiveAbove} then -ln(${p}) else -ln(1 - ${p}) end`;
};

/** Tables of what the rollout's versions have answered and scored until a moment; the log is read once. */
async function takeRollout(session: AnalyticsSession, rollout: RolloutRow, slowMs: number, until: Date): Promise<void> {
  const chosen = `rollout = ${quoteLiteral(rollout.id)} and "at" < epoch_ms(${until.getTime()}::bigint)`;
  const columns = `row, step, "at", version, prediction, error is not null as bad, ms > ${slowMs} as slow`;
  await session.execute(
    `create table answers as select seq as request, ${columns}, role, weight from predictions where ${chosen}`,
  );
  await session.execute(
    `create table scores as select request_seq as request, ${columns} from shadows where ${chosen}`,
  );
}

/** In a canary each request counts for the arm it was given to; in the shadow each counts for both. */
async function readCounts(session: AnalyticsSession, rollout: RolloutRow) {
  return await session.rows(
    `with asked as (
       select request, step, weight, any_value(role) as role, min("at") as "at",
         bool_or(bad) as bad, bool_or(slow) as slow, count(*) as rows
       from answers group by request, step, weight
     ), shadowed as (
       select request, step, bool_or(bad) as bad, bool_or(slow) as slow
       from scores where version = $1 group by request, step
     )
     select a.step, epoch_ms(min(a.at)) as first_at,
       count(*) filter (where a.role = 'candidate' or (a.weight = 0 and s.request is not null)) as candidate,
       count(*) filter (where a.role = 'champion') as champion,
       count(*) filter (where case when a.role = 'candidate' then a.bad else a.weight = 0 and s.bad end)
         as candidate_errors,
       count(*) filter (where a.role = 'champion' and a.bad) as champion_errors,
       count(*) filter (where case when a.role = 'candidate' then a.slow else a.weight = 0 and s.slow end)
         as candidate_slow,
       count(*) filter (where a.role = 'champion' and a.slow) as champion_slow,
       coalesce(sum(a.rows) filter (where a.role = 'candidate'), 0) as answered_rows
     from asked a left join shadowed s on s.request = a.request
     group by a.step order by a.step`,
    [rollout.candidate],
  );
}

/** Rows that both versions have scored and whose truth is known. */
async function readClusters(session: AnalyticsSession, endpoint: EndpointRow, rollout: RolloutRow, until: Date) {
  const rows = await session.rows(
    `with both_scored as (
       select p.step, p.at, p.request, p.row,
         case when p.version = $1 then p.prediction else s.prediction end as candidate,
         case when p.version = $1 then s.prediction else p.prediction end as champion
       from answers p join scores s on s.request = p.request and s.row = p.row and s.version <> p.version
       where $2::int is not null and p.prediction is not null and s.prediction is not null
     ), truth as (
       select request_seq, row, arg_min(value, seq) as value from (${placedLabelsSql('labels', 'predictions')})
       where "at" < epoch_ms($3::bigint) and request_seq >= (select min(request) from both_scored)
       group by request_seq, row
     )
     select b.step, count(*) as rows, avg(${lossSql(endpoint, 'b.candidate')}) as candidate_loss,
       avg(${lossSql(endpoint, 'b.champion')}) as champion_loss
     from both_scored b join truth l on l.request_seq = b.request and l.row = b.row
     group by b.step, epoch_ms(b.at) // ${CLUSTER_SECONDS * 1000}
     order by min(b.at)`,
    [rollout.candidate, rollout.champion, until.getTime()],
  );
  return rows.map((row) => ({
    step: Number(row['step']),
    rows: Number(row['rows']),
    candidateLoss: Number(row['candidate_loss']),
    championLoss: Number(row['champion_loss']),
  }));
}

async function startsBroken(session: AnalyticsSession, rollout: RolloutRow): Promise<boolean> {
  const [row] = await session.rows(
    `select count(*) as requests, count(*) filter (where bad) as bad from (
       select request, bool_or(bad) as bad, min("at") as "at" from (
         select request, bad, "at" from answers where version = $1
         union all select request, bad, "at" from scores where version = $1
       ) group by request order by "at" limit ${FIRST_REQUESTS})`,
    [rollout.candidate],
  );
  return Number(row!['requests']) >= FIRST_REQUESTS && Number(row!['bad']) === Number(row!['requests']);
}

/** Reads from the log what a rollout's verdict rests on, as it was known at a moment. */
export async function rolloutFacts(parts: ServingParts, rollout: RolloutRow, at: Date): Promise<RolloutFacts> {
  const endpoint = (await findEndpointById(parts.platform.database, rollout.endpoint_id))!;
  const slow = rollout.plan.metrics.find((metric) => metric.kind === 'slow');
  const span = { from: rollout.first_event_at ?? new Date(0), until: at, labelsUntil: at };
  return await parts.platform.analytics.run({ name: 'rollout-evidence' }, async (session) => {
    await attachLog(parts, session, rollout.endpoint_id, span);
    await takeRollout(session, rollout, slow?.objectiveMs ?? Number.MAX_SAFE_INTEGER, at);
    const rows = await readCounts(session, rollout);
    const number = (row: Record<string, unknown>, name: string): number => Number(row[name]);
    return {
      steps: rows.map((row) => ({
        step: number(row, 'step'),
        candidate: number(row, 'candidate'),
        champion: number(row, 'champion'),
        candidateErrors: number(row, 'candidate_errors'),
        championErrors: number(row, 'champion_errors'),
        candidateSlow: number(row, 'candidate_slow'),
        championSlow: number(row, 'champion_slow'),
      })),
      clusters: await readClusters(session, endpoint, rollout, at),
      stepFrom: new Map(rows.map((row) => [number(row, 'step'), new Date(number(row, 'first_at'))])),
      firstAt: rows[0] === undefined ? null : new Date(number(rows[0], 'first_at')),
      candidateAnsweredRows: rows.reduce((sum, row) => sum + number(row, 'answered_rows'), 0),
      startedBroken: await startsBroken(session, rollout),
    };
  });
}
