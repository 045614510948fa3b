import { notFound, PlatformError, type StepDefinition } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { advanceRun } from './advance-run.ts';
import type { PipelineParts } from './parts.ts';
import { lockRun, setRunState } from './run-store.ts';
import { listSteps, resetSteps } from './step-store.ts';

/** A step and all that depend on it. */
function withDependants(steps: readonly StepDefinition[], from: ReadonlySet<string>): string[] {
  const chosen = new Set(from);
  let size = -1;
  while (size !== chosen.size) {
    size = chosen.size;
    for (const { id, needs } of steps) if (needs.some((need) => chosen.has(need))) chosen.add(id);
  }
  return [...chosen];
}

/** Runs a step again, or all that did not succeed, and what depends on it; the rest keeps its results. */
export async function retryRun(
  parts: PipelineParts,
  actor: Actor,
  project: string,
  id: string,
  from: string | undefined,
): Promise<void> {
  const { platform } = parts;
  await platform.database.transaction(async (trx) => {
    const run = await lockRun(trx, id);
    if (run === null || run.project !== project) throw notFound('pipeline run', id);
    if (run.ended_at === null) throw new PlatformError('conflict', 'This run has not ended; cancel it first');
    const steps = await listSteps(trx, [id]);
    if (from !== undefined && !steps.some((step) => step.id === from)) throw notFound('step', from);
    const bad = steps.filter(({ state }) => state === 'failed' || state === 'cancelled').map((step) => step.id);
    const start = new Set(from === undefined ? bad : [from]);
    if (start.size === 0) throw new PlatformError('conflict', 'Every step has succeeded; name the one to run again');
    await resetSteps(trx, id, withDependants(run.definition.steps, start));
    await setRunState(trx, id, 'running');
    const subject = { kind: 'pipeline_run', id };
    await platform.audit.record(trx, { actor, project, action: 'pipelines.run-retried', subject, details: { from } });
    await advanceRun(parts, trx, { ...run, state: 'running' });
  });
}
