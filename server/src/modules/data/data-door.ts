import type { Dataset, DatasetDefinition, DatasetVersion, NewVersion } from '@flyball/api';
import type { z } from 'zod';
import type { Actor } from '#platform/access/actor';
import type { Platform } from '#platform/platform';
import type { AddedVersion } from './add-version.ts';
import type { LineageInput, LineageThing, NewLineageEdge, NewLineageNode } from './lineage-store.ts';
import type { KnownVersion, VersionClaim } from './version-store.ts';

type Queryable = Pick<Platform['database'], 'tables'>;

/** What others may ask of this module. */
export interface DataDoor {
  putDataset(actor: Actor, project: string, definition: DatasetDefinition): Promise<Dataset>;
  getDataset(project: string, name: string): Promise<Dataset>;
  /** Lets the project use an object that it has brought. */
  keepUpload(
    actor: Actor,
    project: string,
    object: { readonly digest: string; readonly sizeBytes: number },
  ): Promise<void>;
  addVersion(
    actor: Actor,
    project: string,
    dataset: string,
    version: z.input<typeof NewVersion>,
  ): Promise<AddedVersion>;
  getVersion(project: string, dataset: string, version: number | 'latest'): Promise<DatasetVersion>;
  /** The versions that are there of those that may be meant. */
  knownVersions(on: Queryable, project: string, claims: readonly VersionClaim[]): Promise<KnownVersion[]>;
  /** Read-only local Parquet files of a version, in order. */
  versionPaths(version: DatasetVersion): Promise<string[]>;
  readonly lineage: {
    record(
      on: Queryable,
      project: string,
      edges: readonly NewLineageEdge[],
      nodes?: readonly NewLineageNode[],
    ): Promise<void>;
    /** What things read, of which there may be very many. */
    recordInputs(on: Queryable, project: string, inputs: readonly LineageInput[]): Promise<void>;
    /** Those of which nothing came. */
    forgetLeaves(on: Queryable, project: string, things: readonly LineageThing[]): Promise<void>;
  };
}
