import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface StoredUpload {
  readonly id: string;
  readonly project: string;
  readonly path: string;
  readonly store_upload: string;
  /** What a completed upload became. */
  readonly digest: string | null;
  readonly size_bytes: number | null;
}

export interface NewUpload {
  readonly id: string;
  readonly project: string;
  readonly path: string;
  readonly storeUpload: string;
  readonly createdBy: string;
}

export async function insertUpload(on: Queryable, upload: NewUpload): Promise<void> {
  await sql`insert into tracking.artifact_upload (id, project, path, store_upload, created_by)
    values (${upload.id}, ${upload.project}, ${upload.path}, ${upload.storeUpload}, ${upload.createdBy})`.execute(
    on.tables<unknown>(),
  );
}

export async function findUpload(on: Queryable, id: string): Promise<StoredUpload | null> {
  const { rows } = await sql<StoredUpload>`select id, project, path, store_upload, digest, size_bytes
    from tracking.artifact_upload where id = ${id}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export async function completeUploadRow(
  on: Queryable,
  id: string,
  object: { readonly digest: string; readonly sizeBytes: number },
): Promise<void> {
  await sql`update tracking.artifact_upload set digest = ${object.digest}, size_bytes = ${object.sizeBytes}
    where id = ${id}`.execute(on.tables<unknown>());
}

export async function deleteUpload(on: Queryable, id: string): Promise<void> {
  await sql`delete from tracking.artifact_upload where id = ${id}`.execute(on.tables<unknown>());
}

/** Takes away some uploads of a project; each is given to one caller only. */
export async function takeUploadsOf(on: Queryable, project: string, most: number): Promise<StoredUpload[]> {
  const { rows } = await sql<StoredUpload>`delete from tracking.artifact_upload where id in (
      select id from tracking.artifact_upload where project = ${project} limit ${most} for update skip locked)
    returning id, project, path, store_upload, digest, size_bytes`.execute(on.tables<unknown>());
  return rows;
}

/** Takes away some uploads that were begun before that moment; each is given to one caller only. */
export async function takeOldUploads(on: Queryable, before: Date, most: number): Promise<StoredUpload[]> {
  const { rows } = await sql<StoredUpload>`delete from tracking.artifact_upload where id in (
      select id from tracking.artifact_upload where created_at < ${before} order by created_at limit ${most}
      for update skip locked)
    returning id, project, path, store_upload, digest, size_bytes`.execute(on.tables<unknown>());
  return rows;
}
