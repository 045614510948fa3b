// Whether features are the same in training and in production: entities, feature views, point-in-time training sets,
// and
// the windows that answer online. It reads datasets; it does not know who trains or serves.

import { type FeatureView, type featureRoutes, notFound, type TrainingSet, type TrainingSetSpec } from '@flyball/api';
import type { Data } from '#data';
import type { Actor } from '#platform/access/actor';
import type { Action } from '#platform/actions/action';
import type { Handlers } from '#platform/http/serve';
import type { Platform } from '#platform/platform';
import { featureActions } from './actions.ts';
import { buildTrainingSet } from './build-training-set.ts';
import type { FeatureParts } from './parts.ts';
import { featureHandlers } from './routes.ts';
import { type SeedEvent, seedOnline } from './seed-online.ts';
import { findTrainingSet, neededTrainingSets } from './training-set-store.ts';
import { findView, viewsOnDataset } from './view-store.ts';

export { createOnlineWindows, type OnlineWindows } from './online-windows.ts';

export interface Features {
  readonly actions: readonly Action[];
  readonly handlers: Handlers<typeof featureRoutes>;
  getView(project: string, name: string): Promise<FeatureView>;
  viewsOnDataset(project: string, dataset: string): Promise<FeatureView[]>;
  buildTrainingSet(actor: Actor, project: string, spec: TrainingSetSpec): Promise<TrainingSet>;
  getTrainingSet(project: string, id: string): Promise<TrainingSet>;
  /** A read-only local Parquet file; its column `__at` is the moment of asking in epoch ms. */
  trainingSetPath(project: string, id: string): Promise<string>;
  seedOnline(project: string, view: FeatureView, atMs: number): Promise<SeedEvent[]>;
}

export function createFeatures(platform: Platform, data: Data): Features {
  const parts: FeatureParts = { platform, data };
  platform.objectSweeps.keep({ needed: neededTrainingSets });
  const getTrainingSet = async (project: string, id: string): Promise<TrainingSet> => {
    const set = await findTrainingSet(platform.database, project, id);
    if (set === null) throw notFound('training set', id);
    return set;
  };
  return {
    actions: featureActions(parts),
    handlers: featureHandlers(parts),
    getView: async (project, name) => {
      const view = await findView(platform.database, project, name);
      if (view === null) throw notFound('feature view', name);
      return view;
    },
    viewsOnDataset: async (project, dataset) => await viewsOnDataset(platform.database, project, dataset),
    buildTrainingSet: async (actor, project, spec) => await buildTrainingSet(parts, actor, project, spec),
    getTrainingSet,
    trainingSetPath: async (project, id) =>
      await platform.objects.localPath((await getTrainingSet(project, id)).digest),
    seedOnline: async (project, view, atMs) => await seedOnline(parts, project, view, atMs),
  };
}
