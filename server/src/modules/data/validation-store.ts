import type { DatasetVersion, Expectation, Validation } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

/** What was judged, kept so that the rows that broke a rule can be read again. */
export interface JudgedBatch {
  readonly files: readonly string[];
  readonly columns: DatasetVersion['schema'];
  readonly earlierFiles: readonly string[];
  readonly asOf: string;
}

interface ValidationRow {
  id: string;
  dataset: string;
  version: number | null;
  verdict: Validation['verdict'];
  results: Validation['results'];
  expectations: Expectation[];
  batch: JudgedBatch;
  row_count: number;
  milliseconds: number;
  at: Date;
}

export interface StoredValidation {
  readonly validation: Validation;
  readonly expectations: readonly Expectation[];
  readonly batch: JudgedBatch;
}

const present = (row: ValidationRow): StoredValidation => ({
  validation: {
    id: row.id,
    dataset: row.dataset,
    version: row.version,
    verdict: row.verdict,
    results: row.results,
    rowCount: Number(row.row_count),
    at: row.at.toISOString(),
    milliseconds: row.milliseconds,
  },
  expectations: row.expectations,
  batch: row.batch,
});

export async function insertValidation(on: Queryable, project: string, stored: StoredValidation): Promise<void> {
  const { validation, expectations, batch } = stored;
  const json = (value: unknown) => sql`${JSON.stringify(value)}::jsonb`;
  await sql`insert into data.validation (id, project, dataset, version, verdict, results, expectations, batch,
    row_count,
      milliseconds, at)
    values (${validation.id}, ${project}, ${validation.dataset}, ${validation.version}, ${validation.verdict},
      ${json(validation.results)}, ${json(expectations)}, ${json(batch)}, ${validation.rowCount},
      ${Math.round(validation.milliseconds)}, ${validation.at})`.execute(on.tables<unknown>());
}

export async function findValidation(on: Queryable, project: string, id: string): Promise<StoredValidation | null> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return null;
  const { rows } = await sql<ValidationRow>`select * from data.validation
    where project = ${project} and id = ${id}`.execute(on.tables<unknown>());
  return rows[0] === undefined ? null : present(rows[0]);
}

export interface ValidationPage {
  readonly project: string;
  readonly dataset: string;
  readonly limit: number;
  readonly before?: string | undefined;
}

/** Newest first; ids are UUIDv7, so they sort by time. */
export async function listValidations(on: Queryable, page: ValidationPage): Promise<Validation[]> {
  const before = page.before === undefined ? sql`` : sql`and id < ${page.before}::uuid`;
  const { rows } = await sql<ValidationRow>`select * from data.validation
    where project = ${page.project} and dataset = ${page.dataset} ${before}
    order by id desc limit ${page.limit}`.execute(on.tables<unknown>());
  return rows.map((row) => present(row).validation);
}
