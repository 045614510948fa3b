import type { trackingRoutes } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import { changeExperiment, getExperiment } from './experiments.ts';
import type { TrackingParts } from './parts.ts';
import { previewExperimentPurge, purgeExperiment } from './purge-experiment.ts';
import { listPurges } from './purge-list-store.ts';
import { emptyTrash, purgeRuns } from './purge-runs.ts';
import { getRetentionRule, putRetentionRule } from './retention.ts';

const RUNS_AT_ONCE = 500;

type PurgeHandlers = Pick<
  Handlers<typeof trackingRoutes>,
  | 'purgeRuns'
  | 'emptyTrash'
  | 'moveExperiment'
  | 'previewExperimentPurge'
  | 'purgeExperiment'
  | 'listPurges'
  | 'getRetentionRule'
  | 'putRetentionRule'
>;

/** `api/src/run-purge.ts`, each route to its use case. */
export const purgeHandlers = (parts: TrackingParts): PurgeHandlers => ({
  purgeRuns: async ({ actor, project, body }) => await purgeRuns(parts, actor, project, body),
  emptyTrash: async ({ actor, project, body }) => {
    const { experimentId, deletedBefore, dryRun, pageToken = '0' } = body;
    const experiment = experimentId === undefined ? null : (await getExperiment(parts, project, experimentId)).id;
    const question = { project, experiment, deletedBefore, after: Number(pageToken), limit: RUNS_AT_ONCE };
    const { next, ...result } = await emptyTrash(parts, actor, question, { dryRun });
    return next === null ? result : { ...result, nextPageToken: String(next) };
  },
  purgeExperiment: async ({ actor, project, params, body }) => {
    await purgeExperiment(parts, actor, project, params.experiment, body);
    return {};
  },
  moveExperiment: async ({ actor, project, params, body: { stage } }) => {
    await changeExperiment(parts, actor, project, params.experiment, { stage });
    return {};
  },
  previewExperimentPurge: async ({ project, params }) =>
    await previewExperimentPurge(parts, project, params.experiment),
  listPurges: async ({ project, query: { limit, parts: withParts } }) => ({
    items: await listPurges(parts.platform.database, { project, parts: withParts === 'shown', limit }),
  }),
  getRetentionRule: async ({ project, params }) => await getRetentionRule(parts, project, params.experiment),
  putRetentionRule: async ({ actor, project, params, body }) =>
    await putRetentionRule(parts, actor, project, params.experiment, body),
});
