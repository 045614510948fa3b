import { notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { CANCEL_CHANNEL, type PipelineParts, STEP_QUEUE } from './parts.ts';
import { lockRun, setRunState } from './run-store.ts';
import { cancelSteps } from './step-store.ts';

/** Ends a run now: its waiting steps never start, its running children get SIGTERM, then SIGKILL. */
export async function cancelRun({ platform }: PipelineParts, actor: Actor, project: string, id: string): Promise<void> {
  await platform.database.transaction(async (trx) => {
    const run = await lockRun(trx, id);
    if (run === null || run.project !== project) throw notFound('pipeline run', id);
    if (run.ended_at !== null) throw new PlatformError('conflict', `This run has ${run.state} already`);
    const steps = await cancelSteps(trx, id);
    for (const { job_id: job } of steps) if (job !== null) await platform.jobs.cancel(STEP_QUEUE, job, { trx });
    await setRunState(trx, id, 'cancelled');
    const payload = { pipeline: run.pipeline, runId: id, state: 'cancelled' };
    await platform.events.publish(trx, { project, name: 'pipelines.run-changed', payload });
    const subject = { kind: 'pipeline_run', id };
    await platform.audit.record(trx, { actor, project, action: 'pipelines.run-cancelled', subject });
    await platform.database.notify(CANCEL_CHANNEL, id, trx);
  });
}
