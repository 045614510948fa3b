// What was run, with which settings and data, and what came out: experiments, runs, metrics, artifacts, logged models.
// It keeps files by digest and never opens them; it knows nothing of registered models.

import { notFound, PlatformError, type trackingImportRoutes, type trackingRoutes } from '@flyball/api';
import type { DataDoor } from '#data';
import type { Handlers } from '#platform/http/serve';
import { openObject } from '#platform/objects/open-object';
import type { Platform } from '#platform/platform';
import { createThreadRunner } from '#platform/processes/thread-runner';
import { PROXY_SCHEME } from './artifact-location.ts';
import { keepPlace, listPlace, openPlace } from './artifact-places.ts';
import { abortUpload, completeUpload, putUploadPart, startUpload, uploadPartUrls } from './artifact-uploads.ts';
import {
  filesBelow,
  findFile,
  joinPath,
  listArtifactFolder,
  openArtifact,
  putArtifact,
  removeArtifacts,
  runFolder,
} from './artifacts.ts';
import { BatchQueue } from './batch-queue.ts';
import { commitWrites, type RunWrite } from './batch-store.ts';
import { countRuns, findExperimentByName, placeFirstExperiment } from './experiment-store.ts';
import {
  addExperiment,
  changeExperiment,
  getExperiment,
  presentExperiment,
  searchProjectExperiments,
} from './experiments.ts';
import { trackingImportHandlers } from './import-routes.ts';
import { logRunBatch } from './log-batch.ts';
import { addLoggedModel, changeLoggedModel, getStoredLoggedModel, searchStoredLoggedModels } from './logged-models.ts';
import { MetricAnnouncer } from './metric-announcer.ts';
import { readBulkHistory } from './metric-store.ts';
import { getMetricCurves, readMetricHistory, sampleMetric } from './metrics.ts';
import { trackingReferences } from './object-references.ts';
import type { RunStart, TrackingParts } from './parts.ts';
import { presentRun } from './present-run.ts';
import { trackingContents } from './project-contents.ts';
import { workOffPurges } from './purge-job.ts';
import { PURGE_QUEUE } from './purge-runs.ts';
import { applyRetention, RETENTION_CRON, RETENTION_QUEUE } from './retention.ts';
import { trackingHandlers } from './routes.ts';
import { listRunDatasets, logRunInputs, logRunOutputs, recordRunModel } from './run-inputs.ts';
import { getStoredRun, moveRun, removeRunTag, searchStoredRuns, searchTextsOfRuns, updateStoredRun } from './runs.ts';
import { commitStarts, startStoredRun } from './start-run.ts';
import type {
  Artifacts,
  ArtifactUploads,
  Experiments,
  LoggedModels,
  Metrics,
  Runs,
  TrackingDoor,
} from './tracking-door.ts';

export { checkArtifactLocation, locationBelow, PROXY_SCHEME, proxiedPath } from './artifact-location.ts';
export { checkArtifactFile, checkArtifactPath } from './artifact-path.ts';
export type { ArtifactPlace } from './artifact-places.ts';
export type { ArtifactEntry } from './artifact-store.ts';
export { asciiJson, checkKey, checkLength, invalidValue } from './check-key.ts';
export { contentTypeOf } from './content-type.ts';
export type { StoredExperiment } from './experiment-store.ts';
export { experimentMissing, experimentNumber, type Page, pageOf, requireActiveExperiment } from './experiments.ts';
export { loggedModelStatus, type StoredLoggedModel } from './logged-model-store.ts';
export type { BulkPoint, StoredMetricPoint } from './metric-store.ts';
export type { HistoryPage } from './metrics.ts';
export type { PurgeQuestion } from './purge-guard.ts';
export type { RunText, StoredRun } from './run-store.ts';
export { type SearchClause, searchClauses } from './search-clauses.ts';
export {
  parseSearchFilter,
  parseSearchOrder,
  pythonSet,
  quotedList,
  quotedText,
  type SearchCondition,
  type SearchGrammar,
  type SearchOrder,
  unquoted,
} from './search-grammar.ts';
export { type SearchToken, searchTokens } from './search-tokens.ts';

export interface Tracking extends TrackingDoor {
  readonly handlers: Handlers<typeof trackingRoutes>;
  readonly importHandlers: Handlers<typeof trackingImportRoutes>;
}

/** Points that are committed together at most; more would only make the first of them wait. */
const MOST_POINTS = 10_000;
const MOST_STARTS = 64;
const MOST_WAITING = 8;

