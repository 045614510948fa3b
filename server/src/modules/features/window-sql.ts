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

const measureSql = ({ column, above }: Measure): string => {
  const name = quoteIdentifier(column);
  return above === null ? `${name}::double` : `(${name} > ${above})::int`;
};

/**
 * Events of a view that can matter to questions in [minMs, maxMs]. Keys are numbered from 1, because sorting and
 * joining by text costs several times as much; 0 stands for a key without events.
 */
function eventStatements(
  view: View,
  plan: ViewPlan,
  position: number,
  { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number },
): string[] {
  const { happenedAt, knownAt } = view.source;
  const key = quoteIdentifier(view.source.key);
  const happened = `epoch_ms(${quoteIdentifier(happenedAt)})`;
  const known = `greatest(epoch_ms(${quoteIdentifier(knownAt)}), ${happened})`;
  const reach = Math.max(plan.longestMs, plan.ttlMs);
  const matters = `${key} is not null and ${known} > ${minMs - reach} and ${known} <= ${maxMs}`;
  const measures = plan.measures.map((measure, m) => `, ${measureSql(measure)} as m${m}`).join('');
  return [
    `create table keys${position} as select name, (row_number() over ())::int as k
      from (select distinct ${key}::varchar as name from data where ${matters})`,
    `create table events${position} as select keys.k, ${happened} as h, ${known} as t${measures}
      from data join keys${position} keys on keys.name = ${key}::varchar where ${matters}`,
  ];
}

/** The distinct questions: rows of the spine that share key and moment share their answers. */
function questionsSql({ keyColumn }: SpineJoin, position: number): string {
  return `select distinct coalesce(keys.k, 0) as k, s.__t as t from spine s
    left join keys${position} keys on keys.name = s.${quoteIdentifier(keyColumn)}::varchar`;
}

const additive = (aggregate: PlannedFeature['aggregate']): boolean => ['count', 'sum', 'mean'].includes(aggregate);

/** Before everything: where the sums of each key begin. */
const BEGINNING = Number.MIN_SAFE_INTEGER;

/**
 * Sums over all events of a key up to each moment, so that any window is a difference of two of them. Doubles hold
 * counts exactly. Where everything is a count, one pass over all keys in order will do, at a third of the time, since
 * what comes before a key cancels out. Other sums would lose digits to those of other keys.
 */
function runningSql(plan: ViewPlan, position: number): string {
  const columns = ['n', ...plan.measures.flatMap((_, m) => [`s${m}`, `c${m}`])];
  const each = plan.measures.map((_, m) => `, coalesce(sum(m${m}), 0)::double as s${m}, count(m${m})::double as c${m}`);
  const isCounted = plan.measures.every(({ above }) => above !== null);
  return `select k, t, ${columns.map((column) => `sum(${column}) over w as ${column}`).join(', ')} from (
      select k, t, count(*)::double as n${each.join('')} from events${position} group by k, t
      union all select k, ${BEGINNING}${columns.map(() => ', 0').join('')} from keys${position}
      order by k, t
    ) window w as (${isCounted ? '' : 'partition by k order by t '}rows unbounded preceding)`;
}

const windowsOf = (features: readonly { readonly planned: PlannedFeature }[]): number[] => [
  ...new Set(features.map(({ planned }) => planned.windowMs)),
];

function additiveSql({ aggregate, measure, windowMs }: PlannedFeature, windows: readonly number[]): string {
  const before = `b${windows.indexOf(windowMs)}`;
  const difference = (column: string): string => `coalesce(a.${column} - ${before}.${column}, 0)`;
  if (measure < 0) return difference('n');
  const count = difference(`c${measure}`);
  if (aggregate === 'count') return count;
  const sum = difference(`s${measure}`);
  return aggregate === 'sum' ? `case when ${count} > 0 then ${sum} end` : `${sum} / nullif(${count}, 0)`;
}

/** Frames hold whole milliseconds, so "later than t − w" is "from t − w + 1 on". */
function framedSql({ aggregate, measure, windowMs }: PlannedFeature): string {
  const over = `over (partition by k order by t range between ${windowMs - 1} preceding and current row)`;
  if (aggregate === 'last') return `(last_value(m${measure} ignore nulls) ${over})::double`;
  return `(${aggregate}(m${measure}) ${over})::double`;
}

