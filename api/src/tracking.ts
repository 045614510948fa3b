import { z } from 'zod';
import { Digest, Empty, JsonObject, PageQuery, ProjectParams, pageOf } from './page.ts';
import { defineRoutes } from './route.ts';
import { runGroupRoutes } from './run-groups.ts';
import { runImportanceRoutes } from './run-importance.ts';
import { runPurgeRoutes } from './run-purge.ts';
import { MetricValue, runTableRoutes } from './run-table.ts';
import { runViewRoutes } from './run-views.ts';

/** Times are epoch milliseconds and ids are MLflow's, so that both doors show the same thing. */
const Milliseconds = z.number().int();

/** Where a run is, in MLflow's words. */
export const RunStatus = z.enum(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']);
export type RunStatus = z.infer<typeof RunStatus>;
const LifecycleStage = z.enum(['active', 'deleted']);
const Tags = z.record(z.string(), z.string());

/** A group of runs that try the same thing. */
export const Experiment = z
  .object({
    experimentId: z.string(),
    name: z.string(),
    lifecycleStage: LifecycleStage,
    artifactLocation: z.string(),
    createdAt: Milliseconds,
    updatedAt: Milliseconds,
    tags: Tags,
    runCount: z.number().int(),
  })
  .meta({ id: 'Experiment' });
export type Experiment = z.infer<typeof Experiment>;

/** One try: parameters, metrics, tags, inputs and files. */
export const Run = z
  .object({
    runId: z.string(),
    experimentId: z.string(),
    name: z.string(),
    status: RunStatus,
    lifecycleStage: LifecycleStage,
    user: z.string(),
    startTime: Milliseconds,
    endTime: Milliseconds.nullable(),
    artifactUri: z.string(),
    params: Tags,
    tags: Tags,
    /** Latest value per key: the maximum by (step, timestamp, value). */
    metrics: z.record(z.string(), MetricValue),
    inputs: z.array(
      z.object({ name: z.string(), digest: z.string(), source: z.string(), context: z.string().nullable() }),
    ),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;

/** A value to be logged. */
export const MetricPoint = z.object({
  key: z.string().min(1).max(250),
  value: z.number(),
  step: z.number().int().default(0),
  timestamp: Milliseconds.optional(),
});
/** What is logged at once; all of it or nothing. */
export const RunBatch = z.object({
  metrics: z.array(MetricPoint).max(1000).default([]),
  params: Tags.default({}),
  tags: Tags.default({}),
});

/** A file or folder of a run. */
export const Artifact = z.object({
  path: z.string(),
  isDirectory: z.boolean(),
  sizeBytes: z.number().int().nullable(),
  digest: Digest.nullable(),
});
export type Artifact = z.infer<typeof Artifact>;

const RunParams = ProjectParams.extend({ run: z.string() });
const ExperimentParams = ProjectParams.extend({ experiment: z.string() });

/** Experiments, runs, metrics and artifacts. */
export const trackingRoutes = defineRoutes({
  listExperiments: {
    method: 'GET',
    path: '/projects/:project/experiments',
    summary: 'List experiments',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery.extend({ stage: LifecycleStage.default('active') }),
    result: pageOf(Experiment),
  },
  createExperiment: {
    method: 'POST',
    path: '/projects/:project/experiments',
    summary: 'Create an experiment, or get the one of that name',
    access: 'contributor',
    params: ProjectParams,
    body: z.object({ name: z.string().min(1).max(500), tags: Tags.default({}) }),
    result: Experiment,
  },
  getExperiment: {
    method: 'GET',
    path: '/projects/:project/experiments/:experiment',
    summary: 'Get an experiment',
    access: 'viewer',
    params: ExperimentParams,
    result: Experiment,
    errors: ['not_found'],
  },
  searchRuns: {
    method: 'POST',
    path: '/projects/:project/runs/search',
    summary: "Search runs with MLflow's filter language",
    access: 'viewer',
    params: ProjectParams,
    body: z.object({
      experimentIds: z.array(z.string()).default([]),
      filter: z.string().max(5000).default(''),
      orderBy: z.array(z.string()).default([]),
      limit: z.int().min(1).max(1000).default(100),
      pageToken: z.string().optional(),
      stage: z.enum(['active', 'deleted', 'all']).default('active'),
      /** Only runs right below these; with an empty list only runs that are below no other of the same stage. */
      parents: z.array(z.string()).max(1000).optional(),
    }),
    result: pageOf(Run),
    errors: ['invalid_input'],
  },
  ...runTableRoutes,
  ...runPurgeRoutes,
  ...runGroupRoutes,
  ...runImportanceRoutes,
  ...runViewRoutes,
  startRun: {
    method: 'POST',
    path: '/projects/:project/runs',
    summary: 'Start a run',
    access: 'contributor',
    params: ProjectParams,
    body: z.object({
      experimentId: z.string(),
      name: z.string().max(500).optional(),
      tags: Tags.default({}),
      startTime: Milliseconds.optional(),
    }),
    result: Run,
    errors: ['not_found'],
  },
  getRun: {
    method: 'GET',
    path: '/projects/:project/runs/:run',
    summary: 'Get a run',
    access: 'viewer',
    params: RunParams,
    result: Run,
    errors: ['not_found'],
  },
  logBatch: {
    method: 'POST',
    path: '/projects/:project/runs/:run/batch',
    summary: 'Log metrics, params and tags: all of it or nothing',
    access: 'contributor',
    params: RunParams,
    body: RunBatch,
    result: Empty,
    errors: ['not_found', 'invalid_input'],
  },
  finishRun: {
    method: 'POST',
    path: '/projects/:project/runs/:run/finish',
    summary: 'End a run',
    access: 'contributor',
    params: RunParams,
    body: z.object({ status: RunStatus.default('FINISHED'), endTime: Milliseconds.optional() }),
    result: Run,
    errors: ['not_found'],
  },
  deleteRun: {
    method: 'DELETE',
    path: '/projects/:project/runs/:run',
    summary: 'Move a run to the trash',
    access: 'contributor',
    params: RunParams,
    result: Empty,
    errors: ['not_found'],
  },
  restoreRun: {
    method: 'POST',
    path: '/projects/:project/runs/:run/restore',
    summary: 'Take a run out of the trash',
    access: 'contributor',
    params: RunParams,
    result: Empty,
    errors: ['not_found'],
  },
  getMetricCurve: {
    method: 'GET',
    path: '/projects/:project/runs/:run/metrics',
    summary: 'Curves of metrics; long ones thinned with their minima and maxima kept',
    access: 'viewer',
    params: RunParams,
    query: z.object({
      key: z.union([z.string(), z.array(z.string())]).optional(),
      maxPoints: z.coerce.number().int().min(10).max(10_000).default(1000),
    }),
    result: z.object({
      curves: z.array(z.object({ key: z.string(), points: z.array(MetricValue), total: z.number().int() })),
    }),
    errors: ['not_found'],
  },
  listArtifacts: {
    method: 'GET',
    path: '/projects/:project/runs/:run/artifacts',
    summary: 'List artifacts below a folder',
    access: 'viewer',
    params: RunParams,
    query: z.object({ path: z.string().default('') }),
    result: z.object({ items: z.array(Artifact) }),
    errors: ['not_found', 'invalid_input'],
  },
  getArtifact: {
    method: 'GET',
    path: '/projects/:project/runs/:run/artifact',
    summary: 'Download an artifact',
    access: 'viewer',
    params: RunParams,
    query: z.object({ path: z.string() }),
    stream: 'bytes',
    result: Empty,
    errors: ['not_found', 'invalid_input'],
  },
  readArtifactRows: {
    method: 'GET',
    path: '/projects/:project/runs/:run/artifact-rows',
    summary: 'Read rows of a Parquet or CSV file among the artifacts',
    access: 'viewer',
    params: RunParams,
    query: z.object({
      path: z.string(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      offset: z.coerce.number().int().min(0).max(1e12).default(0),
      /** A column; with a minus descending. */
      order: z.string().max(300).optional(),
    }),
    result: z.object({
      columns: z.array(z.object({ name: z.string(), type: z.string() })),
      rows: z.array(JsonObject),
      total: z.number(),
    }),
    errors: ['not_found', 'invalid_input'],
  },
  putArtifact: {
    method: 'PUT',
    path: '/projects/:project/runs/:run/artifact/:path',
    summary: 'Upload an artifact (path percent-encoded)',
    access: 'contributor',
    params: RunParams.extend({ path: z.string() }),
    upload: true,
    result: Artifact,
    errors: ['not_found', 'invalid_input'],
  },
});
