import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { afterValues, compare, type OrderTerm, orderBy, orderValues } from '#platform/database/search-sql';
import type { PageValues } from '#platform/page-token';
import { experimentColumns, type StoredExperiment } from './experiment-store.ts';
import type { SearchCondition, SearchOrder } from './search-grammar.ts';

const columns: Readonly<Record<string, OrderTerm>> = {
  name: { expression: sql`e.name`, type: 'text', ascending: true },
  experiment_id: { expression: sql`e.id`, type: 'bigint', ascending: true },
  creation_time: { expression: sql`e.created_ms`, type: 'bigint', ascending: true },
  last_update_time: { expression: sql`e.updated_ms`, type: 'bigint', ascending: true },
};

function conditionOf({ entity, key, comparator, value }: SearchCondition): RawBuilder<unknown> {
  if (entity === 'attribute') {
    const { expression } = columns[key]!;
    return compare(key === 'experiment_id' ? sql`${expression}::text` : expression, comparator, value);
  }
  const tag = sql`select from tracking.experiment_tag t where t.experiment = e.id and t.key = ${key}`;
  if (comparator === 'IS NULL') return sql`not exists (${tag})`;
  if (comparator === 'IS NOT NULL') return sql`exists (${tag})`;
  return sql`exists (${tag} and ${compare(sql`t.value`, comparator, value)})`;
}

function termsOf(orders: readonly SearchOrder[]): OrderTerm[] {
  const terms = orders.map(({ key, ascending }) => ({ ...columns[key]!, ascending }));
  if (orders.length === 0) return [{ ...columns['creation_time']!, ascending: false }, columns['experiment_id']!];
  const isUnique = orders.some(({ key }) => key === 'experiment_id');
  return isUnique ? terms : [...terms, { ...columns['experiment_id']!, ascending: false }];
}

export interface ExperimentSearch {
  readonly project: string;
  readonly conditions: readonly SearchCondition[];
  readonly orders: readonly SearchOrder[];
  readonly stages: readonly StoredExperiment['stage'][];
  readonly limit: number;
  readonly after: PageValues | null;
}

export type FoundExperiment = StoredExperiment & { place: PageValues };

export async function searchExperiments(on: Queryable, search: ExperimentSearch): Promise<FoundExperiment[]> {
  const terms = termsOf(search.orders);
  const conditions = [sql`true`, ...search.conditions.map(conditionOf)];
  const { rows } = await sql<FoundExperiment>`select ${experimentColumns}, ${orderValues(terms)} as place
    from tracking.experiment e
    where e.project = ${search.project} and e.stage = any(${[...search.stages]}::text[])
      and ${sql.join(conditions, sql` and `)} and ${afterValues(terms, search.after)}
    order by ${orderBy(terms)} limit ${search.limit}`.execute(on.tables<unknown>());
  return rows;
}
