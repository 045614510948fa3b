import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface StoredArtifact {
  path: string;
  digest: string;
  size_bytes: number;
}

/** The end of the range of paths below a folder: no path but those below it lies between `folder/` and this. */
const afterFolder = (folder: string): string => `${folder}0`;

/** Whether a folder of that name exists, or a file where this path needs a folder. */
export async function findObstacle(on: Queryable, project: string, path: string): Promise<string | null> {
  const parts = path.split('/');
  const above = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
  const { rows } = await sql<{ path: string }>`select path from tracking.artifact
    where project = ${project} and (path = any(${above}::text[])
      or (path > ${`${path}/`} and path < ${afterFolder(path)})) limit 1`.execute(on.tables<unknown>());
  return rows[0]?.path ?? null;
}

export async function upsertArtifact(on: Queryable, project: string, artifact: StoredArtifact): Promise<void> {
  await sql`insert into tracking.artifact (project, path, digest, size_bytes)
    values (${project}, ${artifact.path}, ${artifact.digest}, ${artifact.size_bytes})
    on conflict (project, path) do update
    set digest = excluded.digest, size_bytes = excluded.size_bytes, stored_at = clock_timestamp()`.execute(
    on.tables<unknown>(),
  );
}

export async function findArtifact(on: Queryable, project: string, path: string): Promise<StoredArtifact | null> {
  const { rows } = await sql<StoredArtifact>`select path, digest, size_bytes from tracking.artifact
    where project = ${project} and path = ${path}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export interface ArtifactEntry {
  name: string;
  is_directory: boolean;
  size_bytes: number | null;
  digest: string | null;
}

const below = (folder: string) =>
  folder === '' ? sql`true` : sql`path > ${`${folder}/`} and path < ${afterFolder(folder)}`;

/** What lies directly in a folder, by name. */
export async function listFolder(on: Queryable, project: string, folder: string): Promise<ArtifactEntry[]> {
  const start = folder === '' ? 1 : [...folder].length + 2;
  const { rows } = await sql<ArtifactEntry>`select name, bool_or(is_directory) as is_directory,
      case when bool_or(is_directory) then null else max(size_bytes) end as size_bytes,
      case when bool_or(is_directory) then null else max(digest) end as digest
    from (select split_part(substr(path, ${start}::int), '/', 1) as name,
        position('/' in substr(path, ${start}::int)) > 0 as is_directory, size_bytes, digest
      from tracking.artifact where project = ${project} and ${below(folder)}) entry
    group by name order by name`.execute(on.tables<unknown>());
  return rows;
}

/** Every file below a folder, by path. */
export async function listFilesBelow(on: Queryable, project: string, folder: string): Promise<StoredArtifact[]> {
  const { rows } = await sql<StoredArtifact>`select path, digest, size_bytes from tracking.artifact
    where project = ${project} and ${below(folder)} order by path`.execute(on.tables<unknown>());
  return rows;
}

/** Removes a file, or everything below a folder; says how many files. */
export async function deleteArtifacts(on: Queryable, project: string, path: string): Promise<number> {
  const result = await sql`delete from tracking.artifact
    where project = ${project} and (path = ${path} or (path > ${`${path}/`} and path < ${afterFolder(path)}))`.execute(
    on.tables<unknown>(),
  );
  return Number(result.numAffectedRows ?? 0n);
}

/** Those of these objects that are files. */
export async function neededArtifacts(on: Queryable, digests: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ digest: string }>`select distinct digest from tracking.artifact
    where digest = any(${[...digests]}::text[])`.execute(on.tables<unknown>());
  return rows.map(({ digest }) => digest);
}
