import { type Artifact, notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { type OpenedObject, openObject } from '#platform/objects/open-object';
import { proxiedPath } from './artifact-location.ts';
import { checkArtifactFile, checkArtifactPath } from './artifact-path.ts';
import {
  type ArtifactEntry,
  deleteArtifacts,
  findArtifact,
  findObstacle,
  listFilesBelow,
  listFolder,
  type StoredArtifact,
  upsertArtifact,
} from './artifact-store.ts';
import { runNotFound } from './batch-store.ts';
import type { TrackingParts } from './parts.ts';
import { findRunRow } from './run-store.ts';

export type ArtifactBytes = AsyncIterable<Uint8Array> | Uint8Array;

/** The folder of a run's artifacts in our own store. */
export async function runFolder({ platform }: TrackingParts, project: string, runId: string): Promise<string> {
  const run = await findRunRow(platform.database, project, runId);
  if (run === null) throw runNotFound(runId);
  return requireProxied(run.artifact_uri);
}

/** The path in our own store of a location; `not_implemented` for places that this server does not keep. */
function requireProxied(location: string): string {
  const path = proxiedPath(location);
  if (path !== null) return path;
  throw new PlatformError(
    'not_implemented',
    `The artifacts at ${location} are not kept by this server; read them there`,
  );
}

export const joinPath = (folder: string, path: string): string =>
  [folder, path].filter((part) => part !== '').join('/');

/** Stores a file, streaming; it appears whole or not at all, and replaces what was there. */
export async function putArtifact(
  { platform }: TrackingParts,
  project: string,
  path: string,
  bytes: ArtifactBytes,
  options: { readonly digest?: string | undefined } = {},
): Promise<StoredArtifact> {
  const file = checkArtifactFile(path);
  const object = await platform.objects.put(bytes);
  if (options.digest !== undefined && options.digest !== object.digest) {
    throw new PlatformError('invalid_input', `What arrived of "${file}" is not what its checksum says; send it again`);
  }
  return await platform.database.transaction(async (trx) => await recordArtifact(trx, project, file, object));
}

/** Gives stored bytes a place, and takes it from what was there. */
export async function recordArtifact(
  trx: Parameters<typeof upsertArtifact>[0],
  project: string,
  file: string,
  { digest, sizeBytes }: { readonly digest: string; readonly sizeBytes: number },
): Promise<StoredArtifact> {
  const artifact = { path: file, digest, size_bytes: sizeBytes };
  const obstacle = await findObstacle(trx, project, file);
  if (obstacle !== null) {
    throw new PlatformError('invalid_input', `"${file}" and "${obstacle}" cannot both exist: one is a folder`);
  }
  await upsertArtifact(trx, project, artifact);
  return artifact;
}

export async function findFile({ platform }: TrackingParts, project: string, path: string): Promise<StoredArtifact> {
  const file = checkArtifactFile(path);
  const found = await findArtifact(platform.database, project, file);
  if (found === null) throw notFound('artifact', file);
  return found;
}

export async function openArtifact(parts: TrackingParts, project: string, path: string): Promise<OpenedObject> {
  const { digest } = await findFile(parts, project, path);
  return await openObject(parts.platform.objects, digest);
}

/** What lies directly in a folder. */
export async function listArtifactFolder(
  { platform }: TrackingParts,
  project: string,
  folder: string,
): Promise<ArtifactEntry[]> {
  return await listFolder(platform.database, project, checkArtifactPath(folder));
}

/** Files below a folder with paths relative to it. A path that is itself a file is its only file. */
export async function filesBelow(
  { platform }: TrackingParts,
  project: string,
  folder: string,
): Promise<StoredArtifact[]> {
  const path = checkArtifactPath(folder);
  const single = path === '' ? null : await findArtifact(platform.database, project, path);
  if (single !== null) return [{ ...single, path: path.slice(path.lastIndexOf('/') + 1) }];
  const files = await listFilesBelow(platform.database, project, path);
  return files.map((file) => ({ ...file, path: path === '' ? file.path : file.path.slice(path.length + 1) }));
}

/** Removes a file or a whole folder; the bytes stay for whoever else has the same ones. */
export async function removeArtifacts(
  { platform }: TrackingParts,
  actor: Actor,
  project: string,
  path: string,
): Promise<number> {
  const checked = checkArtifactPath(path);
  if (checked === '') throw new PlatformError('invalid_input', 'Invalid path');
  return await platform.database.transaction(async (trx) => {
    const files = await deleteArtifacts(trx, project, checked);
    const subject = { kind: 'artifact', id: checked };
    const action = 'tracking.artifacts-deleted';
    if (files > 0) await platform.audit.record(trx, { actor, project, action, subject, details: { files } });
    return files;
  });
}

export const presentArtifact = (folder: string, entry: ArtifactEntry): Artifact => ({
  path: joinPath(folder, entry.name),
  isDirectory: entry.is_directory,
  sizeBytes: entry.size_bytes,
  digest: entry.digest,
});
