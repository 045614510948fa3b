import type { Model, ModelVersion } from '@flyball/api';
import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { afterValues, compare, type OrderTerm, orderBy, orderValues } from '#platform/database/search-sql';
import type { PageValues } from '#platform/page-token';
import type { SearchCondition, SearchOrder } from '#tracking';
import { type ModelRow, modelColumns, presentModel } from './model-store.ts';
import { presentVersion, type StoredVersion, versionColumns } from './version-store.ts';

type Fragment = RawBuilder<unknown>;
type Found<T> = T & { readonly place: PageValues };

/** Prompts are models with this tag; they are shown only to those who ask for them. */
const PROMPT_TAG = 'mlflow.prompt.is_prompt';

const modelTerms: Readonly<Record<string, OrderTerm>> = {
  name: { expression: sql`m.name`, type: 'text', ascending: true },
  creation_timestamp: { expression: sql`m.created_at`, type: 'timestamptz', ascending: true },
  last_updated_timestamp: { expression: sql`m.updated_at`, type: 'timestamptz', ascending: true },
};

const versionTerms: Readonly<Record<string, OrderTerm>> = {
  name: { expression: sql`v.model`, type: 'text', ascending: true },
  version_number: { expression: sql`v.version`, type: 'int', ascending: true },
  creation_timestamp: { expression: sql`v.created_at`, type: 'timestamptz', ascending: true },
  last_updated_timestamp: { expression: sql`v.updated_at`, type: 'timestamptz', ascending: true },
};

const attributes: Readonly<Record<string, Fragment>> = {
  name: sql`v.model`,
  run_id: sql`v.run_id`,
  source_path: sql`v.source`,
  version_number: sql`v.version`,
};

/** A tag that is not there satisfies nothing, except that whatever is not marked as a prompt is none. */
function tagCondition(tags: Fragment, { key, comparator, value }: SearchCondition): Fragment {
  const holds = compare(sql`${tags} ->> ${key}`, comparator, value);
  const isAbsentFine = (comparator === '=' && value === 'false') || (comparator === '!=' && value === 'true');
  if (key !== PROMPT_TAG || !isAbsentFine) return holds;
  return sql`(not jsonb_exists(${tags}, ${key}) or ${holds})`;
}

const notPrompts = (tags: Fragment): Fragment => sql`lower(coalesce(${tags} ->> ${PROMPT_TAG}, 'false')) <> 'true'`;

function conditionsOf(
  conditions: readonly SearchCondition[],
  tags: Fragment,
  names: Readonly<Record<string, Fragment>>,
) {
  const each = conditions.map((condition) =>
    condition.entity === 'tag'
      ? tagCondition(tags, condition)
      : compare(names[condition.key]!, condition.comparator, condition.value),
  );
  const asksForPrompts = conditions.some(({ entity, key }) => entity === 'tag' && key === PROMPT_TAG);
  return sql.join([sql`true`, ...each, ...(asksForPrompts ? [] : [notPrompts(tags)])], sql` and `);
}

export interface StoredSearch {
  readonly project: string;
  readonly conditions: readonly SearchCondition[];
  readonly orders: readonly SearchOrder[];
  readonly limit: number;
  readonly after: PageValues | null;
}

function termsOf(
  orders: readonly SearchOrder[],
  known: Readonly<Record<string, OrderTerm>>,
  ties: readonly (readonly [string, boolean])[],
): OrderTerm[] {
  const own = orders.map(({ key, ascending }) => ({ ...known[key]!, ascending }));
  const rest = ties.filter(([key]) => !orders.some((order) => order.key === key));
  return [...own, ...rest.map(([key, ascending]) => ({ ...known[key]!, ascending }))];
}

export async function findModels(on: Queryable, search: StoredSearch): Promise<Found<Model>[]> {
  const terms = termsOf(search.orders, modelTerms, [['name', true]]);
  const { rows } = await sql<ModelRow & { place: PageValues }>`select ${modelColumns}, ${orderValues(terms)} as place
    from registry.model m where m.project = ${search.project}
      and ${conditionsOf(search.conditions, sql`m.tags`, { name: sql`m.name` })}
      and ${afterValues(terms, search.after)}
    order by ${orderBy(terms)} limit ${search.limit}`.execute(on.tables<unknown>());
  return rows.map((row) => ({ ...presentModel(row), place: row.place }));
}

export async function findVersions(on: Queryable, search: StoredSearch): Promise<Found<ModelVersion>[]> {
  const unordered = [{ entity: 'attribute', key: 'last_updated_timestamp', ascending: false }] as const;
  const orders = search.orders.length === 0 ? unordered : search.orders;
  const terms = termsOf(orders, versionTerms, [
    ['name', true],
    ['version_number', false],
  ]);
  const { rows } = await sql<StoredVersion & { place: PageValues }>`select ${versionColumns},
      ${orderValues(terms)} as place
    from registry.version v where v.project = ${search.project}
      and ${conditionsOf(search.conditions, sql`v.tags`, attributes)} and ${afterValues(terms, search.after)}
    order by ${orderBy(terms)} limit ${search.limit}`.execute(on.tables<unknown>());
  return rows.map((row) => ({ ...presentVersion(row), place: row.place }));
}