function happenedSql({ aggregate, measure }: PlannedFeature): string {
  if (measure < 0) return 'count(e.h)::double';
  const column = `e.m${measure}`;
  if (aggregate === 'last') return `(arg_max(${column}, e.t) filter (where ${column} is not null))::double`;
  if (aggregate === 'mean') return `sum(${column})::double / nullif(count(${column}), 0)`;
  return `${aggregate}(${column})::double`;
}

const wantedOf = (plan: ViewPlan, { wanted }: SpineJoin, clock: PlannedFeature['clock']) =>
  wanted.flatMap(({ feature, as }) => {
    const planned = plan.features.find(({ name }) => name === feature);
    return planned?.clock === clock ? [{ planned, as }] : [];
  });

/** The running sums at each question's moment, and at the beginnings of its windows. */
function knownRelation(join: SpineJoin, plan: ViewPlan, position: number): string {
  const features = wantedOf(plan, join, 'known').filter(({ planned }) => additive(planned.aggregate));
  const windows = windowsOf(features);
  const begins = windows.map(
    (ms, i) => `asof left join running${position} b${i} on b${i}.k = q.k and q.t - ${ms} >= b${i}.t`,
  );
  const columns = features.map(({ planned, as }) => `, ${additiveSql(planned, windows)} as ${quoteIdentifier(as)}`);
  return `select q.k, q.t, nullif(a.t, ${BEGINNING}) as newest${columns.join('')} from questions${position} q
    asof left join running${position} a on a.k = q.k and q.t >= a.t
    ${begins.join(' ')}`;
}

/** Extremes and newest values: events and questions in one relation, where a question sees its key's known events. */
function framedRelations(join: SpineJoin, plan: ViewPlan, position: number) {
  const features = wantedOf(plan, join, 'known').filter(({ planned }) => !additive(planned.aggregate));
  if (features.length === 0) return [];
  const nothing = plan.measures.map(() => ', null').join('');
  const measures = plan.measures.map((_, m) => `, m${m}`).join('');
  const columns = features.map(({ planned, as }) => `${framedSql(planned)} as ${quoteIdentifier(as)}`);
  const sql = `select k, t, ${columns.join(', ')} from (
      select k, t, false as asked${measures} from events${position}
      union all
      select k, t, true${nothing} from questions${position}
    ) qualify asked`;
  return features.map(({ as }) => ({ name: `framed${position}`, as, sql }));
}

function happenedRelations(join: SpineJoin, plan: ViewPlan, position: number) {
  return wantedOf(plan, join, 'happened').map(({ planned, as }, i) => ({
    name: `happened${position}_${i}`,
    as,
    sql: `select q.k, q.t, ${happenedSql(planned)} as ${quoteIdentifier(as)} from questions${position} q
      left join events${position} e on e.k = q.k and e.t <= q.t
        and e.h > q.t - ${planned.windowMs} and e.h <= q.t
      group by q.k, q.t`,
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
export function viewSql(
  join: SpineJoin,
  position: number,
  bounds: { readonly minMs: number; readonly maxMs: number },
): ViewSql {
  const plan = planView(join.view);
  const known = `known${position}`;
  const others = [...framedRelations(join, plan, position), ...happenedRelations(join, plan, position)];
  const tables = new Map(others.map(({ name, sql }) => [name, sql]));
  const stale = plan.ttlMs > 0 ? `${known}.newest is null or s.__t - ${known}.newest > ${plan.ttlMs}` : null;
  const columns = join.wanted.map(({ as }) => {
    const from = others.find((one) => one.as === as)?.name ?? known;
    const value = `${from}.${quoteIdentifier(as)}`;
    const fresh = stale === null ? value : `case when ${stale} then null else ${value} end`;
    return `${fresh} as ${quoteIdentifier(as)}`;
  });
  return {
    prepare: [
      ...eventStatements(join.view, plan, position, bounds),
      `create table questions${position} as ${questionsSql(join, position)}`,
      `create table running${position} as ${runningSql(plan, position)}`,
      `create table ${known} as ${knownRelation(join, plan, position)}`,
      ...[...tables].map(([name, sql]) => `create table ${name} as ${sql}`),
      // Memory that the tables of the next view, and the joins of all, would have to do without.
      ...['events', 'questions', 'running'].map((name) => `drop table ${name}${position}`),
    ],
    joins: [
      `left join keys${position} on keys${position}.name = s.${quoteIdentifier(join.keyColumn)}::varchar`,
      ...[known, ...tables.keys()].map(
        (name) => `left join ${name} on ${name}.k = coalesce(keys${position}.k, 0) and ${name}.t = s.__t`,
      ),
    ].join('\n'),
    columns,
  };
}
