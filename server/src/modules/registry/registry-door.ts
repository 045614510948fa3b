import type { Model, ModelVersion, NewModelVersion } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { Action } from '#platform/actions/action';
import type { OpenedObject } from '#platform/objects/open-object';
import type { Platform } from '#platform/platform';
import type { PurgeQuestion } from '#tracking';
import type { VersionOptions } from './create-version.ts';
import type { ModelChange, ModelPage } from './model-store.ts';
import type { AliasMove } from './move-alias.ts';
import type { AliasGuard } from './parts.ts';
import type { FoundPage, RegistrySearch } from './search-registry.ts';
import type { VersionChange, VersionPage } from './version-store.ts';
import type { Webhooks } from './webhooks.ts';

type Trx = Parameters<Parameters<Platform['database']['transaction']>[0]>[0];

/** What others may ask of this module. */
export interface RegistryDoor {
  readonly actions: readonly Action[];
  /** Who is told of changes here. */
  readonly webhooks: Webhooks;
  /** Which aliases only rollouts may move; asked before each move by hand. */
  protectAliases(guard: AliasGuard): void;
  /** The versions that came from runs and logged models, by the id of these. */
  versionsFrom(question: PurgeQuestion): Promise<ReadonlyMap<string, readonly string[]>>;
  /** `conflict` when the name is taken. */
  createModel(actor: Actor, project: string, model: Pick<Model, 'name' | 'description' | 'tags'>): Promise<Model>;
  getModel(project: string, name: string): Promise<Model>;
  listModels(page: ModelPage): Promise<Model[]>;
  changeModel(actor: Actor, project: string, name: string, change: ModelChange): Promise<Model>;
  deleteModel(actor: Actor, project: string, name: string): Promise<void>;
  createVersion(
    actor: Actor,
    project: string,
    model: string,
    version: NewModelVersion,
    options?: VersionOptions,
  ): Promise<ModelVersion>;
  /** In MLflow's filter language. */
  searchModels(project: string, input: RegistrySearch): Promise<FoundPage<Model>>;
  searchVersions(project: string, input: RegistrySearch): Promise<FoundPage<ModelVersion>>;
  /** The newest version of each stage, of several models at once. */
  latestVersions(project: string, models: readonly string[]): Promise<ModelVersion[]>;
  getVersion(project: string, model: string, version: number): Promise<ModelVersion>;
  listVersions(page: VersionPage): Promise<ModelVersion[]>;
  changeVersion(
    actor: Actor,
    project: string,
    model: string,
    version: number,
    change: VersionChange & { archiveOthers?: boolean },
  ): Promise<ModelVersion>;
  deleteVersion(actor: Actor, project: string, model: string, version: number): Promise<void>;
  versionByAlias(project: string, model: string, alias: string): Promise<ModelVersion | null>;
  setAlias(actor: Actor, project: string, move: AliasMove): Promise<void>;
  /** The move that ends a rollout, in its transaction; no guard asks. */
  moveAliasByRollout(trx: Trx, actor: Actor, project: string, move: AliasMove): Promise<void>;
  removeAlias(actor: Actor, project: string, model: string, alias: string): Promise<boolean>;
  /** A read-only local path of one file of a version. */
  filePath(project: string, version: ModelVersion, path: string): Promise<string>;
  openFile(version: ModelVersion, path: string): Promise<OpenedObject>;
}
