import { PlatformError } from '@flyball/api';
import { type OpenedObject, openObject } from '#platform/objects/open-object';
import { proxiedPath } from './artifact-location.ts';
import { checkArtifactPath } from './artifact-path.ts';
import type { ArtifactEntry, StoredArtifact } from './artifact-store.ts';
import { filesBelow, findFile, joinPath, listArtifactFolder } from './artifacts.ts';
import {
  type LocalFile,
  type LocalFolder,
  listLocalFolder,
  localFilesBelow,
  localFolder,
  openLocalFile,
} from './local-files.ts';
import type { TrackingParts } from './parts.ts';

/** A run or a logged model: where its artifacts are, and whose they are. */
export interface ArtifactPlace {
  readonly artifact_uri: string;
  readonly experiment: number;
}

/** Where that is: in our own store, or in a folder that clients on this machine write themselves. */
function resolve({ platform }: TrackingParts, place: ArtifactPlace): { own: string } | { local: LocalFolder } {
  const own = proxiedPath(place.artifact_uri);
  if (own !== null) return { own };
  const local = localFolder(platform.config.defaultArtifactRoot, place);
  if (local !== null) return { local };
  throw new PlatformError(
    'not_implemented',
    `The artifacts at ${place.artifact_uri} are not kept by this server; read them there`,
  );
}

/** What lies directly in a folder of a run or model. */
export async function listPlace(
  parts: TrackingParts,
  project: string,
  place: ArtifactPlace,
  folder: string,
): Promise<ArtifactEntry[]> {
  const checked = checkArtifactPath(folder);
  const at = resolve(parts, place);
  if ('local' in at) return await listLocalFolder(at.local, checked);
  return await listArtifactFolder(parts, project, joinPath(at.own, checked));
}

/** The digest of a file in our own store; null where a client's folder has it. */
export async function filePlace(
  parts: TrackingParts,
  project: string,
  place: ArtifactPlace,
  file: string,
): Promise<string | null> {
  const at = resolve(parts, place);
  if ('local' in at) return null;
  return (await findFile(parts, project, joinPath(at.own, checkArtifactPath(file)))).digest;
}

/** A file of a run or model. */
export async function openPlace(
  parts: TrackingParts,
  project: string,
  place: ArtifactPlace,
  file: string,
): Promise<OpenedObject | LocalFile> {
  const checked = checkArtifactPath(file);
  const at = resolve(parts, place);
  if ('local' in at) return await openLocalFile(at.local, checked);
  const { digest } = await findFile(parts, project, joinPath(at.own, checked));
  return await openObject(parts.platform.objects, digest);
}

/**
 * The files below a folder of a run or model, by digest. Those that clients wrote themselves are taken into the store,
 * because a version must stay what it is.
 */
export async function keepPlace(
  parts: TrackingParts,
  project: string,
  place: ArtifactPlace,
  folder: string,
): Promise<StoredArtifact[]> {
  const checked = checkArtifactPath(folder);
  const at = resolve(parts, place);
  if ('own' in at) return await filesBelow(parts, project, joinPath(at.own, checked));
  const kept: StoredArtifact[] = [];
  for (const file of await localFilesBelow(at.local, checked)) {
    const { bytes } = await openLocalFile(at.local, file);
    const { digest, sizeBytes } = await parts.platform.objects.put(bytes);
    kept.push({ path: checked === '' ? file : file.slice(checked.length + 1), digest, size_bytes: sizeBytes });
  }
  return kept;
}
