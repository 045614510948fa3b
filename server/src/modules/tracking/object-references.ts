import type { ObjectReferences } from '#platform/objects/object-references';
import { neededArtifacts } from './artifact-store.ts';
import { dropOldUploads } from './artifact-uploads.ts';
import type { TrackingParts } from './parts.ts';

/** Files of artifacts. An upload in parts is no reference: what it became is a file. */
export const trackingReferences = (parts: TrackingParts): ObjectReferences => ({
  needed: neededArtifacts,
  expire: async () => await dropOldUploads(parts),
});
