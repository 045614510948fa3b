import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { afterValues, compare, nullable, type OrderTerm, orderBy, orderValues } from '#platform/database/search-sql';
import type { PageValues } from '#platform/page-token';
import { loggedModelColumns, type StoredLoggedModel } from './logged-model-store.ts';
import type { SearchCondition } from './search-grammar.ts';

type Fragment = RawBuilder<unknown>;

const attributes: Readonly<Record<string, { expression: Fragment; type: OrderTerm['type'] }>> = {
  name: { expression: sql`l.name`, type: 'text' },
  model_id: { expression: sql`l.model_id`, type: 'text' },
  model_type: { expression: sql`l.model_type`, type: 'text' },
  status: { expression: sql`l.status`, type: 'text' },
  source_run_id: { expression: sql`l.source_run_id`, type: 'text' },
  experiment_id: { expression: sql`l.experiment::text`, type: 'text' },
  creation_timestamp: { expression: sql`l.created_ms`, type: 'bigint' },
  last_updated_timestamp: { expression: sql`l.updated_ms`, type: 'bigint' },
};

export interface DatasetFilter {
  readonly name: string;
  readonly digest?: string | undefined;
}

export interface LoggedModelOrder {
  readonly entity: 'metric' | 'attribute';
  readonly key: string;
  readonly ascending: boolean;
  readonly dataset?: DatasetFilter | undefined;
}

function onDatasets(datasets: readonly DatasetFilter[]): Fragment {
  if (datasets.length === 0) return sql`true`;
  const each = datasets.map(({ name, digest }) =>
    digest === undefined
      ? sql`m.dataset_name = ${name}`
      : sql`(m.dataset_name = ${name} and m.dataset_digest = ${digest})`,
  );
  return sql`(${sql.join(each, sql` or `)})`;
}

function conditionOf(condition: SearchCondition, datasets: readonly DatasetFilter[]): Fragment {
  const { entity, key, comparator, value } = condition;
  if (entity === 'attribute') return compare(attributes[key]!.expression, comparator, value);
  if (entity === 'metric') {
    return sql`exists (select from tracking.logged_model_metric m where m.model_id = l.model_id and m.key = ${key}
      and not m.is_nan and ${compare(sql`m.value`, comparator, value)} and ${onDatasets(datasets)})`;
  }
  const table = entity === 'tag' ? sql`tracking.logged_model_tag` : sql`tracking.logged_model_param`;
  return sql`exists (select from ${table} p where p.model_id = l.model_id and p.key = ${key}
    and ${compare(sql`p.value`, comparator, value)})`;
}

function termsOf(orders: readonly LoggedModelOrder[]): OrderTerm[] {
  const terms = orders.flatMap(({ entity, key, ascending, dataset }): OrderTerm[] => {
    if (entity === 'attribute') {
      const { expression, type } = attributes[key]!;
      return key === 'source_run_id' ? nullable(expression, type, ascending) : [{ expression, type, ascending }];
    }
    const latest = sql`(select m.value from tracking.logged_model_metric m
      where m.model_id = l.model_id and m.key = ${key} and ${onDatasets(dataset === undefined ? [] : [dataset])}
      order by m.timestamp_ms desc, m.step desc, m.run_id limit 1)`;
    return nullable(latest, 'float8', ascending);
  });
  const has = (name: string) => orders.some(({ entity, key }) => entity === 'attribute' && key === name);
  if (!has('creation_timestamp')) terms.push({ ...attributes['creation_timestamp']!, ascending: false });
  if (!has('model_id')) terms.push({ ...attributes['model_id']!, ascending: true });
  return terms;
}

export interface LoggedModelSearch {
  readonly project: string;
  readonly experiments: readonly number[];
  readonly conditions: readonly SearchCondition[];
  readonly datasets: readonly DatasetFilter[];
  readonly orders: readonly LoggedModelOrder[];
  readonly limit: number;
  readonly after: PageValues | null;
}

export type FoundLoggedModel = StoredLoggedModel & { place: PageValues };

export async function searchLoggedModels(on: Queryable, search: LoggedModelSearch): Promise<FoundLoggedModel[]> {
  const { datasets } = search;
  const terms = termsOf(search.orders);
  const conditions = search.conditions.map((condition) => conditionOf(condition, datasets));
  if (datasets.length > 0 && !search.conditions.some(({ entity }) => entity === 'metric')) {
    conditions.push(sql`exists (select from tracking.logged_model_metric m
      where m.model_id = l.model_id and ${onDatasets(datasets)})`);
  }
  const { rows } = await sql<FoundLoggedModel>`with page as materialized (
      select l.*, ${orderValues(terms)} as place, row_number() over () as place_number from (
        select l.* from tracking.logged_model l
        where l.project = ${search.project} and l.experiment = any(${[...search.experiments]}::bigint[])
          and l.stage = 'active' and ${sql.join([sql`true`, ...conditions], sql` and `)}
          and ${afterValues(terms, search.after)}
        order by ${orderBy(terms)} limit ${search.limit}) l)
    select ${loggedModelColumns}, l.place from page l order by l.place_number`.execute(on.tables<unknown>());
  return rows;
}
