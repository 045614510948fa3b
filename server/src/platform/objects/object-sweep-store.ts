import type { ObjectSweep } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '../database/database.ts';

export interface StoredSweep {
  id: number;
  dry_run: boolean;
  grace_seconds: number;
  asked_by: string;
  asked_at: Date;
  position: string;
  objects: number;
  bytes: number;
  removed_objects: number;
  removed_bytes: number;
  unfinished_uploads: number;
  error: string | null;
  finished_at: Date | null;
}

export const presentSweep = (row: StoredSweep): ObjectSweep => ({
  id: row.id,
  dryRun: row.dry_run,
  graceHours: row.grace_seconds / 3600,
  askedBy: row.asked_by,
  askedAt: row.asked_at.toISOString(),
  // Digests are spread evenly, so their start says how far it is.
  progress: row.finished_at !== null ? 1 : Number.parseInt(row.position.slice(0, 4) || '0', 16) / 0x10000,
  objects: row.objects,
  bytes: row.bytes,
  removedObjects: row.removed_objects,
  removedBytes: row.removed_bytes,
  unfinishedUploads: row.unfinished_uploads,
  error: row.error,
  finishedAt: row.finished_at?.toISOString() ?? null,
});

export interface NewSweep {
  readonly dryRun: boolean;
  readonly graceSeconds: number;
  readonly askedBy: string;
}

/** Null while another one is under way. */
export async function insertSweep(on: Queryable, sweep: NewSweep): Promise<StoredSweep | null> {
  const { rows } = await sql<StoredSweep>`insert into platform.object_sweep (dry_run, grace_seconds, asked_by)
    values (${sweep.dryRun}, ${sweep.graceSeconds}, ${sweep.askedBy}) on conflict do nothing returning *`.execute(
    on.tables<unknown>(),
  );
  return rows[0] ?? null;
}

export async function findUnfinishedSweep(on: Queryable): Promise<StoredSweep | null> {
  const { rows } = await sql<StoredSweep>`select * from platform.object_sweep where finished_at is null`.execute(
    on.tables<unknown>(),
  );
  return rows[0] ?? null;
}

export async function findSweep(on: Queryable, id: number): Promise<StoredSweep | null> {
  const { rows } = await sql<StoredSweep>`select * from platform.object_sweep where id = ${id}`.execute(
    on.tables<unknown>(),
  );
  return rows[0] ?? null;
}

/** Newest first. */
export async function listSweeps(on: Queryable, limit: number): Promise<StoredSweep[]> {
  const { rows } = await sql<StoredSweep>`select * from platform.object_sweep order by id desc limit ${limit}`.execute(
    on.tables<unknown>(),
  );
  return rows;
}

/** In the transaction that removes them: looked at, and gone. */
export async function countRemoved(on: Queryable, id: number, objects: number, bytes: number): Promise<void> {
  await sql`update platform.object_sweep set objects = objects + ${objects}, bytes = bytes + ${bytes},
      removed_objects = removed_objects + ${objects}, removed_bytes = removed_bytes + ${bytes}
    where id = ${id}`.execute(on.tables<unknown>());
}

export interface SweptPage {
  readonly last: string;
  readonly objects: number;
  readonly bytes: number;
  readonly removedObjects: number;
  readonly removedBytes: number;
}

/** Adds what was done up to a digest; false when another process has gone on from where this one was. */
export async function advanceSweep(
  on: Queryable,
  { id, position }: Pick<StoredSweep, 'id' | 'position'>,
  page: SweptPage,
): Promise<boolean> {
  const { numAffectedRows } = await sql`update platform.object_sweep set position = ${page.last},
      objects = objects + ${page.objects}, bytes = bytes + ${page.bytes}, error = null,
      removed_objects = removed_objects + ${page.removedObjects}, removed_bytes = removed_bytes + ${page.removedBytes}
    where id = ${id} and position = ${position} and finished_at is null`.execute(on.tables<unknown>());
  return numAffectedRows === 1n;
}

export async function noteSweepError(on: Queryable, id: number, error: string): Promise<void> {
  await sql`update platform.object_sweep set error = ${error} where id = ${id}`.execute(on.tables<unknown>());
}

/** Null when another process has finished it. */
export async function finishSweep(on: Queryable, id: number, unfinishedUploads: number): Promise<StoredSweep | null> {
  const { rows } = await sql<StoredSweep>`update platform.object_sweep set finished_at = clock_timestamp(),
      error = null, unfinished_uploads = ${unfinishedUploads}
    where id = ${id} and finished_at is null returning *`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}
