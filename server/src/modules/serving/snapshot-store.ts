import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface SnapshotRow {
  readonly id: string;
  readonly file_name: string;
  readonly digest: string;
  readonly row_count: number;
  readonly to_sequence: number;
  readonly until: Date;
  readonly dataset_version: number | null;
  readonly created_at: Date;
}

export async function insertSnapshot(
  on: Queryable,
  endpointId: string,
  snapshot: Omit<SnapshotRow, 'dataset_version' | 'created_at'>,
): Promise<void> {
  await sql`insert into serving.snapshot (id, endpoint_id, file_name, digest, row_count, to_sequence, until)
    values (${snapshot.id}, ${endpointId}, ${snapshot.file_name}, ${snapshot.digest}, ${snapshot.row_count},
      ${snapshot.to_sequence}, ${snapshot.until})`.execute(on.tables<unknown>());
}

/** Snapshots whose rows may be in the dataset or not: whoever made them did not come to the end. */
export async function openSnapshots(on: Queryable, endpointId: string): Promise<SnapshotRow[]> {
  const { rows } = await sql<SnapshotRow>`select * from serving.snapshot
    where endpoint_id = ${endpointId} and dataset_version is null order by id`.execute(on.tables<unknown>());
  return rows;
}

/** Remembers that the rows are in the dataset. */
export async function finishSnapshot(
  on: Queryable,
  endpointId: string,
  snapshot: Pick<SnapshotRow, 'id' | 'to_sequence' | 'until'>,
  datasetVersion: number,
): Promise<void> {
  const tables = on.tables<unknown>();
  await sql`update serving.snapshot set dataset_version = ${datasetVersion} where id = ${snapshot.id}`.execute(tables);
  await sql`update serving.endpoint set
      snapshot_sequence = greatest(snapshot_sequence, ${snapshot.to_sequence}),
      snapshot_until = greatest(snapshot_until, ${snapshot.until}::timestamptz)
    where id = ${endpointId}`.execute(tables);
}

export async function deleteSnapshot(on: Queryable, id: string): Promise<void> {
  await sql`delete from serving.snapshot where id = ${id}`.execute(on.tables<unknown>());
}