function createWrites(platform: Platform, announcer: MetricAnnouncer): BatchQueue<RunWrite> {
  return new BatchQueue<RunWrite>({
    lanes: 2,
    most: MOST_POINTS,
    keyOf: ({ runId }) => runId,
    weightOf: ({ points, params, tags }) => points.length + params.size + tags.size,
    commit: async (writes) => {
      const errors = await commitWrites(platform.database, writes);
      for (const [i, { project, runId, points }] of writes.entries()) {
        if (errors[i] === null && points.length > 0) {
          announcer.add(project, runId, new Set(points.map(({ key }) => key)));
        }
      }
      return errors;
    },
  });
}

const experimentsOf = (parts: TrackingParts): Experiments => ({
  add: async (actor, project, input) => await addExperiment(parts, actor, project, input),
  get: async (project, id) => await getExperiment(parts, project, id),
  findByName: async (project, name) => await findExperimentByName(parts.platform.database, project, name),
  search: async (project, input) => await searchProjectExperiments(parts, project, input),
  change: async (actor, project, id, change) => await changeExperiment(parts, actor, project, id, change),
});

const runsOf = (parts: TrackingParts): Runs => ({
  start: async (actor, project, input) => await startStoredRun(parts, actor, project, input),
  get: async (project, runId) => await getStoredRun(parts, project, runId),
  update: async (actor, project, runId, change) => await updateStoredRun(parts, actor, project, runId, change),
  move: async (actor, project, runId, stage) => await moveRun(parts, actor, project, runId, stage),
  search: async (project, input) => await searchStoredRuns(parts, project, input),
  searchTexts: async (project, input) => await searchTextsOfRuns(parts, project, input),
  log: async (project, runId, batch) => await logRunBatch(parts, project, runId, batch),
  removeTag: async (project, runId, key) => await removeRunTag(parts, project, runId, key),
  logInputs: async (project, runId, inputs) => await logRunInputs(parts, project, runId, inputs),
  logOutputs: async (project, runId, outputs) => await logRunOutputs(parts, project, runId, outputs),
  recordModel: async (project, runId, model) => await recordRunModel(parts, project, runId, model),
  listDatasets: async (project, ids) => await listRunDatasets(parts, project, ids),
});

const metricsOf = (parts: TrackingParts): Metrics => ({
  history: (project, input) => readMetricHistory(parts, project, input),
  bulkHistory: async (project, runIds, key, limit) =>
    await readBulkHistory(parts.platform.database, { project, runIds, key, limit }),
  sample: async (project, input) => await sampleMetric(parts, project, input),
  curves: async (project, runId, keys, maxPoints) => await getMetricCurves(parts, project, runId, keys, maxPoints),
});

const modelsOf = (parts: TrackingParts): LoggedModels => ({
  add: async (actor, project, input) => await addLoggedModel(parts, actor, project, input),
  get: async (project, modelId, options) => await getStoredLoggedModel(parts, project, modelId, options),
  change: async (actor, project, modelId, change) => await changeLoggedModel(parts, actor, project, modelId, change),
  search: async (project, input) => await searchStoredLoggedModels(parts, project, input),
});

const artifactsOf = (parts: TrackingParts): Artifacts => ({
  put: async (project, path, bytes, options) => await putArtifact(parts, project, path, bytes, options),
  find: async (project, path) => await findFile(parts, project, path),
  open: async (project, path) => await openArtifact(parts, project, path),
  openDigest: async (digest) => await openObject(parts.platform.objects, digest),
  directUrl: async (digest, seconds) => await parts.platform.objects.objectUrl(digest, seconds),
  listAt: async (project, place, folder) => await listPlace(parts, project, place, folder),
  openAt: async (project, place, file) => await openPlace(parts, project, place, file),
  keepAt: async (project, place, folder) => await keepPlace(parts, project, place, folder),
  list: async (project, folder) => await listArtifactFolder(parts, project, folder),
  filesBelow: async (project, folder) => await filesBelow(parts, project, folder),
  remove: async (actor, project, path) => await removeArtifacts(parts, actor, project, path),
});

const uploadsOf = (parts: TrackingParts): ArtifactUploads => ({
  start: async (actor, project, path) => await startUpload(parts, actor, project, path),
  putPart: async (upload, number, bytes) => await putUploadPart(parts, upload, number, bytes),
  partUrls: async (place, count, seconds) => await uploadPartUrls(parts, place, count, seconds),
  complete: async (place, given) => await completeUpload(parts, place, given),
  abort: async (place) => await abortUpload(parts, place),
});

