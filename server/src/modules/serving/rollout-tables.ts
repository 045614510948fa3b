import { type AnalyticsSession, quoteLiteral } from '#platform/analytics/analytics';
import type { RolloutQuestion } from './rollout-question.ts';
import type { SegmentKind } from './segment-store.ts';

/** Files of the log that the tables do not have yet; all kinds up to the same line of the log. */
export type NewFiles = Readonly<Record<SegmentKind, readonly string[]>>;

/**
 * What a rollout's verdict rests on, whatever the moment: requests and rows that were answered, what the other version
 * said of them, and labels. Rows are only added. What follows from two of them is added when the later one comes, for
 * which the newest rows also stand alone, as `new_…`.
 */
const TABLES = [
  `asked (request bigint, name varchar, step int, weight double, role varchar, version int, "at" timestamp,
    bad boolean, slow boolean, rows bigint)`,
  'answers (request bigint, row int, step int, "at" timestamp, version int, prediction double)',
  'scored (request bigint, version int, "at" timestamp, bad boolean, slow boolean)',
  'scores (request bigint, row int, version int, prediction double)',
  // Labels of predictions that the gateway had forgotten: they find their requests by name.
  'unplaced (name varchar, row int, value double, "at" timestamp, seq bigint)',
  // The first label of a row stands. One that was known after a later one replaces it from then on.
  'labels (request bigint, row int, value double, "at" timestamp, seq bigint, replaced_at timestamp)',
  `losses (step int, "at" timestamp, cluster bigint, known_at timestamp, replaced_at timestamp, candidate double,
    champion double)`,
];

/** Neighbouring minutes share their weather; requests of five minutes count as one unit. */
const CLUSTER_MS = 300_000;

export async function createRolloutTables(session: AnalyticsSession): Promise<void> {
  for (const table of TABLES) await session.execute(`create table ${table}`);
  for (const name of ['asked', 'scores', 'unplaced', 'labels']) {
    await session.execute(`create table new_${name} as from ${name}`);
  }
}

const filesSql = (files: readonly string[]): string =>
  `read_parquet([${files.map(quoteLiteral).join(', ')}], union_by_name = true)`;

function lossSql({ target }: RolloutQuestion, prediction: string): string {
  if (target.kind === 'regression') return `(${prediction} - value) ** 2`;
  const p = `least(greatest(${prediction}, 1e-15), 1 - 1e-15)`;
  return `case when value > ${target.positiveAbove} then -ln(${p}) else -ln(1 - ${p}) end`;
}

/** Fills the `new_…` of a table, which is empty where there is nothing to read. */
async function renew(session: AnalyticsSession, name: string, sql: string | null, params: (string | number)[] = []) {
  if (sql === null) await session.execute(`delete from new_${name}`);
  else await session.execute(`create or replace table new_${name} as ${sql}`, params);
}

const insertNew = (session: AnalyticsSession, name: string): Promise<void> =>
  session.execute(`insert into ${name} from new_${name}`);

async function addPredictions(session: AnalyticsSession, files: readonly string[], question: RolloutQuestion) {
  if (files.length === 0) return await renew(session, 'asked', null);
  // All rows of a request are one line of the spool: they come together, and agree.
  await renew(
    session,
    'asked',
    `select seq as request, any_value(request) as name, any_value(step) as step, any_value(weight) as weight,
       any_value(role) as role, any_value(version) as version, min("at") as "at",
       bool_or(error is not null) as bad, bool_or(ms > $2) as slow, count(*) as rows
     from ${filesSql(files)} where rollout = $1 group by seq`,
    [question.rollout, question.slowMs],
  );
  await insertNew(session, 'asked');
  await session.execute(
    `insert into answers select seq, row, step, "at", version, prediction
     from ${filesSql(files)} where rollout = $1 and prediction is not null`,
    [question.rollout],
  );
}

async function addShadows(session: AnalyticsSession, files: readonly string[], question: RolloutQuestion) {
  if (files.length === 0) return await renew(session, 'scores', null);
  await session.execute(
    `insert into scored
     select any_value(request_seq), any_value(version), min("at"), bool_or(error is not null), bool_or(ms > $2)
     from ${filesSql(files)} where rollout = $1 group by seq`,
    [question.rollout, question.slowMs],
  );
  await renew(
    session,
    'scores',
    `select request_seq as request, row, version, prediction
     from ${filesSql(files)} where rollout = $1 and prediction is not null`,
    [question.rollout],
  );
  await insertNew(session, 'scores');
}

/** Labels of the rollout's requests that have come now, or whose request has; a request is logged before its labels. */
async function placeLabels(session: AnalyticsSession, files: readonly string[]): Promise<void> {
  const named = 'select a.request, u.row, u.value, u."at", u.seq';
  const isSame = 'a.name = u.name and u.row < a.rows';
  const placed = [`${named} from unplaced u join new_asked a on ${isSame}`];
  if (files.length > 0) {
    await renew(
      session,
      'unplaced',
      `select id[:len(id) - len(row::varchar) - 1] as name, row, value, "at", seq
       from ${filesSql(files)} where request_seq is null and ends_with(id, '.' || row)`,
    );
    placed.push(
      `${named} from new_unplaced u join asked a on ${isSame}`,
      `select request_seq, row, value, "at", seq
       from ${filesSql(files)} where request_seq >= (select min(request) from asked)`,
    );
  }
  await renew(session, 'labels', `select *, null::timestamp as replaced_at from (${placed.join(' union all ')})`);
  if (files.length > 0) await insertNew(session, 'unplaced');
  // Labels of a row come in the order of the log: none that is here already follows a new one.
  await session.execute(
    `update new_labels set replaced_at = earlier."at" from (
       select l.request, l.row, l.seq, min(e."at") as "at"
       from new_labels l join (from labels union all from new_labels) e
         on e.request = l.request and e.row = l.row and e.seq < l.seq
       group by l.request, l.row, l.seq
     ) earlier
     where new_labels.request = earlier.request and new_labels.row = earlier.row and new_labels.seq = earlier.seq`,
  );
}

/** Losses of both versions on the rows that both have scored and whose truth is known. */
async function addLosses(session: AnalyticsSession, question: RolloutQuestion): Promise<void> {
  const paired = (labels: string, scores: string): string =>
    `select p.step, p."at", l."at" as known_at, l.replaced_at, l.value,
       case when p.version = $1 then p.prediction else s.prediction end as candidate,
       case when p.version = $1 then s.prediction else p.prediction end as champion
     from ${labels} l
       join answers p on p.request = l.request and p.row = l.row
       join ${scores} s on s.request = l.request and s.row = l.row and s.version <> p.version`;
  await session.execute(
    `insert into losses
     select step, "at", epoch_ms("at") // ${CLUSTER_MS}, known_at, replaced_at,
       ${lossSql(question, 'candidate')}, ${lossSql(question, 'champion')}
     from (${paired('new_labels', 'scores')} union all ${paired('labels', 'new_scores')})`,
    [question.candidate],
  );
}

export async function addToRollout(session: AnalyticsSession, files: NewFiles, question: RolloutQuestion) {
  await addPredictions(session, files.predictions, question);
  await addShadows(session, files.shadows, question);
  await placeLabels(session, files.labels);
  await addLosses(session, question);
  await insertNew(session, 'labels');
}
