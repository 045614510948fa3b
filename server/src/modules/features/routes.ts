import { type featureRoutes, notFound } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import { buildTrainingSet } from './build-training-set.ts';
import type { FeatureParts } from './parts.ts';
import { previewFeatures } from './preview-features.ts';
import { putView } from './put-view.ts';
import { findTrainingSet, listTrainingSets } from './training-set-store.ts';
import { deleteView, findView, listEntities, listViews, upsertEntity } from './view-store.ts';

const paged = <T>(items: T[], limit: number, tokenOf: (item: T) => string) => {
  const last = items.at(-1);
  return items.length === limit && last !== undefined ? { items, nextPageToken: tokenOf(last) } : { items };
};

/** `api/src/features.ts`, each route to its use case. */
export function featureHandlers(parts: FeatureParts): Handlers<typeof featureRoutes> {
  const { database, audit } = parts.platform;
  const getView = async (project: string, name: string) => {
    const view = await findView(database, project, name);
    if (view === null) throw notFound('feature view', name);
    return view;
  };
  return {
    listEntities: async ({ project, query: { limit, pageToken: after, search } }) =>
      paged(await listEntities(database, { project, limit, after, search }), limit, ({ name }) => name),
    putEntity: async ({ actor, project, params, body }) => {
      const entity = { ...body, name: params.entity };
      await database.transaction(async (trx) => {
        await upsertEntity(trx, project, entity);
        const subject = { kind: 'entity', id: entity.name };
        await audit.record(trx, { actor, project, action: 'features.entity-defined', subject });
      });
      return entity;
    },
    listFeatureViews: async ({ project, query: { limit, pageToken: after, search } }) =>
      paged(await listViews(database, { project, limit, after, search }), limit, ({ name }) => name),
    putFeatureView: async ({ actor, project, params, body }) =>
      await putView(parts, actor, project, { ...body, name: params.view }),
    getFeatureView: async ({ project, params }) => await getView(project, params.view),
    deleteFeatureView: async ({ actor, project, params }) => {
      await database.transaction(async (trx) => {
        if (!(await deleteView(trx, project, params.view))) throw notFound('feature view', params.view);
        const subject = { kind: 'feature_view', id: params.view };
        await audit.record(trx, { actor, project, action: 'features.view-deleted', subject });
      });
      return {};
    },
    previewFeatures: async ({ project, params, body }) => {
      const view = await getView(project, params.view);
      return { rows: await previewFeatures(parts, project, view, body.keys, Date.parse(body.at)) };
    },
    createTrainingSet: async ({ actor, project, body, signal }) =>
      await buildTrainingSet(parts, actor, project, body, signal),
    listTrainingSets: async ({ project, query: { limit, pageToken: before } }) =>
      paged(await listTrainingSets(database, { project, limit, before }), limit, ({ id }) => id),
    getTrainingSet: async ({ project, params }) => {
      const set = await findTrainingSet(database, project, params.id);
      if (set === null) throw notFound('training set', params.id);
      return set;
    },
  };
}