async function createExperiment(
  parts: TrackingParts,
  ...[actor, project, { name, tags = {} }]: Parameters<TrackingDoor['createExperiment']>
) {
  const { database } = parts.platform;
  const made = await addExperiment(parts, actor, project, { name, tags, inOwnStore: true }).catch(
    async (error: unknown) => {
      if (!(error instanceof PlatformError) || error.code !== 'conflict') throw error;
      return await findExperimentByName(database, project, name);
    },
  );
  if (made === null) throw notFound('experiment', name);
  return presentExperiment(made, (await countRuns(database, [made.id])).get(made.id) ?? 0);
}

async function logBatch(
  parts: TrackingParts,
  ...[, project, runId, batch]: Parameters<TrackingDoor['logBatch']>
): Promise<void> {
  const now = parts.platform.clock.now().getTime();
  const pairs = (given: Readonly<Record<string, string>> = {}) =>
    Object.entries(given).map(([key, value]) => ({ key, value }));
  await logRunBatch(parts, project, runId, {
    metrics: (batch.metrics ?? []).map(({ key, value, step = 0, timestamp = now }) => ({
      key,
      value,
      step,
      timestamp,
    })),
    params: pairs(batch.params),
    tags: pairs(batch.tags),
  });
}

function doorOf(parts: TrackingParts, announcer: MetricAnnouncer): TrackingDoor {
  const { objects, clock } = parts.platform;
  const below = async (project: string, runId: string, path: string) =>
    joinPath(await runFolder(parts, project, runId), path);
  return {
    experiments: experimentsOf(parts),
    runs: runsOf(parts),
    metrics: metricsOf(parts),
    models: modelsOf(parts),
    artifacts: artifactsOf(parts),
    uploads: uploadsOf(parts),
    createExperiment: async (...input) => await createExperiment(parts, ...input),
    startRun: async (actor, project, { tags = {}, ...input }) =>
      presentRun(await startStoredRun(parts, actor, project, { ...input, tags })),
    getRun: async (project, runId) => presentRun(await getStoredRun(parts, project, runId)),
    logBatch: async (...input) => await logBatch(parts, ...input),
    finishRun: async (actor, project, runId, { status = 'FINISHED', endTime = clock.now().getTime() }) =>
      presentRun(await updateStoredRun(parts, actor, project, runId, { status, endTime })),
    logArtifact: async (_actor, project, runId, path, bytes) =>
      await putArtifact(parts, project, await below(project, runId, path), bytes),
    artifactPath: async (project, runId, path) => {
      const { digest } = await findFile(parts, project, await below(project, runId, path));
      return await objects.localPath(digest);
    },
    artifactFiles: async (project, runId, folder) => {
      const files = await keepPlace(parts, project, await getStoredRun(parts, project, runId), folder);
      return files.map(({ path, digest, size_bytes: sizeBytes }) => ({ path, digest, sizeBytes }));
    },
    start: async () => {
      const { config, database } = parts.platform;
      await placeFirstExperiment(database, `${config.defaultArtifactRoot ?? PROXY_SCHEME}/0`);
    },
    startWork: async () => await parts.platform.jobs.schedule(RETENTION_QUEUE, RETENTION_CRON, {}),
    guardPurges: (guard) => {
      parts.purgeGuard = guard;
    },
    purgeFirst: (step) => {
      parts.purgeStep = step;
    },
    stop: async () => await announcer.stop(),
  };
}

export function createTracking(platform: Platform, data: DataDoor): Tracking {
  const announcer = new MetricAnnouncer(platform);
  const starts = new BatchQueue<RunStart>({
    lanes: 1,
    most: MOST_STARTS,
    keyOf: () => '',
    weightOf: () => 1,
    commit: async (group) => await commitStarts(platform, group),
  });
  const parts: TrackingParts = {
    platform,
    data,
    writes: createWrites(platform, announcer),
    starts,
    threads: createThreadRunner({ atOnce: 1, mostWaiting: MOST_WAITING }),
    purgeGuard: async () => new Map(),
    purgeStep: async () => 0,
  };
  platform.projects.contribute(trackingContents(parts));
  platform.objectSweeps.keep(trackingReferences(parts));
  platform.jobs.define(PURGE_QUEUE, {}, async (_, { signal }) => await workOffPurges(parts, signal));
  platform.jobs.define(RETENTION_QUEUE, {}, async (_, { signal }) => await applyRetention(parts, signal));
  const door = doorOf(parts, announcer);
  return { ...door, handlers: trackingHandlers(parts, door), importHandlers: trackingImportHandlers(parts, door) };
}
