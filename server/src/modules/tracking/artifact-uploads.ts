import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { notFound } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { StoredObject, UploadedPart } from '#platform/objects/object-store';
import { checkArtifactFile } from './artifact-path.ts';
import type { StoredArtifact } from './artifact-store.ts';
import {
  completeUploadRow,
  deleteUpload,
  findUpload,
  insertUpload,
  type StoredUpload,
  takeOldUploads,
} from './artifact-upload-store.ts';
import { type ArtifactBytes, recordArtifact } from './artifacts.ts';
import type { TrackingParts } from './parts.ts';

/** Nobody needs longer for a file; what is older was given up without a word. */
const LONGEST_MS = 2 * 24 * 60 * 60_000;
const SWEPT_AT_ONCE = 20;
const LOOKS = 10;
const BETWEEN_LOOKS_MS = 100;

const noUpload = () => notFound('upload', 'with this id; it was completed or aborted, or has expired');

/** Which upload into which place, as callers say it again with every step. */
export interface UploadPlace {
  readonly project: string;
  readonly path: string;
  readonly upload: string;
}

/** Begins the upload of a file in parts; returns its id. */
export async function startUpload(parts: TrackingParts, actor: Actor, project: string, path: string): Promise<string> {
  const { database, objects } = parts.platform;
  const file = checkArtifactFile(path);
  await sweep(parts);
  const id = randomBytes(24).toString('base64url');
  const storeUpload = await objects.uploads.start();
  await insertUpload(database, { id, project, path: file, storeUpload, createdBy: actor.name });
  return id;
}

/** Throws away what was never completed. */
async function sweep(parts: TrackingParts): Promise<void> {
  const before = new Date(parts.platform.clock.now().getTime() - LONGEST_MS);
  await dropUploads(parts, await takeOldUploads(parts.platform.database, before, SWEPT_AT_ONCE));
}

/** Throws away all that was never completed. */
export async function dropOldUploads(parts: TrackingParts): Promise<void> {
  const before = new Date(parts.platform.clock.now().getTime() - LONGEST_MS);
  for (;;) {
    const old = await takeOldUploads(parts.platform.database, before, SWEPT_AT_ONCE);
    if (old.length === 0) return;
    await dropUploads(parts, old);
  }
}

/** Throws away the parts of uploads whose rows are gone. */
export async function dropUploads({ platform }: TrackingParts, uploads: readonly StoredUpload[]): Promise<void> {
  for (const { digest, store_upload: old } of uploads) {
    if (digest !== null) continue;
    await platform.objects.uploads.abort(old).catch((error: unknown) => {
      platform.log.warn({ err: error }, 'the parts of an old upload stay behind');
    });
  }
}

async function uploadAt({ platform }: TrackingParts, place: UploadPlace): Promise<StoredUpload> {
  const found = await findUpload(platform.database, place.upload);
  if (found === null || found.project !== place.project || found.path !== checkArtifactFile(place.path)) {
    throw noUpload();
  }
  return found;
}

/** Stores a part for whoever has a link to do so. Returns its etag. */
export async function putUploadPart(
  { platform }: TrackingParts,
  upload: string,
  number: number,
  bytes: ArtifactBytes,
): Promise<string> {
  const found = await findUpload(platform.database, upload);
  if (found === null || found.digest !== null) throw noUpload();
  return await platform.objects.uploads.put(found.store_upload, number, bytes);
}

/** Where each part can be sent without us for that long; null when we take them. */
export async function uploadPartUrls(
  parts: TrackingParts,
  place: UploadPlace,
  count: number,
  seconds: number,
): Promise<(string | null)[]> {
  const { store_upload: storeUpload } = await uploadAt(parts, place);
  const { uploads } = parts.platform.objects;
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => await uploads.partUrl(storeUpload, i + 1, seconds)),
  );
}

/** What somebody else has made of the upload, who was faster and may still be about to note it. */
async function completedMeanwhile({ platform }: TrackingParts, { id }: StoredUpload): Promise<StoredObject | null> {
  for (let tries = 0; tries < LOOKS; tries++) {
    if (tries > 0) await sleep(BETWEEN_LOOKS_MS);
    const found = await findUpload(platform.database, id);
    if (found === null) return null;
    if (found.digest !== null) return { digest: found.digest, sizeBytes: found.size_bytes ?? 0 };
  }
  return null;
}

/** Makes the file of its parts. Doing it again answers the same. */
export async function completeUpload(
  parts: TrackingParts,
  place: UploadPlace,
  given: readonly UploadedPart[],
): Promise<StoredArtifact> {
  const { database, objects } = parts.platform;
  const found = await uploadAt(parts, place);
  if (found.digest !== null) return { path: found.path, digest: found.digest, size_bytes: found.size_bytes ?? 0 };
  const object = await objects.uploads.complete(found.store_upload, given).catch(async (error: unknown) => {
    const other = await completedMeanwhile(parts, found);
    if (other !== null) return other;
    throw error;
  });
  return await database.transaction(async (trx) => {
    await completeUploadRow(trx, found.id, object);
    return await recordArtifact(trx, place.project, found.path, object);
  });
}

/** Throws the parts away. */
export async function abortUpload(parts: TrackingParts, place: UploadPlace): Promise<void> {
  const found = await findUpload(parts.platform.database, place.upload);
  if (found === null) return;
  const { store_upload: storeUpload, digest } = await uploadAt(parts, place);
  if (digest === null) await parts.platform.objects.uploads.abort(storeUpload);
  await deleteUpload(parts.platform.database, place.upload);
}
