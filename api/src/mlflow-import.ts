import { z } from 'zod';
import { Digest, ProjectParams } from './page.ts';
import { ModelName } from './registry.ts';
import { defineRoutes } from './route.ts';
import { RunStatus } from './tracking.ts';

const Milliseconds = z.int();
const Stage = z.enum(['active', 'deleted']);
const RunId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'A run id as MLflow makes them');
const LoggedModelId = z.string().regex(/^m-[0-9a-f]{32}$/, 'A model id as MLflow makes them');
/** Longer than MLflow's own limits, which have grown over the years; nothing is cut off. */
const Value = z.string().max(100_000);
const Values = z.record(z.string(), Value);

/** JSON has no word for three of the numbers that metrics can be. */
const MetricNumber = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);

/** An experiment of another server. */
export const ImportedExperiment = z.object({
  experimentId: z.string().regex(/^\d{1,20}$/),
  name: z.string().min(1).max(500),
  stage: Stage,
  createdAt: Milliseconds,
  updatedAt: Milliseconds,
  tags: Values,
});
export type ImportedExperiment = z.infer<typeof ImportedExperiment>;

/** A dataset that a run was given. */
const ImportedInput = z.object({
  name: z.string().max(500),
  digest: z.string().max(36),
  sourceType: z.string().max(100),
  source: z.string().max(65_535),
  schema: z.string().max(1_048_575).nullable(),
  profile: z.string().max(16_777_215).nullable(),
  tags: Values,
});

/** A run of another server, without its metrics; `experimentId` is the one here. */
export const ImportedRun = z.object({
  runId: RunId,
  experimentId: z.string(),
  name: z.string().max(500),
  user: z.string().max(500),
  status: RunStatus,
  stage: Stage,
  startTime: Milliseconds,
  endTime: Milliseconds.nullable(),
  params: Values,
  tags: Values,
  inputs: z.array(ImportedInput).max(1000),
  modelInputs: z.array(LoggedModelId).max(1000),
  modelOutputs: z.array(z.object({ modelId: LoggedModelId, step: z.int() })).max(1000),
});
export type ImportedRun = z.infer<typeof ImportedRun>;

/** A logged model of another server; `experimentId` is the one here. */
export const ImportedLoggedModel = z.object({
  modelId: LoggedModelId,
  experimentId: z.string(),
  name: z.string().max(500),
  modelType: z.string().max(500),
  sourceRunId: RunId.nullable(),
  status: z.enum(['UNSPECIFIED', 'PENDING', 'READY', 'FAILED']),
  statusMessage: z.string().max(10_000),
  stage: Stage,
  createdAt: Milliseconds,
  updatedAt: Milliseconds,
  params: Values,
  tags: Values,
  metrics: z
    .array(
      z.object({
        key: z.string(),
        value: MetricNumber,
        step: z.int(),
        timestamp: Milliseconds,
        runId: z.string(),
        datasetName: z.string(),
        datasetDigest: z.string(),
      }),
    )
    .max(10_000),
});
export type ImportedLoggedModel = z.infer<typeof ImportedLoggedModel>;

/** How much of a run is here. */
export const ImportedCounts = z.object({
  runId: z.string(),
  stage: Stage,
  points: z.int(),
  params: z.int(),
  tags: z.int(),
  inputs: z.int(),
});
export type ImportedCounts = z.infer<typeof ImportedCounts>;

const path = (rest: string): `/projects/:project/imports/mlflow/${string}` =>
  `/projects/:project/imports/mlflow/${rest}`;
const ImportResult = z.object({ added: z.int(), known: z.int() });

