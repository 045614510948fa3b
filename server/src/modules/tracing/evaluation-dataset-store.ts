import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { afterValues, compare, type OrderTerm, orderBy, orderValues } from '#platform/database/search-sql';
import type { PageValues } from '#platform/page-token';
import type { SearchCondition, SearchOrder } from '#tracking';

export interface StoredEvaluationDataset {
  dataset_id: string;
  name: string;
  /** Texts of JSON. */
  schema: string | null;
  profile: string | null;
  digest: string;
  tags: Record<string, string | null>;
  created_ms: number;
  updated_ms: number;
  created_by: string | null;
  updated_by: string | null;
  experiments: number[];
}

const columns = sql`d.dataset_id, d.name, d.schema, d.profile, d.digest, d.tags, d.created_ms, d.updated_ms,
  d.created_by, d.updated_by, coalesce((select json_agg(e.experiment order by e.experiment)
    from tracing.evaluation_dataset_experiment e where e.dataset_id = d.dataset_id), '[]') as experiments`;

export interface NewEvaluationDataset {
  readonly datasetId: string;
  readonly project: string;
  readonly name: string;
  readonly digest: string;
  readonly tags: Readonly<Record<string, string | null>>;
  readonly user: string | null;
  readonly atMs: number;
}

export async function insertEvaluationDataset(on: Queryable, made: NewEvaluationDataset): Promise<void> {
  const { datasetId, project, name, digest, tags, user, atMs } = made;
  await sql`insert into tracing.evaluation_dataset
      (dataset_id, project, name, digest, tags, created_ms, updated_ms, created_by, updated_by)
    values (${datasetId}, ${project}, ${name}, ${digest}, ${JSON.stringify(tags)}::jsonb, ${atMs}, ${atMs},
      ${user}, ${user})`.execute(on.tables<unknown>());
}

export async function findEvaluationDataset(
  on: Queryable,
  project: string,
  datasetId: string,
  lock: 'lock' | 'look' = 'look',
): Promise<StoredEvaluationDataset | null> {
  const suffix = lock === 'lock' ? sql`for no key update` : sql``;
  const { rows } = await sql<StoredEvaluationDataset>`select ${columns} from tracing.evaluation_dataset d
    where d.dataset_id = ${datasetId} and d.project = ${project} ${suffix}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export interface EvaluationDatasetChange {
  readonly schema: string | null;
  readonly profile: string | null;
  readonly digest: string;
  readonly updatedMs: number;
  readonly updatedBy: string | null;
}

export async function updateEvaluationDataset(
  on: Queryable,
  datasetId: string,
  change: EvaluationDatasetChange,
): Promise<void> {
  await sql`update tracing.evaluation_dataset set schema = ${change.schema}, profile = ${change.profile},
      digest = ${change.digest}, updated_ms = ${change.updatedMs}, updated_by = ${change.updatedBy}
    where dataset_id = ${datasetId}`.execute(on.tables<unknown>());
}

/** The tags that it has then. */
export async function mergeDatasetTags(
  on: Queryable,
  project: string,
  datasetId: string,
  tags: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string | null>> | null> {
  const { rows } = await sql<{
    tags: Record<string, string | null>;
  }>`update tracing.evaluation_dataset set tags = tags || ${JSON.stringify(tags)}::jsonb
    where dataset_id = ${datasetId} and project = ${project} returning tags`.execute(on.tables<unknown>());
  return rows[0]?.tags ?? null;
}

export async function deleteDatasetTagRow(
  on: Queryable,
  project: string,
  datasetId: string,
  key: string,
): Promise<void> {
  await sql`update tracing.evaluation_dataset set tags = tags - ${key}::text
    where dataset_id = ${datasetId} and project = ${project}`.execute(on.tables<unknown>());
}

/** Whether there was one. */
export async function deleteEvaluationDatasetRow(on: Queryable, project: string, datasetId: string): Promise<boolean> {
  const result = await sql`delete from tracing.evaluation_dataset
    where dataset_id = ${datasetId} and project = ${project}`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

export async function addDatasetExperiments(
  on: Queryable,
  datasetId: string,
  experiments: readonly number[],
): Promise<void> {
  await sql`insert into tracing.evaluation_dataset_experiment (dataset_id, experiment)
    select ${datasetId}, * from unnest(${[...experiments]}::bigint[]) on conflict do nothing`.execute(
    on.tables<unknown>(),
  );
}

/** How many of them were joined to the dataset. */
export async function removeDatasetExperiments(
  on: Queryable,
  datasetId: string,
  experiments: readonly number[],
): Promise<number> {
  const result = await sql`delete from tracing.evaluation_dataset_experiment
    where dataset_id = ${datasetId} and experiment = any(${[...experiments]}::bigint[])`.execute(on.tables<unknown>());
  return Number(result.numAffectedRows ?? 0n);
}

export async function touchEvaluationDataset(on: Queryable, datasetId: string, atMs: number): Promise<void> {
  await sql`update tracing.evaluation_dataset set updated_ms = ${atMs} where dataset_id = ${datasetId}`.execute(
    on.tables<unknown>(),
  );
}

const attributes: Readonly<Record<string, { expression: RawBuilder<unknown>; type: OrderTerm['type'] }>> = {
  name: { expression: sql`d.name`, type: 'text' },
  created_time: { expression: sql`d.created_ms`, type: 'bigint' },
  last_update_time: { expression: sql`d.updated_ms`, type: 'bigint' },
  created_by: { expression: sql`d.created_by`, type: 'text' },
  last_updated_by: { expression: sql`d.updated_by`, type: 'text' },
  dataset_id: { expression: sql`d.dataset_id`, type: 'text' },
};

function conditionOf({ entity, key, comparator, value }: SearchCondition): RawBuilder<unknown> {
  if (entity === 'attribute') return compare(attributes[key]!.expression, comparator, value);
  return compare(sql`(d.tags ->> ${key})`, comparator, value);
}

export interface EvaluationDatasetSearch {
  readonly project: string;
  /** Null: all of the project. */
  readonly experiments: readonly number[] | null;
  readonly conditions: readonly SearchCondition[];
  readonly orders: readonly SearchOrder[];
  readonly limit: number;
  readonly after: PageValues | null;
}

export type FoundEvaluationDataset = StoredEvaluationDataset & { place: PageValues };

export async function searchEvaluationDatasets(
  on: Queryable,
  search: EvaluationDatasetSearch,
): Promise<FoundEvaluationDataset[]> {
  const { experiments } = search;
  const terms = search.orders.map(({ key, ascending }): OrderTerm => ({ ...attributes[key]!, ascending }));
  if (terms.length === 0) terms.push({ ...attributes['created_time']!, ascending: false });
  terms.push({ ...attributes['dataset_id']!, ascending: false });
  const joined =
    experiments === null
      ? sql`true`
      : sql`exists (select from tracing.evaluation_dataset_experiment e
          where e.dataset_id = d.dataset_id and e.experiment = any(${[...experiments]}::bigint[]))`;
  const conditions = [
    sql`d.project = ${search.project}`,
    joined,
    ...search.conditions.map(conditionOf),
    afterValues(terms, search.after),
  ];
  const { rows } = await sql<FoundEvaluationDataset>`select ${columns}, ${orderValues(terms)} as place
    from tracing.evaluation_dataset d where ${sql.join(conditions, sql` and `)}
    order by ${orderBy(terms)} limit ${search.limit}`.execute(on.tables<unknown>());
  return rows;
}
