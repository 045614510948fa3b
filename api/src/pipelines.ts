import { z } from 'zod';
import { Empty, JsonObject, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

/** One node of a pipeline: what it runs, after what, and how it may fail. */
export const StepDefinition = z
  .object({
    id: Name,
    /** An action of the platform … */
    uses: z.string().optional(),
    /** … or a command of the user's, run without a shell. */
    command: z.array(z.string()).min(1).optional(),
    /**
     * Input of the action. Strings may hold `${params.x}`, `${steps.id.outputs.x}` and `${run.id}`; a string that is
     * one reference keeps its type.
     */
    with: JsonObject.default({}),
    needs: z.array(Name).default([]),
    /**
     * `always` runs also when a step it needs failed or was skipped. `when` is a reference that must be truthy, else
     * the step is skipped.
     */
    rule: z.enum(['all_succeeded', 'always']).default('all_succeeded'),
    when: z.string().optional(),
    retries: z.int().min(0).max(20).default(0),
    retryDelaySeconds: z.number().min(0).max(3600).default(1),
    timeoutSeconds: z.number().positive().max(86_400).default(3600),
    memoryLimitMb: z.int().min(64).max(65_536).default(2048),
    cache: z.boolean().default(false),
  })
  .meta({ id: 'StepDefinition' });
export type StepDefinition = z.infer<typeof StepDefinition>;

/** What starts a run without a person. */
export const Trigger = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('schedule'), cron: z.string(), timeZone: z.string().default('UTC') }),
    /** Starts a run when an event arrives whose payload holds all of `where`; the payload becomes `params.event`. */
    z.object({ kind: z.literal('event'), event: z.string(), where: JsonObject.default({}) }),
  ])
  .meta({ id: 'Trigger' });

/** A graph of steps as data. */
export const PipelineDefinition = z
  .object({
    name: Name,
    description: z.string().default(''),
    params: JsonObject.default({}),
    steps: z.array(StepDefinition).min(1).max(500),
    triggers: z.array(Trigger).default([]),
    /** At most this many runs at once; a trigger that arrives meanwhile is dropped and counted. */
    maxParallelRuns: z.int().min(1).max(100).default(1),
  })
  .meta({ id: 'PipelineDefinition' });
export type PipelineDefinition = z.infer<typeof PipelineDefinition>;

/** Where a run is; the last three are final. */
export const RunState = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']);
/** Where a step is; the last four are final. */
export const StepState = z.enum(['pending', 'queued', 'running', 'succeeded', 'failed', 'skipped', 'cancelled']);

/** A pipeline with its latest run. */
export const Pipeline = PipelineDefinition.extend({
  version: z.number().int(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  lastRun: z.object({ id: z.string(), state: RunState, startedAt: Timestamp }).nullable(),
  droppedTriggers: z.number().int(),
}).meta({ id: 'Pipeline' });
export type Pipeline = z.infer<typeof Pipeline>;

/** One step of a run. */
export const PipelineStep = z.object({
  id: Name,
  state: StepState,
  needs: z.array(z.string()),
  uses: z.string().nullable(),
  attempt: z.number().int(),
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  outputs: JsonObject,
  error: z.string().nullable(),
  /** Whether the result came from the cache, and the parts the key is made of. */
  cache: z.object({ hit: z.boolean(), key: z.string(), parts: z.record(z.string(), z.string()) }).nullable(),
  maxRssMb: z.number().nullable(),
});

/** One execution of a pipeline. */
export const PipelineRun = z
  .object({
    id: z.string(),
    pipeline: z.string(),
    pipelineVersion: z.number().int(),
    state: RunState,
    params: JsonObject,
    trigger: z.object({ kind: z.string(), detail: z.string() }),
    createdAt: Timestamp,
    startedAt: Timestamp.nullable(),
    endedAt: Timestamp.nullable(),
    steps: z.array(PipelineStep),
  })
  .meta({ id: 'PipelineRun' });
export type PipelineRun = z.infer<typeof PipelineRun>;

const PipelineParams = ProjectParams.extend({ pipeline: Name });
const RunParams = ProjectParams.extend({ run: z.string() });

/** Pipelines, runs, steps and their logs. */
export const pipelineRoutes = defineRoutes({
  listPipelines: {
    method: 'GET',
    path: '/projects/:project/pipelines',
    summary: 'List pipelines',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(Pipeline),
  },
  putPipeline: {
    method: 'PUT',
    path: '/projects/:project/pipelines/:pipeline',
    summary: 'Define a pipeline',
    access: 'contributor',
    params: PipelineParams,
    body: PipelineDefinition.omit({ name: true }),
    result: Pipeline,
    errors: ['invalid_input'],
  },
  getPipeline: {
    method: 'GET',
    path: '/projects/:project/pipelines/:pipeline',
    summary: 'Get a pipeline',
    access: 'viewer',
    params: PipelineParams,
    result: Pipeline,
    errors: ['not_found'],
  },
  deletePipeline: {
    method: 'DELETE',
    path: '/projects/:project/pipelines/:pipeline',
    summary: 'Delete a pipeline; its runs stay',
    access: 'admin',
    params: PipelineParams,
    result: Empty,
    errors: ['not_found'],
  },
  listActions: {
    method: 'GET',
    path: '/pipeline-actions',
    summary: 'List the actions a step may use',
    access: 'viewer',
    result: z.object({ items: z.array(z.object({ name: z.string(), summary: z.string() })) }),
  },
  startPipeline: {
    method: 'POST',
    path: '/projects/:project/pipelines/:pipeline/runs',
    summary: 'Start a run',
    access: 'contributor',
    params: PipelineParams,
    body: z.object({ params: JsonObject.default({}) }),
    result: PipelineRun,
    errors: ['not_found', 'conflict', 'invalid_input'],
  },
  listPipelineRuns: {
    method: 'GET',
    path: '/projects/:project/pipeline-runs',
    summary: 'List runs, newest first',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery.extend({ pipeline: Name.optional(), state: RunState.optional() }),
    result: pageOf(PipelineRun),
  },
  getPipelineRun: {
    method: 'GET',
    path: '/projects/:project/pipeline-runs/:run',
    summary: 'Get a run with its steps',
    access: 'viewer',
    params: RunParams,
    result: PipelineRun,
    errors: ['not_found'],
  },
  cancelPipelineRun: {
    method: 'POST',
    path: '/projects/:project/pipeline-runs/:run/cancel',
    summary: 'Cancel a run: its steps get SIGTERM, then SIGKILL',
    access: 'contributor',
    params: RunParams,
    result: PipelineRun,
    errors: ['not_found', 'conflict'],
  },
  retryPipelineRun: {
    method: 'POST',
    path: '/projects/:project/pipeline-runs/:run/retry',
    summary: 'Run a step and all that depends on it again',
    access: 'contributor',
    params: RunParams,
    body: z.object({ from: Name.optional() }),
    result: PipelineRun,
    errors: ['not_found', 'conflict'],
  },
  readStepLog: {
    method: 'GET',
    path: '/projects/:project/pipeline-runs/:run/steps/:step/log',
    summary: 'Read the log of a step from a line on',
    access: 'viewer',
    params: RunParams.extend({ step: Name }),
    query: z.object({
      attempt: z.coerce.number().int().optional(),
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(5000).default(1000),
    }),
    result: z.object({
      lines: z.array(
        z.object({ number: z.number().int(), at: Timestamp, stream: z.enum(['stdout', 'stderr']), text: z.string() }),
      ),
      done: z.boolean(),
    }),
    errors: ['not_found'],
  },
});
