// How work is repeated without hands: graphs of steps as rows, run by children of the workers, started by people,
// schedules and events. It owns definitions, runs, steps, their logs and cached results; what a step does belongs to
// others.

import { hostname } from 'node:os';
import { events, type PipelineRun, type pipelineRoutes } from '@flyball/api';
import type { Data } from '#data';
import { type Actor, systemActor } from '#platform/access/actor';
import type { Action } from '#platform/actions/action';
import type { Handlers } from '#platform/http/serve';
import type { Platform } from '#platform/platform';
import { ownIdentity } from '#platform/process-identity';
import { ActionChildren } from './action-children.ts';
import { CANCEL_CHANNEL, type PipelineParts, SCHEDULE_QUEUE, STEP_QUEUE, type StepJob } from './parts.ts';
import { getRun, pipelineHandlers } from './routes.ts';
import { runAction } from './run-action.ts';
import { runStep } from './run-step.ts';
import { countActiveRunsOfProject } from './run-store.ts';
import { type StartRequest, startPipeline } from './start-pipeline.ts';
import type { StepAssignment, StepReport } from './step-message.ts';
import { sweepSteps } from './sweep-steps.ts';
import { triggerPipelines } from './trigger-pipelines.ts';

export type { StepAssignment, StepReport } from './step-message.ts';

export interface Pipelines {
  readonly handlers: Handlers<typeof pipelineRoutes>;
  /** Before anything starts: what steps may use. */
  registerActions(actions: readonly Action[]): void;
  /** The id of the new run; `null` when a trigger found the pipeline busy. */
  start(actor: Actor, request: StartRequest): Promise<string | null>;
  getRun(project: string, id: string): Promise<PipelineRun>;
  /** How many runs of the project have not ended. */
  activeRuns(project: string): Promise<number>;
  /** Inside the child of a step: does what it was started for. */
  runAction(assignment: StepAssignment, signal: AbortSignal, report: (message: StepReport) => void): Promise<void>;
  startWork(): Promise<void>;
  stop(): Promise<void>;
}

const STEPS_AT_ONCE = 2;

export function createPipelines(platform: Platform, data: Data): Pipelines {
  const worker = { host: hostname(), ...ownIdentity() };
  const parts: PipelineParts = { platform, data, actions: new Map(), children: new ActionChildren(platform), worker };
  const running = new Map<string, Set<AbortController>>();
  let unlisten: (() => Promise<void>) | undefined;

  async function runCancellable(job: StepJob, context: Parameters<typeof runStep>[2]): Promise<void> {
    const cancel = new AbortController();
    const of = running.get(job.run) ?? new Set();
    running.set(job.run, of.add(cancel));
    try {
      await runStep(parts, job, context, cancel.signal);
    } finally {
      of.delete(cancel);
      if (of.size === 0) running.delete(job.run);
    }
  }

  platform.jobs.define<StepJob>(STEP_QUEUE, { concurrency: STEPS_AT_ONCE, heartbeatSeconds: 10 }, runCancellable);
  platform.jobs.define<{ project: string; pipeline: string }>(SCHEDULE_QUEUE, {}, async (job, { jobId }) => {
    const trigger = { kind: 'schedule' as const, detail: 'schedule', key: `schedule:${jobId}` };
    await startPipeline(parts, systemActor, { ...job, params: {}, trigger });
  });
  platform.events.subscribe('pipelines.triggers', Object.keys(events), async (event) => {
    await triggerPipelines(parts, event);
  });

  return {
    handlers: pipelineHandlers(parts),
    registerActions: (actions) => {
      for (const action of actions) parts.actions.set(action.name, action);
    },
    start: async (actor, request) => await startPipeline(parts, actor, request),
    getRun: async (project, id) => await getRun(parts, project, id),
    activeRuns: async (project) => await countActiveRunsOfProject(platform.database, project),
    runAction: async (assignment, signal, report) => await runAction(parts.actions, assignment, signal, report),
    startWork: async () => {
      unlisten = await platform.database.listen(CANCEL_CHANNEL, (run) => {
        for (const cancel of running.get(run) ?? []) cancel.abort();
      });
      const swept = await sweepSteps(parts);
      if (swept > 0) platform.log.info({ steps: swept }, 'took over the steps of a worker that died');
    },
    stop: async () => {
      await unlisten?.();
      parts.children.close();
    },
  };
}
