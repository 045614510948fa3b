import { createFileObjectStore } from './file-object-store.ts';
import type { ObjectClaims } from './object-claims.ts';
import type { ObjectStore } from './object-store.ts';
import { parseS3Place } from './s3-place.ts';

/** The store that the configuration names: `file:<folder>` or `s3://<bucket>/<prefix>`. */
export async function openObjectStore(location: string, cacheDir: string, claims: ObjectClaims): Promise<ObjectStore> {
  if (!location.startsWith('s3:')) return await createFileObjectStore(location.replace(/^file:/, ''), claims);
  // The AWS SDK takes its time to load; whoever keeps files does not wait for it.
  const { createS3ObjectStore } = await import('./s3-object-store.ts');
  return await createS3ObjectStore(parseS3Place(location), { cacheDir, claims });
}
