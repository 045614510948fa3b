import { type dataRoutes, notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { bodyChunks } from '#platform/http/body-chunks';
import type { Handlers } from '#platform/http/serve';
import { addVersion } from './add-version.ts';
import type { DataDoor } from './data-door.ts';
import { deleteDataset, findDataset, listDatasets } from './dataset-store.ts';
import { countDependants, readLineage } from './lineage-store.ts';
import type { DataParts } from './parts.ts';
import { queryRows, readFailingRows, readRows } from './read-rows.ts';
import { findValidation, listValidations } from './validation-store.ts';
import { findVersion, listVersions } from './version-store.ts';

async function removeDataset({ platform }: DataParts, actor: Actor, project: string, name: string) {
  await platform.database.transaction(async (trx) => {
    if ((await findDataset(trx, project, name)) === null) throw notFound('dataset', name);
    const dependants = await countDependants(trx, project, name);
    if (dependants > 0) throw new PlatformError('conflict', `${dependants} things were made of "${name}"; it stays`);
    await deleteDataset(trx, project, name);
    await platform.audit.record(trx, {
      actor,
      project,
      action: 'data.deleted',
      subject: { kind: 'dataset', id: name },
    });
  });
  return {};
}

async function getProfiledVersion(
  { platform }: DataParts,
  project: string,
  dataset: string,
  version: number | 'latest',
) {
  const found = await findVersion(platform.database, project, dataset, version);
  if (found === null) throw notFound('dataset version', `${dataset}@${version}`);
  return found;
}

function numberToken(token: string | undefined): number | undefined {
  if (token === undefined) return undefined;
  const value = Number(token);
  if (!Number.isSafeInteger(value)) throw new PlatformError('invalid_input', 'query.pageToken: this token is not ours');
  return value;
}

function uuidToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(token)) return token;
  throw new PlatformError('invalid_input', 'query.pageToken: this token is not ours');
}

/** `api/src/data.ts`, each route to its use case. */
export function dataHandlers(parts: DataParts, door: DataDoor): Handlers<typeof dataRoutes> {
  const { database, objects } = parts.platform;
  return {
    listDatasets: async ({ project, query: { limit, pageToken: after, search } }) => {
      const items = await listDatasets(database, { project, limit, after, search });
      return items.length === limit ? { items, nextPageToken: items.at(-1)!.name } : { items };
    },
    putDataset: async ({ actor, project, params, body }) =>
      await door.putDataset(actor, project, { ...body, name: params.dataset }),
    getDataset: async ({ project, params }) => await door.getDataset(project, params.dataset),
    deleteDataset: async ({ actor, project, params }) => await removeDataset(parts, actor, project, params.dataset),
    uploadObject: async ({ actor, project, upload }) => {
      const stored = await objects.put(bodyChunks(upload));
      await door.keepUpload(actor, project, stored);
      return stored;
    },
    addDatasetVersion: async ({ actor, project, params, body, signal }) =>
      await addVersion(parts, actor, project, params.dataset, body, signal),
    listDatasetVersions: async ({ project, params: { dataset }, query: { limit, pageToken } }) => {
      await door.getDataset(project, dataset);
      const items = await listVersions(database, { project, dataset, limit, before: numberToken(pageToken) });
      return items.length === limit ? { items, nextPageToken: String(items.at(-1)!.version) } : { items };
    },
    getDatasetVersion: async ({ project, params: { dataset, version } }) =>
      await getProfiledVersion(parts, project, dataset, version),
    readDatasetRows: async ({ project, params, query, signal }) =>
      await readRows(parts, { ...params, ...query, project }, signal),
    queryDataset: async ({ project, params, body, signal }) =>
      await queryRows(parts, { ...params, project }, body, signal),
    listValidations: async ({ project, params: { dataset }, query: { limit, pageToken } }) => {
      await door.getDataset(project, dataset);
      const items = await listValidations(database, { project, dataset, limit, before: uuidToken(pageToken) });
      return items.length === limit ? { items, nextPageToken: items.at(-1)!.id } : { items };
    },
    getValidation: async ({ project, params }) => {
      const found = await findValidation(database, project, params.validation);
      if (found === null) throw notFound('validation', params.validation);
      return found.validation;
    },
    readFailingRows: async ({ project, params, query: { expectation, ...page }, signal }) =>
      await readFailingRows(parts, { project, validation: params.validation, expectation }, page, signal),
    getLineage: async ({ project, query: { kind, id, depth, limit } }) => {
      const around = kind === undefined || id === undefined ? undefined : { kind, id };
      return await readLineage(database, { project, around, depth, limit });
    },
  };
}
