import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { afterValues, compare, nullable, type OrderTerm, orderBy, orderValues } from '#platform/database/search-sql';
import type { PageValues } from '#platform/page-token';
import type { TraceCondition, TraceOrder } from './trace-filter.ts';
import { traceKey } from './trace-keys.ts';
import { LARGEST_PAGE } from './trace-limits.ts';
import { type StoredTrace, traceColumns } from './trace-store.ts';

type Fragment = RawBuilder<unknown>;

const attributes: Readonly<Record<string, Fragment>> = {
  request_id: sql`t.trace_id`,
  status: sql`t.status`,
  client_request_id: sql`t.client_request_id`,
  timestamp_ms: sql`t.timestamp_ms`,
  execution_time_ms: sql`t.execution_ms`,
  end_time_ms: sql`(t.timestamp_ms + coalesce(t.execution_ms, 0))`,
  experiment_id: sql`t.experiment`,
};

const columns = { tag: sql`t.tags`, request_metadata: sql`t.metadata` } as const;

function compareText(column: Fragment, { comparator, value }: TraceCondition): Fragment {
  if (comparator === 'RLIKE') return sql`${column} ~ ${value}`;
  return compare(column, comparator, value);
}

/** A time is an integer and the index on it knows only those: fractions are rounded away from what they exclude. */
function numberCondition({ key, comparator, value }: TraceCondition): Fragment {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) return compare(attributes[key]!, comparator, number);
  return sql`${attributes[key]!} ${sql.raw(comparator)} ${number}::bigint`;
}

const withPrompt = (prompt: TraceCondition['value']): Fragment =>
  sql`exists (select from tracing.trace_link l where l.trace = t.id and l.kind = 'prompt' and l.target = ${prompt})`;

/** A run's traces name it in their metadata, or were joined to it later; each way has its index. */
const ofRun = (runId: TraceCondition['value']): Fragment =>
  sql`t.id in (select o.id from tracing.trace o where o.metadata @> ${JSON.stringify({ [traceKey.run]: runId })}::jsonb
    union all select l.trace from tracing.trace_link l where l.kind = 'run' and l.target = ${runId})`;

function pairCondition(condition: TraceCondition): Fragment {
  const { entity, key, comparator, value } = condition;
  const column = entity === 'tag' ? columns.tag : columns.request_metadata;
  if (key === traceKey.linkedPrompts && entity === 'tag') return withPrompt(value);
  if (comparator === 'IS NULL') return sql`not jsonb_exists(${column}, ${key})`;
  if (comparator === 'IS NOT NULL') return sql`jsonb_exists(${column}, ${key})`;
  if (comparator !== '=') return compareText(sql`(${column} ->> ${key})`, condition);
  const session = key === traceKey.session && entity === 'request_metadata';
  if (session) return sql`t.metadata ->> 'mlflow.trace.session' = ${value}`;
  if (entity === 'request_metadata' && key === traceKey.run) return ofRun(value);
  return sql`${column} @> ${JSON.stringify({ [key]: value })}::jsonb`;
}

/** What an attribute says: a text without its quotes, anything else as JSON. */
const spanAttribute = (key: string): Fragment =>
  sql`(case when left(s.content::json #>> array['attributes', ${key}], 1) = '"'
    then (s.content::json #>> array['attributes', ${key}])::json #>> '{}'
    else s.content::json #>> array['attributes', ${key}] end)`;

const spanColumns: Readonly<Record<string, Fragment>> = {
  name: sql`s.name`,
  type: sql`s.type`,
  status: sql`s.status`,
  content: sql`s.content`,
};

function spanCondition(condition: TraceCondition): Fragment {
  const { key } = condition;
  const attribute = key.startsWith('attributes.') ? key.slice('attributes.'.length).replace(/^`(.*)`$/, '$1') : null;
  return compareText(attribute === null ? spanColumns[key]! : spanAttribute(attribute), condition);
}

/** Conditions on spans hold for one and the same span. */
function oneSpan(conditions: readonly TraceCondition[]): Fragment[] {
  if (conditions.length === 0) return [];
  const all = sql.join(conditions.map(spanCondition), sql` and `);
  return [sql`exists (select from tracing.span s where s.trace = t.id and ${all})`];
}

