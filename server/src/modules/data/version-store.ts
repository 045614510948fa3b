import type { ColumnProfile, DatasetVersion } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface VersionRow {
  dataset: string;
  version: number;
  digest: string;
  row_count: number;
  size_bytes: number;
  columns: DatasetVersion['schema'];
  files: DatasetVersion['files'];
  profile: ColumnProfile[];
  parent_version: number | null;
  validation_id: string | null;
  verdict: 'pass' | 'warn';
  source: string;
  created_at: Date;
  created_by: string;
}

export type StoredVersion = DatasetVersion & { readonly profile: ColumnProfile[] };

const present = (row: VersionRow): StoredVersion => ({
  dataset: row.dataset,
  version: row.version,
  digest: row.digest,
  rowCount: Number(row.row_count),
  sizeBytes: Number(row.size_bytes),
  schema: row.columns,
  files: row.files,
  parentVersion: row.parent_version,
  validationId: row.validation_id,
  verdict: row.verdict,
  source: row.source,
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
  profile: row.profile,
});

export async function insertVersion(
  on: Queryable,
  project: string,
  version: Omit<StoredVersion, 'createdAt'>,
): Promise<void> {
  const json = (value: unknown) => sql`${JSON.stringify(value)}::jsonb`;
  const tables = on.tables<unknown>();
  await sql`insert into data.version (project, dataset, version, digest, row_count, size_bytes, columns, files, profile,
      parent_version, validation_id, verdict, source, created_by)
    values (${project}, ${version.dataset}, ${version.version}, ${version.digest}, ${version.rowCount},
      ${version.sizeBytes}, ${json(version.schema)}, ${json(version.files)}, ${json(version.profile)},
      ${version.parentVersion}, ${version.validationId}, ${version.verdict}, ${version.source},
        ${version.createdBy})`.execute(tables);
  await sql`update data.dataset set latest_version = ${version.version}, updated_at = clock_timestamp()
    where project = ${project} and name = ${version.dataset}`.execute(tables);
}

/** A version by its number, or the newest. */
export async function findVersion(
  on: Queryable,
  project: string,
  dataset: string,
  version: number | 'latest',
): Promise<StoredVersion | null> {
  const which = version === 'latest' ? sql`order by version desc limit 1` : sql`and version = ${version}`;
  const { rows } = await sql<VersionRow>`select * from data.version
    where project = ${project} and dataset = ${dataset} ${which}`.execute(on.tables<unknown>());
  return rows[0] === undefined ? null : present(rows[0]);
}

export interface VersionPage {
  readonly project: string;
  readonly dataset: string;
  readonly limit: number;
  readonly before?: number | undefined;
}

/** Newest first, without profiles. */
export async function listVersions(on: Queryable, page: VersionPage): Promise<DatasetVersion[]> {
  const before = page.before === undefined ? sql`` : sql`and version < ${page.before}`;
  const { rows } = await sql<VersionRow>`select * from data.version
    where project = ${page.project} and dataset = ${page.dataset} ${before}
    order by version desc limit ${page.limit}`.execute(on.tables<unknown>());
  return rows.map((row) => {
    const { profile: _, ...version } = present(row);
    return version;
  });
}

/** Which version is meant: by its name and number, or by the beginning of its digest. */
export type VersionClaim =
  | { readonly dataset: string; readonly version: number }
  | { readonly digest: string; readonly version?: undefined };

export interface KnownVersion {
  readonly dataset: string;
  readonly version: number;
  readonly digest: string;
}

/** The versions that are there of those that may be meant, in their order. */
export async function findKnownVersions(
  on: Queryable,
  project: string,
  claims: readonly VersionClaim[],
): Promise<KnownVersion[]> {
  const named = claims.flatMap((claim) => (claim.version === undefined ? [] : [claim]));
  const digests = claims.flatMap((claim) => (claim.version === undefined ? [claim.digest] : []));
  const { rows } = await sql<KnownVersion>`select v.dataset, v.version, v.digest from data.version v
    where v.project = ${project} and ((v.dataset, v.version) in (
      select * from unnest(${named.map(({ dataset }) => dataset)}::text[],
        ${named.map(({ version }) => version)}::int[]))
      or exists (select from unnest(${digests}::text[]) d (digest) where starts_with(v.digest, d.digest)))
    order by v.dataset, v.version`.execute(on.tables<unknown>());
  return rows;
}
