import type { PipelineParts, StepJob } from './parts.ts';
import { STEP_QUEUE } from './parts.ts';
import { type RunState, type StoredRun, setRunState } from './run-store.ts';
import { finalState, nextSteps } from './step-readiness.ts';
import { listSteps, queueStep, skipSteps } from './step-store.ts';

type Trx = Parameters<Parameters<PipelineParts['platform']['database']['transaction']>[0]>[0];

export async function sendStep(
  { platform }: PipelineParts,
  trx: Trx,
  job: StepJob,
  startAfter?: Date,
): Promise<string> {
  const id = await platform.jobs.send(STEP_QUEUE, job, { trx, ...(startAfter === undefined ? {} : { startAfter }) });
  return id!;
}

export async function publishStep({ platform }: PipelineParts, trx: Trx, run: StoredRun, step: string, state: string) {
  const payload = { runId: run.id, step, state };
  await platform.events.publish(trx, { project: run.project, name: 'pipelines.step-changed', payload });
}

async function changeRun({ platform }: PipelineParts, trx: Trx, run: StoredRun, state: RunState): Promise<void> {
  await setRunState(trx, run.id, state);
  const payload = { pipeline: run.pipeline, runId: run.id, state };
  await platform.events.publish(trx, { project: run.project, name: 'pipelines.run-changed', payload });
}

/**
 * Queues what became ready, skips what never will, ends the run when all has ended. The caller holds the run's lock,
 * and
 * has changed the steps in statements before: only then does this see what others have finished.
 */
export async function advanceRun(parts: PipelineParts, trx: Trx, run: StoredRun): Promise<void> {
  const steps = await listSteps(trx, [run.id]);
  const { ready, skipped } = nextSteps(run.definition.steps, steps);
  await skipSteps(trx, run.id, skipped);
  for (const step of skipped) await publishStep(parts, trx, run, step, 'skipped');
  for (const step of ready) {
    await queueStep(trx, run.id, step, await sendStep(parts, trx, { run: run.id, step }));
    await publishStep(parts, trx, run, step, 'queued');
  }
  const standing = steps.map((step) => {
    if (skipped.includes(step.id)) return { id: step.id, state: 'skipped' as const };
    return ready.includes(step.id) ? { id: step.id, state: 'queued' as const } : step;
  });
  const state = finalState(standing) ?? 'running';
  if (state !== run.state) await changeRun(parts, trx, run, state);
}