/** Values are texts of JSON: a string is compared with the text in it, anything else as it is written. */
function judged({ entity, key, comparator, value }: TraceCondition): Fragment {
  const own = sql`a.kind = ${entity} and a.name = ${key} and a.valid`;
  if (value === null) return own;
  if (typeof value === 'number') return sql`${own} and ${compare(sql`a.number`, comparator, value)}`;
  const same = sql`(a.value = ${value} or a.value = ${JSON.stringify(value)})`;
  if (comparator === '=') return sql`${own} and ${same}`;
  if (comparator === '!=') return sql`${own} and not ${same}`;
  return sql`${own} and ${compareText(sql`a.value`, { entity, key, comparator, value })}`;
}

/** A judgement of a whole session counts for each of its traces. */
function assessmentCondition(condition: TraceCondition): Fragment {
  const holds = judged(condition);
  const found = sql`(exists (select from tracing.assessment a where a.trace = t.id and ${holds})
    or (t.metadata ->> 'mlflow.trace.session' is not null and exists (
      select from tracing.trace o join tracing.assessment a on a.trace = o.id
      where o.experiment = t.experiment
        and o.metadata ->> 'mlflow.trace.session' = t.metadata ->> 'mlflow.trace.session'
        and jsonb_exists(a.metadata, 'mlflow.trace.session') and ${holds})))`;
  return condition.comparator === 'IS NULL' ? sql`not ${found}` : found;
}

function conditionOf(condition: TraceCondition): Fragment {
  const { entity, key, value } = condition;
  if (entity === 'tag' || entity === 'request_metadata') return pairCondition(condition);
  if (entity === 'issue') {
    return sql`exists (select from tracing.assessment a where a.trace = t.id and a.kind = 'issue' and a.name = ${value})`;
  }
  if (entity !== 'attribute') return assessmentCondition(condition);
  return typeof value === 'number' ? numberCondition(condition) : compareText(attributes[key]!, condition);
}

function termsOf({ entity, key, ascending }: TraceOrder): OrderTerm[] {
  if (entity !== 'attribute') return nullable(sql`(${columns[entity]} ->> ${key} collate "C")`, 'text', ascending);
  if (key === 'execution_time_ms') return nullable(attributes[key]!, 'bigint', ascending);
  const type = key === 'status' || key === 'request_id' ? 'text' : 'bigint';
  return [{ expression: attributes[key]!, type, ascending }];
}

function orderTerms(orders: readonly TraceOrder[]): OrderTerm[] {
  const terms = orders.flatMap(termsOf);
  const has = (name: string) => orders.some(({ entity, key }) => entity === 'attribute' && key === name);
  if (!has('timestamp_ms')) terms.push({ expression: sql`t.timestamp_ms`, type: 'bigint', ascending: false });
  if (!has('request_id')) terms.push({ expression: sql`t.trace_id`, type: 'text', ascending: true });
  return terms;
}

export interface TraceSearch {
  readonly project: string;
  readonly experiments: readonly number[];
  readonly conditions: readonly TraceCondition[];
  readonly orders: readonly TraceOrder[];
  readonly limit: number;
  readonly after: PageValues | null;
}

export type FoundTrace = StoredTrace & {
  place: PageValues;
  /** How many there are of those asked for; fewer are given when they are large. */
  found_count: number;
};

/** One statement: the page first, then everything of its traces, as many as are not too large together. */
export async function searchTraces(on: Queryable, search: TraceSearch): Promise<FoundTrace[]> {
  const terms = orderTerms(search.orders);
  const [first, ...others] = search.experiments;
  const experiments =
    others.length === 0
      ? sql`t.experiment = ${first ?? -1}`
      : sql`t.experiment = any(${[...search.experiments]}::bigint[])`;
  const conditions = [
    experiments,
    sql`t.project = ${search.project}`,
    ...search.conditions.filter(({ entity }) => entity !== 'span').map(conditionOf),
    ...oneSpan(search.conditions.filter(({ entity }) => entity === 'span')),
    afterValues(terms, search.after),
  ];
  const { rows } = await sql<FoundTrace>`with page as materialized (
      select t.*, ${orderValues(terms)} as place, row_number() over () as place_number from (
        select t.* from tracing.trace t where ${sql.join(conditions, sql` and `)}
        order by ${orderBy(terms)} limit ${search.limit}) t),
    whole as materialized (select ${traceColumns}, t.place, t.place_number from page t),
    sized as (select *, count(*) over () as found_count,
      sum(octet_length(tags::text) + octet_length(metadata::text) + octet_length(assessments::text))
        over (order by place_number rows between unbounded preceding and 1 preceding) as bytes_before from whole)
    select * from sized where bytes_before is null or bytes_before <= ${LARGEST_PAGE} order by place_number`.execute(
    on.tables<unknown>(),
  );
  return rows;
}
