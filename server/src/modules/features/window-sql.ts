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

/** Events of a view that can matter to questions in [minMs, maxMs]. */
function eventsSql(view: View, plan: ViewPlan, bounds: { readonly minMs: number; readonly maxMs: number }): string {
  const { key, happenedAt, knownAt } = view.source;
  const happened = `epoch_ms(${quoteIdentifier(happenedAt)})`;
  const known = `greatest(epoch_ms(${quoteIdentifier(knownAt)}), ${happened})`;
  const reach = Math.max(plan.longestMs, plan.ttlMs);
  const measures = plan.measures.map((measure, m) => `, ${measureSql(measure)} as m${m}`).join('');
  return `select ${quoteIdentifier(key)}::varchar as k, ${happened} as h, ${known} as t${measures}
    from data where ${quoteIdentifier(key)} is not null and ${known} > ${bounds.minMs - reach}
      and ${known} <= ${bounds.maxMs}`;
}

const additive = (aggregate: PlannedFeature['aggregate']): boolean => ['count', 'sum', 'mean'].includes(aggregate);

/** Sums over all events of a key up to each moment, so that any window is a difference of two of them. */
function runningSql(plan: ViewPlan, position: number): string {
  const each = plan.measures.map((_, m) => `, coalesce(sum(m${m}), 0) as s${m}, count(m${m}) as c${m}`).join('');
  const total = plan.measures.map((_, m) => `, sum(s${m}) over w as s${m}, sum(c${m}) over w as c${m}`).join('');
  return `select k, t, sum(n) over w as n${total} from (
      select k, t, count(*) as n${each} from events${position} group by k, t
    ) window w as (partition by k order by t rows unbounded preceding)`;
}

const windowsOf = (features: readonly { readonly planned: PlannedFeature }[]): number[] => [
  ...new Set(features.map(({ planned }) => planned.windowMs)),
];

function additiveSql({ aggregate, measure, windowMs }: PlannedFeature, windows: readonly number[]): string {
  const before = `b${windows.indexOf(windowMs)}`;
  const difference = (column: string): string => `(coalesce(a.${column}, 0) - coalesce(${before}.${column}, 0))`;
  if (measure < 0) return `${difference('n')}::double`;
  const count = difference(`c${measure}`);
  if (aggregate === 'count') return `${count}::double`;
  const sum = `${difference(`s${measure}`)}::double`;
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
  const key = `s.${quoteIdentifier(join.keyColumn)}::varchar`;
  const begins = windows.map(
    (ms, i) => `asof left join running${position} b${i} on b${i}.k = ${key} and s.__t - ${ms} >= b${i}.t`,
  );
  const columns = features.map(({ planned, as }) => `, ${additiveSql(planned, windows)} as ${quoteIdentifier(as)}`);
  return `select s.__id as id, a.t as newest${columns.join('')} from spine s
    asof left join running${position} a on a.k = ${key} and s.__t >= a.t
    ${begins.join(' ')}`;
}

/** Extremes and newest values: events and questions in one relation, where a question sees its key's known events. */
function framedRelations(join: SpineJoin, plan: ViewPlan, position: number) {
  const features = wantedOf(plan, join, 'known').filter(({ planned }) => !additive(planned.aggregate));
  if (features.length === 0) return [];
  const nothing = plan.measures.map(() => ', null').join('');
  const measures = plan.measures.map((_, m) => `, m${m}`).join('');
  const columns = features.map(({ planned, as }) => `${framedSql(planned)} as ${quoteIdentifier(as)}`);
  const sql = `select id, ${columns.join(', ')} from (
      select k, t, null::bigint as id${measures} from events${position}
      union all
      select ${quoteIdentifier(join.keyColumn)}::varchar, __t, __id${nothing} from spine
    ) qualify id is not null`;
  return features.map(({ as }) => ({ name: `framed${position}`, as, sql }));
}

function happenedRelations(join: SpineJoin, plan: ViewPlan, position: number) {
  return wantedOf(plan, join, 'happened').map(({ planned, as }, i) => ({
    name: `happened${position}_${i}`,
    as,
    sql: `select s.__id as id, ${happenedSql(planned)} as ${quoteIdentifier(as)} from spine s
      left join events${position} e on e.k = s.${quoteIdentifier(join.keyColumn)}::varchar and e.t <= s.__t
        and e.h > s.__t - ${planned.windowMs} and e.h <= s.__t
      group by s.__id`,
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
      `create table events${position} as ${eventsSql(join.view, plan, bounds)}`,
      `create table running${position} as ${runningSql(plan, position)}`,
      `create table ${known} as ${knownRelation(join, plan, position)}`,
      ...[...tables].map(([name, sql]) => `create table ${name} as ${sql}`),
    ],
    joins: [known, ...tables.keys()].map((name) => `left join ${name} on ${name}.id = s.__id`).join('\n'),
    columns,
  };
}
