import type { FeatureViewDefinition } from '@flyball/api';
import { quoteIdentifier } from '#platform/analytics/analytics';
import { type Measure, type PlannedFeature, planView, type ViewPlan } from './measures.ts';

type View = Pick<FeatureViewDefinition, 'features' | 'ttlSeconds' | 'source'>;

/** Where a view's features enter a training set. */
export interface SpineJoin {
  readonly view: View;
  /** Column of the spine that holds the key. */
  readonly keyColumn: string;
  /** Features wanted, and the names of their columns. */
  readonly wanted: readonly { readonly feature: string; readonly as: string }[];
}

/** What a view is asked about: the rows of the spine, and their moments from the first to the last. */
export interface SpineBounds {
  readonly rowCount: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** A view with its number among the views of a training set, and how its keys and moments become one number. */
interface Pass {
  readonly join: SpineJoin;
  readonly plan: ViewPlan;
  readonly position: number;
  readonly bounds: SpineBounds;
  readonly line: KeyLine;
}

/**
 * Places the times of all keys on one line, key behind key, since sorting and joining by one integer costs half of what
 * key and time do. A key's stretch begins before anything that its questions can reach, so that what they look up
 * before their windows is never in the stretch of another key but when theirs is empty.
 */
interface KeyLine {
  readonly beginMs: number;
  readonly span: number;
  readonly type: 'bigint' | 'hugeint';
}

const reachOf = ({ longestMs, ttlMs }: ViewPlan): number => Math.max(longestMs, ttlMs);

function keyLine(plan: ViewPlan, { rowCount, minMs, maxMs }: SpineBounds): KeyLine {
  const beginMs = minMs - reachOf(plan) - 1;
  const span = maxMs - beginMs + 1;
  const fits = BigInt(rowCount + 1) * BigInt(span) < 2n ** 63n;
  return { beginMs, span, type: fits ? 'bigint' : 'hugeint' };
}

const onLine = ({ beginMs, span, type }: KeyLine, k: string, ms: string): string =>
  `${k}::${type} * ${span} + (${ms} - ${beginMs})`;

const measureSql = ({ column, above }: Measure): string => {
  const name = quoteIdentifier(column);
  return above === null ? `${name}::double` : `(${name} > ${above})::utinyint`;
};

const keyOf = ({ join }: Pass): string => `${quoteIdentifier(join.keyColumn)}::varchar`;

/** Numbers the keys that are asked for from 1; 0 stands for a question without a key. */
function keysSql(pass: Pass): string {
  return `select name, (row_number() over ())::int as k
    from (select distinct ${keyOf(pass)} as name from spine) where name is not null`;
}

/** Events that can matter: of the keys that are asked for, and in reach of some question. */
function eventsSql({ join, plan, position, bounds, line }: Pass): string {
  const { key, happenedAt, knownAt } = join.view.source;
  const happened = `epoch_ms(${quoteIdentifier(happenedAt)})`;
  const known = `greatest(epoch_ms(${quoteIdentifier(knownAt)}), ${happened})`;
  const measures = plan.measures.map((measure, m) => `, ${measureSql(measure)} as m${m}`).join('');
  const isHappenedAsked = wantedOf(plan, join, 'happened').length > 0;
  return `select ${onLine(line, 'keys.k', known)} as x${isHappenedAsked ? `, ${happened} as h` : ''}${measures}
    from data join keys${position} keys on keys.name = ${quoteIdentifier(key)}::varchar
    where ${known} > ${bounds.minMs - reachOf(plan)} and ${known} <= ${bounds.maxMs}`;
}

/** The questions in order, which is what joins by time would sort them into again and again. */
function questionsSql(pass: Pass): string {
  return `select s.__id as id, ${onLine(pass.line, 'coalesce(keys.k, 0)', 's.__t')} as x
    from spine s left join keys${pass.position} keys on keys.name = s.${keyOf(pass)} order by x`;
}

const additive = (aggregate: PlannedFeature['aggregate']): boolean => ['count', 'sum', 'mean'].includes(aggregate);

/**
 * Where everything is a count, one pass over all keys in order will do, since what comes before a key cancels out.
 * Events of one moment become known together, so only the last of them counts.
 */
function countedSql({ plan, position }: Pass): string {
  const columns = plan.measures.map((_, m) => `, m${m}`).join('');
  const counts = plan.measures.map(
    (_, m) => `, (count(nullif(m${m}, 0)) over passed)::int as s${m}, (count(m${m}) over passed)::int as c${m}`,
  );
  return `select * exclude (after) from (
      select x, (row_number() over ())::int as n${counts.join('')}, lead(x) over () as after
      from (select x${columns} from events${position} order by x) window passed as (rows unbounded preceding)
    ) where after is distinct from x`;
}

/** Other sums would lose digits to those of other keys, so each key begins with zeros. Doubles hold counts exactly. */
function summedSql({ plan, position, line: { span, type } }: Pass): string {
  const columns = ['n', ...plan.measures.flatMap((_, m) => [`s${m}`, `c${m}`])];
  const each = plan.measures.map((_, m) => `, coalesce(sum(m${m}), 0)::double as s${m}, count(m${m})::double as c${m}`);
  return `select x, ${columns.map((column) => `sum(${column}) over w as ${column}`).join(', ')} from (
      select x, count(*)::double as n${each.join('')} from events${position} group by x
      union all select k::${type} * ${span}${columns.map(() => ', 0').join('')} from keys${position}
    ) window w as (partition by x // ${span} order by x rows unbounded preceding)`;
}

/** Sums over all events of a key up to each moment, so that any window is a difference of two of them. */
const runningSql = (pass: Pass): string =>
  pass.plan.measures.every(({ above }) => above !== null) ? countedSql(pass) : summedSql(pass);

const windowsOf = (features: readonly { readonly planned: PlannedFeature }[]): number[] => [
  ...new Set(features.map(({ planned }) => planned.windowMs)),
];

function additiveSql({ aggregate, measure, windowMs }: PlannedFeature, windows: readonly number[]): string {
  const before = `b${windows.indexOf(windowMs)}`;
  const difference = (column: string): string => `(coalesce(a.${column}, 0) - coalesce(${before}.${column}, 0))`;
  if (measure < 0) return `${difference('n')}::double`;
  const count = difference(`c${measure}`);
  if (aggregate === 'count') return `${count}::double`;
  const sum = difference(`s${measure}`);
  return aggregate === 'sum' ? `case when ${count} > 0 then ${sum}::double end` : `${sum} / nullif(${count}, 0)`;
}

/** Frames hold whole milliseconds, so "later than t − w" is "from t − w + 1 on". */
function framedSql({ aggregate, measure, windowMs }: PlannedFeature, { span }: KeyLine): string {
  const over = `over (partition by x // ${span} order by x range between ${windowMs - 1} preceding and current row)`;
  if (aggregate === 'last') return `(last_value(m${measure} ignore nulls) ${over})::double`;
  return `(${aggregate}(m${measure}) ${over})::double`;
}

function happenedSql({ aggregate, measure }: PlannedFeature): string {
  if (measure < 0) return 'count(e.h)::double';
  const column = `e.m${measure}`;
  if (aggregate === 'last') return `(arg_max(${column}, e.x) filter (where ${column} is not null))::double`;
  if (aggregate === 'mean') return `sum(${column})::double / nullif(count(${column}), 0)`;
  return `${aggregate}(${column})::double`;
}

const wantedOf = (plan: ViewPlan, { wanted }: SpineJoin, clock: PlannedFeature['clock']) =>
  wanted.flatMap(({ feature, as }) => {
    const planned = plan.features.find(({ name }) => name === feature);
    return planned?.clock === clock ? [{ planned, as }] : [];
  });

/** The running sums at each question's moment, and at the beginnings of its windows. */
function knownSql({ join, plan, position }: Pass): string {
  const features = wantedOf(plan, join, 'known').filter(({ planned }) => additive(planned.aggregate));
  const windows = windowsOf(features);
  const begins = windows.map((ms, i) => `asof left join running${position} b${i} on q.x - ${ms} >= b${i}.x`);
  const columns = features.map(({ planned, as }) => `, ${additiveSql(planned, windows)} as ${quoteIdentifier(as)}`);
  return `select q.id, coalesce(a.x >= q.x - ${plan.ttlMs}, false) as fresh${columns.join('')}
    from questions${position} q asof left join running${position} a on q.x >= a.x
    ${begins.join(' ')}`;
}

/** Extremes and newest values: events and questions in one relation, where a question sees its key's known events. */
function framedRelations({ join, plan, position, line }: Pass) {
  const features = wantedOf(plan, join, 'known').filter(({ planned }) => !additive(planned.aggregate));
  if (features.length === 0) return [];
  const nothing = plan.measures.map(() => ', null').join('');
  const measures = plan.measures.map((_, m) => `, m${m}`).join('');
  const columns = features.map(({ planned, as }) => `${framedSql(planned, line)} as ${quoteIdentifier(as)}`);
  const sql = `select id, ${columns.join(', ')} from (
      select x, null as id${measures} from events${position}
      union all
      select x, id${nothing} from questions${position}
    ) qualify id is not null`;
  return features.map(({ as }) => ({ name: `framed${position}`, as, sql }));
}

function happenedRelations({ join, plan, position, line: { beginMs, span } }: Pass) {
  const moment = `q.x % ${span} + ${beginMs}`;
  return wantedOf(plan, join, 'happened').map(({ planned, as }, i) => ({
    name: `happened${position}_${i}`,
    as,
    sql: `select q.id, ${happenedSql(planned)} as ${quoteIdentifier(as)} from questions${position} q
      left join events${position} e on e.x // ${span} = q.x // ${span} and e.x <= q.x
        and e.h > ${moment} - ${planned.windowMs} and e.h <= ${moment}
      group by q.id`,
  }));
}

export interface ViewSql {
  /** Statements that make the tables below. */
  readonly prepare: readonly string[];
  /** `left join …` clauses onto `spine s`. */
  readonly joins: string;
  /** Columns to select. */
  readonly columns: readonly string[];
}

/**
 * A view's features for every row of the table `spine` (with `__id` and `__t`, the moment of asking in ms), over the
 * relation `data` of its events. Point-in-time exact: nothing that was not known at `__t` has any influence.
 */
export function viewSql(join: SpineJoin, position: number, bounds: SpineBounds): ViewSql {
  const plan = planView(join.view);
  const pass = { join, plan, position, bounds, line: keyLine(plan, bounds) };
  const known = `known${position}`;
  const others = [...framedRelations(pass), ...happenedRelations(pass)];
  const tables = new Map(others.map(({ name, sql }) => [name, sql]));
  const columns = join.wanted.map(({ as }) => {
    const from = others.find((one) => one.as === as)?.name ?? known;
    const value = `${from}.${quoteIdentifier(as)}`;
    return `${plan.ttlMs > 0 ? `case when ${known}.fresh then ${value} end` : value} as ${quoteIdentifier(as)}`;
  });
  return {
    prepare: [
      `create table keys${position} as ${keysSql(pass)}`,
      `create table events${position} as ${eventsSql(pass)}`,
      `create table questions${position} as ${questionsSql(pass)}`,
      `create table running${position} as ${runningSql(pass)}`,
      `create table ${known} as ${knownSql(pass)}`,
      ...[...tables].map(([name, sql]) => `create table ${name} as ${sql}`),
      // Memory that the tables of the next view, and the joins of all, would have to do without.
      ...['events', 'questions', 'running', 'keys'].map((name) => `drop table ${name}${position}`),
    ],
    joins: [known, ...tables.keys()].map((name) => `left join ${name} on ${name}.id = s.__id`).join('\n'),
    columns,
  };
}
