import { notFound, type PipelineRun, type pipelineRoutes } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import { cancelRun } from './cancel-run.ts';
import { type PipelineParts, SCHEDULE_QUEUE } from './parts.ts';
import { findPipeline, listPipelines, markDeleted } from './pipeline-store.ts';
import { presentPipeline, presentRun } from './present-run.ts';
import { putPipeline, scheduleKey } from './put-pipeline.ts';
import { retryRun } from './retry-run.ts';
import { findRun, latestRuns, listRuns } from './run-store.ts';
import { startPipeline } from './start-pipeline.ts';
import { readLogLines } from './step-log-store.ts';
import { isSettled } from './step-readiness.ts';
import { findStep, listSteps } from './step-store.ts';

/** A run of the project with its steps. */
export async function getRun({ platform }: PipelineParts, project: string, id: string): Promise<PipelineRun> {
  const run = await findRun(platform.database, id);
  if (run === null || run.project !== project) throw notFound('pipeline run', id);
  return presentRun(run, await listSteps(platform.database, [id]));
}

async function getPipeline({ platform }: PipelineParts, project: string, name: string) {
  const row = await findPipeline(platform.database, project, name);
  if (row === null) throw notFound('pipeline', name);
  const [last] = await latestRuns(platform.database, project, [name]);
  return presentPipeline(row, last);
}

async function deletePipeline(
  parts: PipelineParts,
  request: { actor: Parameters<typeof cancelRun>[1]; project: string; name: string },
) {
  const { platform } = parts;
  const { actor, project, name } = request;
  await platform.database.transaction(async (trx) => {
    if (!(await markDeleted(trx, project, name))) throw notFound('pipeline', name);
    const subject = { kind: 'pipeline', id: name };
    await platform.audit.record(trx, { actor, project, action: 'pipelines.deleted', subject });
  });
  for (let i = 0; i < 20; i++) await platform.jobs.unschedule(SCHEDULE_QUEUE, scheduleKey(project, name, i));
  return {};
}

type RunQuery = {
  limit: number;
  pageToken?: string | undefined;
  pipeline?: string | undefined;
  state?: PipelineRun['state'] | undefined;
};

async function pageOfRuns({ platform }: PipelineParts, project: string, query: RunQuery) {
  const { limit, pageToken: before, pipeline, state } = query;
  const runs = await listRuns(platform.database, { project, limit, before, pipeline, state });
  const steps = await listSteps(
    platform.database,
    runs.map(({ id }) => id),
  );
  const items = runs.map((run) =>
    presentRun(
      run,
      steps.filter((step) => step.run_id === run.id),
    ),
  );
  return items.length === limit ? { items, nextPageToken: items.at(-1)!.id } : { items };
}

async function readLog(
  parts: PipelineParts,
  project: string,
  of: { run: string; step: string; attempt: number | undefined; after: number; limit: number },
) {
  await getRun(parts, project, of.run);
  const step = await findStep(parts.platform.database, of.run, of.step);
  if (step === null) throw notFound('step', of.step);
  const log = { runId: of.run, stepId: of.step, attempt: of.attempt ?? step.attempt };
  const lines = await readLogLines(parts.platform.database, log, of.after, of.limit);
  const ended = log.attempt < step.attempt || isSettled(step.state);
  return {
    lines: lines.map(({ at, ...line }) => ({ ...line, at: at.toISOString() })),
    done: ended && lines.length < of.limit,
  };
}

/** `api/src/pipelines.ts`, each route to its use case. */
export function pipelineHandlers(parts: PipelineParts): Handlers<typeof pipelineRoutes> {
  const { database } = parts.platform;
  return {
    listPipelines: async ({ project, query: { limit, pageToken: after, search } }) => {
      const rows = await listPipelines(database, { project, limit, after, search });
      const last = await latestRuns(
        database,
        project,
        rows.map(({ name }) => name),
      );
      const items = rows.map((row) =>
        presentPipeline(
          row,
          last.find(({ pipeline }) => pipeline === row.name),
        ),
      );
      return items.length === limit ? { items, nextPageToken: items.at(-1)!.name } : { items };
    },
    putPipeline: async ({ actor, project, params, body }) => {
      await putPipeline(parts, actor, project, { ...body, name: params.pipeline });
      return await getPipeline(parts, project, params.pipeline);
    },
    getPipeline: async ({ project, params }) => await getPipeline(parts, project, params.pipeline),
    deletePipeline: async ({ actor, project, params }) =>
      await deletePipeline(parts, { actor, project, name: params.pipeline }),
    listActions: () => ({ items: [...parts.actions.values()].map(({ name, summary }) => ({ name, summary })) }),
    startPipeline: async ({ actor, project, params, body }) => {
      const trigger = { kind: 'person' as const, detail: actor.name };
      const id = await startPipeline(parts, actor, {
        project,
        pipeline: params.pipeline,
        params: body.params,
        trigger,
      });
      return await getRun(parts, project, id!);
    },
    listPipelineRuns: async ({ project, query }) => await pageOfRuns(parts, project, query),
    getPipelineRun: async ({ project, params }) => await getRun(parts, project, params.run),
    cancelPipelineRun: async ({ actor, project, params }) => {
      await cancelRun(parts, actor, project, params.run);
      return await getRun(parts, project, params.run);
    },
    retryPipelineRun: async ({ actor, project, params, body }) => {
      await retryRun(parts, actor, project, params.run, body.from);
      return await getRun(parts, project, params.run);
    },
    readStepLog: async ({ project, params, query: { attempt, after, limit } }) =>
      await readLog(parts, project, { ...params, attempt, after, limit }),
  };
}
