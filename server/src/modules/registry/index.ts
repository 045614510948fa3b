// Which candidates exist, and whether their files may be trusted: models, immutable versions, aliases, stages, scans.
// It knows the run and the data a version comes from; it does not know where versions serve.

import {
  type Model,
  type ModelVersion,
  notFound,
  PlatformError,
  type registryImportRoutes,
  type registryRoutes,
} from '@flyball/api';
import type { Data } from '#data';
import type { Actor } from '#platform/access/actor';
import type { Handlers } from '#platform/http/serve';
import { openObject } from '#platform/objects/open-object';
import type { Platform } from '#platform/platform';
import type { Tracking } from '#tracking';
import { registryActions } from './actions.ts';
import { createVersion } from './create-version.ts';
import { DELIVERY_QUEUE, type DeliveryJob, deliverWebhook, fanOutChange } from './deliver-webhook.ts';
import { registryImportHandlers } from './import-models.ts';
import { deleteModel, findModel, insertModel, listModels, type ModelChange, updateModel } from './model-store.ts';
import { moveAliasIn, removeAlias, setAlias } from './move-alias.ts';
import type { RegistryParts } from './parts.ts';
import { registryContents } from './project-contents.ts';
import type { RegistryDoor } from './registry-door.ts';
import { registryHandlers } from './routes.ts';
import { searchModels, searchVersions } from './search-registry.ts';
import { modelCreated, modelTagsChanged, tellChange, versionTagsChanged } from './tell-change.ts';
import {
  archiveStage,
  deleteVersion,
  findByAlias,
  findLatestVersions,
  findVersion,
  findVersionsFrom,
  listVersions,
  neededModelFiles,
  updateVersion,
  type VersionChange,
} from './version-store.ts';
import { createWebhooks } from './webhooks.ts';

export type { Webhook } from './webhooks.ts';

export interface Registry extends RegistryDoor {
  readonly handlers: Handlers<typeof registryRoutes>;
  readonly importHandlers: Handlers<typeof registryImportRoutes>;
}

function fileOf(version: ModelVersion, path: string): ModelVersion['files'][number] {
  const file = version.files.find((one) => one.path === path);
  if (file === undefined) throw notFound(`file of ${version.model}@${version.version}`, path);
  return file;
}

async function getModel({ platform }: RegistryParts, project: string, name: string): Promise<Model> {
  const model = await findModel(platform.database, project, name);
  if (model === null) throw notFound('model', name);
  return model;
}

async function getVersion(
  { platform }: RegistryParts,
  project: string,
  model: string,
  number: number,
): Promise<ModelVersion> {
  const version = await findVersion(platform.database, project, model, number);
  if (version === null) throw notFound('model version', `${model}@${number}`);
  return version;
}

async function createModel(
  parts: RegistryParts,
  actor: Actor,
  project: string,
  model: Pick<Model, 'name' | 'description' | 'tags'>,
) {
  const { database, audit } = parts.platform;
  await database.transaction(async (trx) => {
    if (!(await insertModel(trx, project, model))) {
      throw new PlatformError('conflict', `A model called "${model.name}" exists already`);
    }
    await tellChange(parts, trx, project, [modelCreated(model)]);
    await audit.record(trx, {
      actor,
      project,
      action: 'registry.model-created',
      subject: { kind: 'model', id: model.name },
    });
  });
  return await getModel(parts, project, model.name);
}

async function changeModel(parts: RegistryParts, actor: Actor, project: string, name: string, change: ModelChange) {
  const { database, audit } = parts.platform;
  await database.transaction(async (trx) => {
    const { rename } = change;
    if (rename !== undefined && rename !== name && (await findModel(trx, project, rename)) !== null) {
      throw new PlatformError('conflict', `A model called "${rename}" exists already`);
    }
    const before = await findModel(trx, project, name);
    if (before === null || !(await updateModel(trx, project, name, change))) throw notFound('model', name);
    await tellChange(parts, trx, project, modelTagsChanged(before, change));
    const subject = { kind: 'model', id: name };
    await audit.record(trx, { actor, project, action: 'registry.model-changed', subject, details: { ...change } });
  });
  return await getModel(parts, project, change.rename ?? name);
}

