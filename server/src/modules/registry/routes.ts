import path from 'node:path';
import { invalidInput, notFound, type registryRoutes, type WebhookDelivery } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import { findModel } from './model-store.ts';
import type { RegistryParts } from './parts.ts';
import type { RegistryDoor } from './registry-door.ts';
import { signOffScan } from './sign-off-scan.ts';
import type { StoredDelivery } from './webhook-delivery-store.ts';

function versionBefore(pageToken: string | undefined): number | undefined {
  if (pageToken === undefined) return undefined;
  if (!/^\d{1,9}$/.test(pageToken)) throw invalidInput('This page token was not made here');
  return Number(pageToken);
}

const presentDelivery = (row: StoredDelivery): WebhookDelivery => ({
  id: row.id,
  event: row.event,
  state: row.state,
  attempts: row.attempts,
  responseStatus: row.response_status,
  error: row.error,
  createdAt: row.created_at.toISOString(),
  triedAt: row.tried_at?.toISOString() ?? null,
});

/** `api/src/registry.ts`, each route to its use case. */
export function registryHandlers(parts: RegistryParts, door: RegistryDoor): Handlers<typeof registryRoutes> {
  return {
    listModels: async ({ project, query: { limit, pageToken: after, search } }) => {
      const items = await door.listModels({ project, limit, after, search });
      return items.length === limit ? { items, nextPageToken: items.at(-1)!.name } : { items };
    },
    putModel: async ({ actor, project, params: { model }, body: { description, tags } }) => {
      const known = await findModel(parts.platform.database, project, model);
      if (known === null) return await door.createModel(actor, project, { name: model, description, tags });
      return await door.changeModel(actor, project, model, { description, setTags: tags });
    },
    getModel: async ({ project, params }) => await door.getModel(project, params.model),
    deleteModel: async ({ actor, project, params }) => {
      await door.deleteModel(actor, project, params.model);
      return {};
    },
    createModelVersion: async ({ actor, project, params, body }) =>
      await door.createVersion(actor, project, params.model, body),
    listModelVersions: async ({ project, params: { model }, query: { limit, pageToken } }) => {
      await door.getModel(project, model);
      const before = versionBefore(pageToken);
      const items = await door.listVersions({ project, model, limit, before });
      return items.length === limit ? { items, nextPageToken: String(items.at(-1)!.version) } : { items };
    },
    listRunModelVersions: async ({ project, params: { run } }) => {
      const found = await door.searchVersions(project, { filter: `run_id = '${run}'`, orderBy: [], limit: 100 });
      return { items: [...found.items] };
    },
    getModelVersion: async ({ project, params }) => await door.getVersion(project, params.model, params.version),
    getModelFile: async ({ project, params, query }) => {
      const version = await door.getVersion(project, params.model, params.version);
      const opened = await door.openFile(version, query.path);
      return { ...opened, contentType: 'application/octet-stream', fileName: path.posix.basename(query.path) };
    },
    setModelAlias: async ({ actor, project, params: { model, alias }, body: { version } }) => {
      await door.setAlias(actor, project, { model, alias, version });
      return await door.getModel(project, model);
    },
    deleteModelAlias: async ({ actor, project, params: { model, alias } }) => {
      if (!(await door.removeAlias(actor, project, model, alias))) throw notFound('alias', alias);
      return {};
    },
    tagModelVersion: async ({ actor, project, params, body: { description, tags } }) =>
      await door.changeVersion(actor, project, params.model, params.version, { description, setTags: tags }),
    listWebhookDeliveries: async ({ project, params, query: { limit, pageToken } }) => {
      const { items, ...next } = await door.webhooks.deliveries(project, params.webhook, limit, pageToken);
      return { items: items.map(presentDelivery), ...next };
    },
    signOffScan: async ({ actor, project, params, body }) =>
      await signOffScan(parts, actor, project, params, body.reason),
  };
}
