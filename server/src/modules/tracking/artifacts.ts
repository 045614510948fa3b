import { type Artifact, notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
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
): Promise<StoredArtifact> {
  const file = checkArtifactFile(path);
  const { digest, sizeBytes } = await platform.objects.put(bytes);
  const artifact = { path: file, digest, size_bytes: sizeBytes };
  await platform.database.transaction(async (trx) => {
    const obstacle = await findObstacle(trx, project, file);
    if (obstacle !== null) {
      throw new PlatformError('invalid_input', `"${file}" and "${obstacle}" cannot both exist: one is a folder`);
    }
    await upsertArtifact(trx, project, artifact);
  });
  return artifact;
}

export async function findFile({ platform }: TrackingParts, project: string, path: string): Promise<StoredArtifact> {
  const file = checkArtifactFile(path);
  const found = await findArtifact(platform.database, project, file);
  if (found === null) throw notFound('artifact', file);
  return found;
}

export interface OpenedArtifact {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly sizeBytes: number;
  readonly digest: string;
}

export async function openArtifact(
  parts: TrackingParts,
  project: string,
  path: string,
  range?: { readonly start: number; readonly end?: number },
): Promise<OpenedArtifact> {
  const { digest, size_bytes: sizeBytes } = await findFile(parts, project, path);
  return { bytes: await parts.platform.objects.get(digest, range), sizeBytes, digest };
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