async function changeVersion(
  parts: RegistryParts,
  actor: Actor,
  of: { project: string; model: string; version: number },
  change: VersionChange & { archiveOthers?: boolean },
) {
  const { database, audit } = parts.platform;
  const id = `${of.model}@${of.version}`;
  await database.transaction(async (trx) => {
    const [model, before] = [
      await findModel(trx, of.project, of.model),
      await findVersion(trx, of.project, of.model, of.version),
    ];
    if (model === null || before === null || !(await updateVersion(trx, of, change))) {
      throw notFound('model version', id);
    }
    await tellChange(parts, trx, of.project, versionTagsChanged(model, before, change));
    if (change.archiveOthers === true && change.stage !== undefined)
      await archiveStage(trx, { ...of, stage: change.stage });
    const subject = { kind: 'model_version', id };
    await audit.record(trx, {
      actor,
      project: of.project,
      action: 'registry.version-changed',
      subject,
      details: { ...change },
    });
  });
  return await getVersion(parts, of.project, of.model, of.version);
}

async function removeModel({ platform }: RegistryParts, actor: Actor, project: string, name: string): Promise<void> {
  await platform.database.transaction(async (trx) => {
    if (!(await deleteModel(trx, project, name))) throw notFound('model', name);
    const subject = { kind: 'model', id: name };
    await platform.audit.record(trx, { actor, project, action: 'registry.model-deleted', subject });
  });
}

async function removeVersion(
  { platform }: RegistryParts,
  actor: Actor,
  of: { project: string; model: string; version: number },
) {
  const id = `${of.model}@${of.version}`;
  await platform.database.transaction(async (trx) => {
    if (!(await deleteVersion(trx, of))) throw notFound('model version', id);
    const subject = { kind: 'model_version', id };
    await platform.audit.record(trx, { actor, project: of.project, action: 'registry.version-deleted', subject });
  });
}

export function createRegistry(platform: Platform, data: Data, tracking: Tracking): Registry {
  const parts: RegistryParts = { platform, data, tracking, aliasGuard: async () => false };
  const { database, objects } = platform;
  platform.projects.contribute(registryContents(parts));
  platform.objectSweeps.keep({ needed: neededModelFiles });
  platform.events.subscribe('registry.webhooks', ['registry.changed'], async (event) => {
    await fanOutChange(parts, event);
  });
  // Whether and when it is tried again is decided there; the queue repeats what a process left unfinished.
  platform.jobs.define<DeliveryJob>(DELIVERY_QUEUE, { concurrency: 4 }, async (job) => {
    await deliverWebhook(parts, job);
  });
  const door: RegistryDoor = {
    actions: registryActions(parts),
    webhooks: createWebhooks(parts),
    versionsFrom: async (question) => await findVersionsFrom(database, question),
    protectAliases: (guard) => {
      parts.aliasGuard = guard;
    },
    createModel: async (actor, project, model) => await createModel(parts, actor, project, model),
    getModel: async (project, name) => await getModel(parts, project, name),
    listModels: async (page) => await listModels(database, page),
    changeModel: async (actor, project, name, change) => await changeModel(parts, actor, project, name, change),
    deleteModel: async (actor, project, name) => await removeModel(parts, actor, project, name),
    createVersion: async (actor, project, model, version, options) =>
      await createVersion(parts, actor, project, model, version, options),
    searchModels: async (project, input) => await searchModels(parts, project, input),
    searchVersions: async (project, input) => await searchVersions(parts, project, input),
    latestVersions: async (project, models) => await findLatestVersions(database, project, models),
    getVersion: async (project, model, version) => await getVersion(parts, project, model, version),
    listVersions: async (page) => await listVersions(database, page),
    changeVersion: async (actor, project, model, version, change) =>
      await changeVersion(parts, actor, { project, model, version }, change),
    deleteVersion: async (actor, project, model, version) =>
      await removeVersion(parts, actor, { project, model, version }),
    versionByAlias: async (project, model, alias) => await findByAlias(database, project, model, alias),
    setAlias: async (actor, project, move) => await setAlias(parts, actor, project, move),
    moveAliasByRollout: async (trx, actor, project, move) => await moveAliasIn(parts, trx, actor, project, move),
    removeAlias: async (actor, project, model, alias) => await removeAlias(parts, actor, project, model, alias),
    filePath: async (_project, version, path) => await objects.localPath(fileOf(version, path).digest),
    openFile: async (version, path) => await openObject(objects, fileOf(version, path).digest),
  };
  return { ...door, handlers: registryHandlers(parts, door), importHandlers: registryImportHandlers(parts) };
}