/** What moves here from another MLflow server: with its ids and times, and at most once. */
export const trackingImportRoutes = defineRoutes({
  importExperiments: {
    method: 'POST',
    path: path('experiments'),
    summary: 'Import experiments; one whose id or name is taken gets the id that is answered',
    access: 'contributor',
    params: ProjectParams,
    body: z.object({ experiments: z.array(ImportedExperiment).min(1).max(1000) }),
    result: z.object({ items: z.array(z.object({ sourceId: z.string(), experimentId: z.string() })) }),
    errors: ['invalid_input'],
  },
  importRuns: {
    method: 'POST',
    path: path('runs'),
    summary: 'Import runs without their metrics; of those that are here, what is missing is added',
    access: 'contributor',
    params: ProjectParams,
    body: z.object({ runs: z.array(ImportedRun).min(1).max(200) }),
    result: ImportResult,
    errors: ['not_found', 'invalid_input', 'conflict'],
  },
  importMetrics: {
    method: 'POST',
    path: path('runs/:run/metrics'),
    summary: 'Import points of metrics, as [timestamp, step, value]; those that are here are left alone',
    access: 'contributor',
    params: ProjectParams.extend({ run: RunId }),
    body: z.object({
      series: z
        .array(
          z.object({
            key: z.string(),
            points: z.array(z.tuple([Milliseconds, z.int(), MetricNumber])).max(10_000),
          }),
        )
        .max(10_000),
    }),
    result: z.object({}),
    errors: ['not_found', 'invalid_input'],
  },
  importLoggedModels: {
    method: 'POST',
    path: path('logged-models'),
    summary: 'Import logged models',
    access: 'contributor',
    params: ProjectParams,
    body: z.object({ models: z.array(ImportedLoggedModel).min(1).max(200) }),
    result: ImportResult,
    errors: ['not_found', 'invalid_input', 'conflict'],
  },
  countImportedRuns: {
    method: 'POST',
    path: path('counts'),
    summary: 'How much of runs is here; runs that are not here are left out',
    access: 'viewer',
    params: ProjectParams,
    body: z.object({ runIds: z.array(RunId).max(1000) }),
    result: z.object({ items: z.array(ImportedCounts) }),
  },
  listImportedFiles: {
    method: 'GET',
    path: path('files/:kind/:id'),
    summary: 'Where the artifacts of a run or a logged model belong in the artifact proxy, and those that are here',
    access: 'viewer',
    params: ProjectParams.extend({ kind: z.enum(['run', 'model']), id: z.string().max(100) }),
    result: z.object({
      folder: z.string(),
      files: z.array(z.object({ path: z.string(), sizeBytes: z.int(), digest: Digest })),
    }),
    errors: ['not_found'],
  },
});

/** A version of a registered model of another server. */
export const ImportedVersion = z.object({
  description: z.string().max(10_000),
  runId: z.string().max(100).nullable(),
  runLink: z.string().max(500).nullable(),
  loggedModelId: LoggedModelId.nullable(),
  /** Where its files are among what was imported; without it, it has none. */
  from: z.object({ kind: z.enum(['run', 'model']), id: z.string(), path: z.string() }).nullable(),
  source: z.string().max(2000),
  stage: z.enum(['None', 'Staging', 'Production', 'Archived']),
  user: z.string().max(500),
  createdAt: Milliseconds,
  updatedAt: Milliseconds,
  tags: Values,
});
export type ImportedVersion = z.infer<typeof ImportedVersion>;

/** Registered models that move here, with the numbers of their versions. */
export const registryImportRoutes = defineRoutes({
  importModel: {
    method: 'POST',
    path: path('models'),
    summary: 'Import a registered model; one that is here is left alone, but for tags that are missing',
    access: 'contributor',
    params: ProjectParams,
    body: z.object({
      name: ModelName,
      description: z.string().max(10_000),
      createdAt: Milliseconds,
      updatedAt: Milliseconds,
      tags: Values,
    }),
    result: z.object({ added: z.boolean() }),
    errors: ['invalid_input'],
  },
  importModelVersion: {
    method: 'POST',
    path: path('models/:model/versions/:version'),
    summary: 'Import a version under its number; one that is here is left alone',
    access: 'contributor',
    params: ProjectParams.extend({ model: ModelName, version: z.coerce.number().int().min(1).max(2_147_483_647) }),
    body: ImportedVersion,
    result: z.object({ added: z.boolean() }),
    errors: ['not_found', 'invalid_input'],
  },
});
