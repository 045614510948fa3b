// Whether data can be trusted: datasets, their immutable versions, contracts and validations, profiles, and the graph
// of
// what came of what. It knows nothing of what is done with the data.

import { type dataRoutes, NewVersion, notFound } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import type { Platform } from '#platform/platform';
import { addVersion } from './add-version.ts';
import type { DataDoor } from './data-door.ts';
import { findDataset, insertUpload } from './dataset-store.ts';
import { forgetLeaves, recordInputs, recordLineage } from './lineage-store.ts';
import { neededFiles } from './object-reference-store.ts';
import type { DataParts } from './parts.ts';
import { dataContents } from './project-contents.ts';
import { putDataset } from './put-dataset.ts';
import { dataHandlers } from './routes.ts';
import { findKnownVersions, findVersion } from './version-store.ts';

export type { DataDoor } from './data-door.ts';
export type { NewLineageNode } from './lineage-store.ts';
export { checkExpression, checkSelect } from './user-sql.ts';
export type { KnownVersion, VersionClaim } from './version-store.ts';

export interface Data extends DataDoor {
  readonly handlers: Handlers<typeof dataRoutes>;
}

export function createData(platform: Platform): Data {
  const parts: DataParts = { platform };
  const { database, objects } = platform;
  const door: DataDoor = {
    putDataset: async (actor, project, definition) => await putDataset(parts, actor, project, definition),
    getDataset: async (project, name) => {
      const dataset = await findDataset(database, project, name);
      if (dataset === null) throw notFound('dataset', name);
      return dataset;
    },
    keepUpload: async (actor, project, { digest, sizeBytes }) =>
      await insertUpload(database, { project, digest, sizeBytes, by: actor.name }),
    addVersion: async (actor, project, dataset, version) =>
      await addVersion(parts, actor, project, dataset, NewVersion.parse(version)),
    getVersion: async (project, dataset, version) => {
      const found = await findVersion(database, project, dataset, version);
      if (found === null) throw notFound('dataset version', `${dataset}@${version}`);
      const { profile: _, ...rest } = found;
      return rest;
    },
    knownVersions: async (on, project, claims) => await findKnownVersions(on, project, claims),
    versionPaths: async ({ files }) => {
      const paths: string[] = [];
      for (const { digest } of files) paths.push(await objects.localPath(digest));
      return paths;
    },
    lineage: {
      record: async (on, project, edges, nodes = []) => await recordLineage(on, project, edges, nodes),
      recordInputs: async (on, project, inputs) => await recordInputs(on, project, inputs),
      forgetLeaves: async (on, project, things) => await forgetLeaves(on, project, things),
    },
  };
  platform.projects.contribute(dataContents(parts));
  platform.objectSweeps.keep({ needed: neededFiles });
  return { ...door, handlers: dataHandlers(parts, door) };
}
