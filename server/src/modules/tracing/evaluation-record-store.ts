import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { LARGEST_PAGE } from './trace-limits.ts';

/** A record of an evaluation dataset; what it holds are texts of JSON. */
export interface StoredRecord {
  record_id: string;
  input_hash: string;
  inputs: string;
  outputs: string | null;
  expectations: string | null;
  tags: string | null;
  source: string | null;
  source_id: string | null;
  source_type: string | null;
  created_ms: number;
  updated_ms: number;
  created_by: string | null;
  updated_by: string | null;
}

const columns = sql`record_id, input_hash, inputs, outputs, expectations, tags, source, source_id, source_type,
  created_ms, updated_ms, created_by, updated_by`;

export async function findRecordsByInputs(
  on: Queryable,
  datasetId: string,
  hashes: readonly string[],
): Promise<Map<string, StoredRecord>> {
  const { rows } = await sql<StoredRecord>`select ${columns} from tracing.evaluation_record
    where dataset_id = ${datasetId} and input_hash = any(${[...hashes]}::text[])`.execute(on.tables<unknown>());
  return new Map(rows.map((row) => [row.input_hash, row]));
}

export async function upsertRecords(on: Queryable, datasetId: string, records: readonly StoredRecord[]): Promise<void> {
  if (records.length === 0) return;
  const column = <T>(pick: (record: StoredRecord) => T) => records.map(pick);
  await sql`insert into tracing.evaluation_record (dataset_id, ${columns})
    select ${datasetId}, given.* from unnest(${column((r) => r.record_id)}::text[],
      ${column((r) => r.input_hash)}::text[], ${column((r) => r.inputs)}::text[], ${column((r) => r.outputs)}::text[],
      ${column((r) => r.expectations)}::text[], ${column((r) => r.tags)}::text[], ${column((r) => r.source)}::text[],
      ${column((r) => r.source_id)}::text[], ${column((r) => r.source_type)}::text[],
      ${column((r) => r.created_ms)}::bigint[], ${column((r) => r.updated_ms)}::bigint[],
      ${column((r) => r.created_by)}::text[], ${column((r) => r.updated_by)}::text[]) as given
    on conflict (dataset_id, record_id) do update set outputs = excluded.outputs,
      expectations = excluded.expectations, tags = excluded.tags, updated_ms = excluded.updated_ms,
      updated_by = excluded.updated_by`.execute(on.tables<unknown>());
}

export async function countRecords(on: Queryable, datasetId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from tracing.evaluation_record
    where dataset_id = ${datasetId}`.execute(on.tables<unknown>());
  return rows[0]?.count ?? 0;
}

export interface RecordPlace {
  readonly createdMs: number;
  readonly recordId: string;
}

export type FoundRecord = StoredRecord & { found_count: number };

/** The oldest first, after a place; as many as are not too large together, and how many there would be. */
export async function listRecords(
  on: Queryable,
  datasetId: string,
  after: RecordPlace | null,
  limit: number,
): Promise<FoundRecord[]> {
  const later =
    after === null ? sql`true` : sql`(created_ms, record_id) > (${after.createdMs}::bigint, ${after.recordId})`;
  const { rows } = await sql<FoundRecord>`with page as materialized (
      select ${columns} from tracing.evaluation_record
      where dataset_id = ${datasetId} and ${later} order by created_ms, record_id limit ${limit}),
    sized as (select *, count(*) over () as found_count,
      sum(octet_length(concat(inputs, outputs, expectations, tags, source)))
        over (order by created_ms, record_id rows between unbounded preceding and 1 preceding) as bytes_before
      from page)
    select ${columns}, found_count from sized where bytes_before is null or bytes_before <= ${LARGEST_PAGE}
    order by created_ms, record_id`.execute(on.tables<unknown>());
  return rows;
}

export async function deleteRecordRows(
  on: Queryable,
  datasetId: string,
  recordIds: readonly string[],
): Promise<number> {
  const result = await sql`delete from tracing.evaluation_record
    where dataset_id = ${datasetId} and record_id = any(${[...recordIds]}::text[])`.execute(on.tables<unknown>());
  return Number(result.numAffectedRows ?? 0n);
}
