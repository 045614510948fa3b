import type { Dataset, DatasetDefinition } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface DatasetRow {
  name: string;
  description: string;
  time_column: string | null;
  expectations: Dataset['expectations'];
  latest_version: number | null;
  created_at: Date;
  updated_at: Date;
  row_count: number | null;
  size_bytes: number | null;
}

const selected = sql`d.*, v.row_count, v.size_bytes from data.dataset d
  left join data.version v on v.project = d.project and v.dataset = d.name and v.version = d.latest_version`;

const present = (row: DatasetRow): Dataset => ({
  name: row.name,
  description: row.description,
  ...(row.time_column === null ? {} : { timeColumn: row.time_column }),
  expectations: row.expectations,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  latestVersion: row.latest_version,
  rowCount: Number(row.row_count ?? 0),
  sizeBytes: Number(row.size_bytes ?? 0),
});

export async function upsertDataset(on: Queryable, project: string, definition: DatasetDefinition): Promise<void> {
  await sql`insert into data.dataset (project, name, description, time_column, expectations)
    values (${project}, ${definition.name}, ${definition.description}, ${definition.timeColumn ?? null},
      ${JSON.stringify(definition.expectations)}::jsonb)
    on conflict (project, name) do update set description = excluded.description, time_column = excluded.time_column,
      expectations = excluded.expectations, updated_at = clock_timestamp()`.execute(on.tables<unknown>());
}

export async function findDataset(on: Queryable, project: string, name: string): Promise<Dataset | null> {
  const { rows } = await sql<DatasetRow>`select ${selected}
    where d.project = ${project} and d.name = ${name}`.execute(on.tables<unknown>());
  return rows[0] === undefined ? null : present(rows[0]);
}

/** Held until the transaction ends: versions of a dataset are numbered one after the other. */
export async function lockDataset(on: Queryable, project: string, name: string): Promise<number | null | undefined> {
  const { rows } = await sql<{ latest_version: number | null }>`select latest_version from data.dataset
    where project = ${project} and name = ${name} for update`.execute(on.tables<unknown>());
  return rows[0]?.latest_version;
}

export interface DatasetPage {
  readonly project: string;
  readonly limit: number;
  readonly after?: string | undefined;
  readonly search?: string | undefined;
}

export async function listDatasets(on: Queryable, page: DatasetPage): Promise<Dataset[]> {
  const after = page.after === undefined ? sql`` : sql`and d.name > ${page.after}`;
  const search = page.search === undefined ? sql`` : sql`and position(lower(${page.search}) in lower(d.name)) > 0`;
  const { rows } = await sql<DatasetRow>`select ${selected}
    where d.project = ${page.project} ${after} ${search} order by d.name limit ${page.limit}`.execute(
    on.tables<unknown>(),
  );
  return rows.map(present);
}

export async function deleteDataset(on: Queryable, project: string, name: string): Promise<boolean> {
  const result = await sql`delete from data.dataset where project = ${project} and name = ${name}`.execute(
    on.tables<unknown>(),
  );
  return result.numAffectedRows === 1n;
}

export async function insertUpload(
  on: Queryable,
  upload: { readonly project: string; readonly digest: string; readonly sizeBytes: number; readonly by: string },
): Promise<void> {
  await sql`insert into data.upload (project, digest, size_bytes, created_by)
    values (${upload.project}, ${upload.digest}, ${upload.sizeBytes}, ${upload.by})
    on conflict (project, digest) do update set created_at = clock_timestamp()`.execute(on.tables<unknown>());
}

/** Which of these digests the project has uploaded. */
export async function knownUploads(on: Queryable, project: string, digests: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ digest: string }>`select digest from data.upload
    where project = ${project} and digest = any(${[...digests]}::text[])`.execute(on.tables<unknown>());
  return new Set(rows.map(({ digest }) => digest));
}
