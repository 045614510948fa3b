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
    from data where ${quoteIdentifier(key)} is not null and ${known} > ${bounds.minMs - reach} and ${known} <= ${bounds.maxMs}`;
}

/** Frames hold whole milliseconds, so "later than t − w" is "from t − w + 1 on". */
const frame = (windowMs: number): string =>
  `(partition by k order by t range between ${windowMs - 1} preceding and current row)`;

function knownSql({ aggregate, measure, windowMs }: PlannedFeature): string {
  const over = `over ${frame(windowMs)}`;
  if (measure < 0) return `coalesce(sum(e) ${over}, 0)::double`;
  const column = `m${measure}`;
  if (aggregate === 'count') return `(count(${column}) ${over})::double`;
  if (aggregate === 'sum') return `(sum(${column}) ${over})::double`;
  if (aggregate === 'mean') return `(sum(${column}) ${over})::double / nullif(count(${column}) ${over}, 0)`;
  if (aggregate === 'last') return `(last_value(${column} ignore nulls) ${over})::double`;
  return `(${aggregate}(${column}) ${over})::double`;
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

/** Events and questions in one relation: a question sees the events of its key that were known by then, peers included. */
function knownRelation(join: SpineJoin, plan: ViewPlan, position: number): string {
  const nothing = plan.measures.map(() => ', null').join('');
  const measures = plan.measures.map((_, m) => `, m${m}`).join('');
  const features = wantedOf(plan, join, 'known').map(
    ({ planned, as }) => `${knownSql(planned)} as ${quoteIdentifier(as)}`,
  );
  const newest = 'max(case when e = 1 then t end) over (partition by k order by t range unbounded preceding) as newest';
  return `select id, t, ${[newest, ...features].join(', ')} from (
      select k, t, null::bigint as id, 1 as e${measures} from events${position}
      union all
      select ${quoteIdentifier(join.keyColumn)}::varchar, __t, __id, 0${nothing} from spine
    ) qualify id is not null`;
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
  const happened = happenedRelations(join, plan, position);
  const stale = plan.ttlMs > 0 ? `${known}.newest is null or s.__t - ${known}.newest > ${plan.ttlMs}` : null;
  const columns = join.wanted.map(({ as }) => {
    const from = happened.find((one) => one.as === as)?.name ?? known;
    const value = `${from}.${quoteIdentifier(as)}`;
    const fresh = stale === null ? value : `case when ${stale} then null else ${value} end`;
    return `${fresh} as ${quoteIdentifier(as)}`;
  });
  return {
    prepare: [
      `create table events${position} as ${eventsSql(join.view, plan, bounds)}`,
      `create table ${known} as ${knownRelation(join, plan, position)}`,
      ...happened.map(({ name, sql }) => `create table ${name} as ${sql}`),
    ],
    joins: [known, ...happened.map(({ name }) => name)]
      .map((name) => `left join ${name} on ${name}.id = s.__id`)
      .join('\n'),
    columns,
  };
}
