import path from 'node:path';
import type { trackingRoutes } from '@flyball/api';
import { bodyChunks } from '#platform/http/body-chunks';
import type { Handlers } from '#platform/http/serve';
import { checkArtifactPath } from './artifact-path.ts';
import { readArtifactRows } from './artifact-rows.ts';
import { presentArtifact } from './artifacts.ts';
import { changeRuns } from './change-runs.ts';
import { contentTypeOf } from './content-type.ts';
import { countRuns } from './experiment-store.ts';
import { experimentNumber, presentExperiment, type Stages } from './experiments.ts';
import { getCurvesOfRuns, summarizeRuns } from './metrics.ts';
import type { TrackingParts } from './parts.ts';
import { presentRun } from './present-run.ts';
import { purgeHandlers } from './purge-routes.ts';
import { rankParams } from './rank-params.ts';
import { groupRuns } from './run-groups.ts';
import { listLoggedKeys } from './run-key-store.ts';
import { deleteRunView, listRunViews, saveRunView } from './run-views.ts';
import type { TrackingDoor } from './tracking-door.ts';

const quoted = (text: string): string => `'%${text.replaceAll("'", '%')}%'`;

async function presentExperiments(
  { platform }: TrackingParts,
  rows: readonly Parameters<typeof presentExperiment>[0][],
) {
  const counts = await countRuns(
    platform.database,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => presentExperiment(row, counts.get(row.id) ?? 0));
}

const nextOf = (token: string | undefined) => (token === undefined ? {} : { nextPageToken: token });
const stagesOf = (stage: 'active' | 'deleted' | 'all'): Stages => (stage === 'all' ? ['active', 'deleted'] : [stage]);

type ExperimentHandlers = Pick<
  Handlers<typeof trackingRoutes>,
  'listExperiments' | 'createExperiment' | 'getExperiment'
>;

const experimentHandlers = (parts: TrackingParts, door: TrackingDoor): ExperimentHandlers => ({
  listExperiments: async ({ project, query: { limit, pageToken, search, order, stage } }) => {
    const { items, nextPageToken } = await door.experiments.search(project, {
      filter: search === undefined ? '' : `name ILIKE ${quoted(search)}`,
      orderBy: order === undefined ? [] : [order],
      stages: [stage],
      limit,
      pageToken,
    });
    return { items: await presentExperiments(parts, items), ...nextOf(nextPageToken) };
  },
  createExperiment: async ({ actor, project, body }) => await door.createExperiment(actor, project, body),
  getExperiment: async ({ project, params }) => {
    const row = await door.experiments.get(project, params.experiment);
    return (await presentExperiments(parts, [row]))[0]!;
  },
});

type ArtifactHandlers = Pick<
  Handlers<typeof trackingRoutes>,
  'listArtifacts' | 'getArtifact' | 'putArtifact' | 'readArtifactRows'
>;

const artifactHandlers = (parts: TrackingParts, door: TrackingDoor): ArtifactHandlers => ({
  listArtifacts: async ({ project, params, query }) => {
    const folder = checkArtifactPath(query.path);
    const entries = await door.artifacts.listAt(project, await door.runs.get(project, params.run), folder);
    return { items: entries.map((entry) => presentArtifact(folder, entry)) };
  },
  getArtifact: async ({ project, params, query }) => {
    const file = checkArtifactPath(query.path);
    const opened = await door.artifacts.openAt(project, await door.runs.get(project, params.run), file);
    return { ...opened, contentType: contentTypeOf(file), fileName: path.posix.basename(file) };
  },
  readArtifactRows: async ({ project, params, query, signal }) =>
    await readArtifactRows(parts, project, { runId: params.run, ...query }, signal),
  putArtifact: async ({ actor, project, params, upload }) => {
    const relative = checkArtifactPath(params.path);
    const { digest, size_bytes: sizeBytes } = await door.logArtifact(
      actor,
      project,
      params.run,
      relative,
      bodyChunks(upload),
    );
    return { path: relative, isDirectory: false, sizeBytes, digest };
  },
});

type TableHandlers = Pick<
  Handlers<typeof trackingRoutes>,
  'listRunKeys' | 'changeRuns' | 'compareCurves' | 'summarizeMetrics' | 'groupRuns' | 'rankParams'
>;

const tableHandlers = (parts: TrackingParts): TableHandlers => ({
  listRunKeys: async ({ project, query: { experiment } }) => {
    const experiments = experiment === undefined ? null : [experiment].flat().map(experimentNumber);
    return await listLoggedKeys(parts.platform.database, project, experiments);
  },
  changeRuns: async ({ actor, project, body }) => await changeRuns(parts, actor, project, body),
  compareCurves: async ({ project, body }) => ({ curves: await getCurvesOfRuns(parts, project, body) }),
  summarizeMetrics: async ({ project, body }) => ({ items: await summarizeRuns(parts, project, body.runIds) }),
  groupRuns: async ({ project, body: { experimentIds: ids, stage, ...input } }) => {
    const experimentIds = ids.length === 0 ? null : ids;
    return await groupRuns(parts, project, { ...input, experimentIds, stages: stagesOf(stage) });
  },
  rankParams: async ({ project, body }) => await rankParams(parts, project, body),
});

type ViewHandlers = Pick<Handlers<typeof trackingRoutes>, 'listRunViews' | 'saveRunView' | 'deleteRunView'>;

const viewHandlers = (parts: TrackingParts): ViewHandlers => ({
  listRunViews: async ({ project }) => ({ items: await listRunViews(parts, project) }),
  saveRunView: async ({ actor, project, params, body }) =>
    await saveRunView(parts, actor, project, { ...body, name: params.view }),
  deleteRunView: async ({ actor, project, params }) => {
    await deleteRunView(parts, actor, project, params.view);
    return {};
  },
});

/** `api/src/tracking.ts`, each route to its use case. */
export function trackingHandlers(parts: TrackingParts, door: TrackingDoor): Handlers<typeof trackingRoutes> {
  return {
    ...experimentHandlers(parts, door),
    ...artifactHandlers(parts, door),
    ...tableHandlers(parts),
    ...purgeHandlers(parts),
    ...viewHandlers(parts),
    searchRuns: async ({ project, body }) => {
      const { stage, experimentIds, ...search } = body;
      const ids = experimentIds.length === 0 ? null : experimentIds;
      const found = await door.runs.search(project, { ...search, experimentIds: ids, stages: stagesOf(stage) });
      return { items: found.items.map(presentRun), ...nextOf(found.nextPageToken) };
    },
    startRun: async ({ actor, project, body }) => await door.startRun(actor, project, body),
    getRun: async ({ project, params }) => await door.getRun(project, params.run),
    logBatch: async ({ actor, project, params, body }) => {
      await door.logBatch(actor, project, params.run, body);
      return {};
    },
    finishRun: async ({ actor, project, params, body }) => await door.finishRun(actor, project, params.run, body),
    deleteRun: async ({ actor, project, params }) => {
      await door.runs.move(actor, project, params.run, 'deleted');
      return {};
    },
    restoreRun: async ({ actor, project, params }) => {
      await door.runs.move(actor, project, params.run, 'active');
      return {};
    },
    getMetricCurve: async ({ project, params, query: { key, maxPoints } }) => {
      const keys = key === undefined ? null : [key].flat();
      return { curves: await door.metrics.curves(project, params.run, keys, maxPoints) };
    },
  };
}
