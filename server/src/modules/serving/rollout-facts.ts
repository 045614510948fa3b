import type { AnalyticsSession } from '#platform/analytics/analytics';

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

const FIRST_REQUESTS = 20;
const BEFORE = '"at" < epoch_ms($1::bigint)';

/**
 * In a canary each request counts for the arm it was given to; in the shadow each counts for both. A version scores a
 * request once.
 */
async function readCounts(session: AnalyticsSession, candidate: number, untilMs: number) {
  return await session.rows(
    `select a.step, epoch_ms(min(a."at")) as first_at,
       count(*) filter (where a.role = 'candidate' or (a.weight = 0 and s.request is not null)) as candidate,
       count(*) filter (where a.role = 'champion') as champion,
       count(*) filter (where case when a.role = 'candidate' then a.bad else a.weight = 0 and s.bad end)
         as candidate_errors,
       count(*) filter (where a.role = 'champion' and a.bad) as champion_errors,
       count(*) filter (where case when a.role = 'candidate' then a.slow else a.weight = 0 and s.slow end)
         as candidate_slow,
       count(*) filter (where a.role = 'champion' and a.slow) as champion_slow,
       coalesce(sum(a.rows) filter (where a.role = 'candidate'), 0) as answered_rows
     from asked a left join (from scored where version = $2 and ${BEFORE}) s on s.request = a.request
     where a.${BEFORE} group by a.step order by a.step`,
    [untilMs, candidate],
  );
}

async function readClusters(session: AnalyticsSession, untilMs: number): Promise<LossCluster[]> {
  const { rowCount, columns } = await session.columns(
    `select step, count(*)::double as rows, avg(candidate) as candidate, avg(champion) as champion from losses
     where ${BEFORE} and known_at < epoch_ms($1::bigint)
       and (replaced_at is null or replaced_at >= epoch_ms($1::bigint))
     group by step, cluster order by min("at"), step`,
    [untilMs],
  );
  const [step, rows, candidate, champion] = columns.map(({ values }) => values);
  return Array.from({ length: rowCount }, (_, i) => ({
    step: Number(step![i]),
    rows: Number(rows![i]),
    candidateLoss: Number(candidate![i]),
    championLoss: Number(champion![i]),
  }));
}

async function startsBroken(session: AnalyticsSession, candidate: number, untilMs: number): Promise<boolean> {
  const [row] = await session.rows(
    `select count(*) as requests, count(*) filter (where bad) as bad from (
       select request, bad, "at" from asked where version = $2 and ${BEFORE}
       union all select request, bad, "at" from scored where version = $2 and ${BEFORE}
       order by "at", request limit ${FIRST_REQUESTS})`,
    [untilMs, candidate],
  );
  return Number(row!['requests']) >= FIRST_REQUESTS && Number(row!['bad']) === Number(row!['requests']);
}

/** What the tables of a rollout say, as it was known at a moment. */
export async function readRolloutFacts(
  session: AnalyticsSession,
  candidate: number,
  until: Date,
): Promise<RolloutFacts> {
  const rows = await readCounts(session, candidate, until.getTime());
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
    clusters: await readClusters(session, until.getTime()),
    stepFrom: new Map(rows.map((row) => [number(row, 'step'), new Date(number(row, 'first_at'))])),
    firstAt: rows[0] === undefined ? null : new Date(number(rows[0], 'first_at')),
    candidateAnsweredRows: rows.reduce((sum, row) => sum + number(row, 'answered_rows'), 0),
    startedBroken: await startsBroken(session, candidate, until.getTime()),
  };
}
