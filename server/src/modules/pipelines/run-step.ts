import type { StepDefinition } from '@flyball/api';
import type { JobContext } from '#platform/jobs/job-queue';
import { version } from '#platform/version';
import { advanceRun, publishStep, sendStep } from './advance-run.ts';
import { type CacheKey, cacheKey } from './cache-key.ts';
import { executeStep, type Outcome } from './execute-step.ts';
import type { PipelineParts, StepJob } from './parts.ts';
import { isTruthy, resolveReferences, type Scope } from './reference.ts';
import { findResult, keepResult } from './result-store.ts';
import { findRun, lockRun, type StoredRun } from './run-store.ts';
import { claimStep, type Ending, endStep, listSteps, requeueStep, type StoredStep } from './step-store.ts';

const MAX_DEATHS = 5;

async function scopeOf({ platform }: PipelineParts, run: StoredRun): Promise<Scope> {
  const steps = await listSteps(platform.database, [run.id]);
  return {
    params: run.params,
    run: { id: run.id },
    steps: Object.fromEntries(steps.map(({ id, outputs }) => [id, { outputs }])),
  };
}

/**
 * The result, its lineage and the readiness of its successors: one transaction, or nothing when a newer attempt
 * exists.
 */
async function settle(parts: PipelineParts, run: StoredRun, step: StoredStep, ending: Ending, keep?: CacheKey) {
  const { platform } = parts;
  await platform.database.transaction(async (trx) => {
    const locked = await lockRun(trx, run.id);
    if (locked === null || !(await endStep(trx, step, ending))) return;
    if (keep !== undefined && ending.outputs !== undefined) {
      const { key } = keep;
      await keepResult(trx, { project: run.project, key, outputs: ending.outputs, runId: run.id, stepId: step.id });
    }
    await publishStep(parts, trx, run, step.id, ending.state);
    await advanceRun(parts, trx, locked);
  });
}

async function tryAgain(
  parts: PipelineParts,
  run: StoredRun,
  step: StoredStep,
  count: 'failures' | 'deaths',
  error: string,
  delaySeconds: number,
) {
  const { platform } = parts;
  await platform.database.transaction(async (trx) => {
    if ((await lockRun(trx, run.id)) === null) return;
    const startAfter = new Date(platform.clock.now().getTime() + delaySeconds * 1000);
    const id = await sendStep(parts, trx, { run: run.id, step: step.id }, delaySeconds > 0 ? startAfter : undefined);
    if (!(await requeueStep(trx, step, { id, count, error })))
      await platform.jobs.cancel('pipelines.step', id, { trx });
    else await publishStep(parts, trx, run, step.id, 'queued');
  });
}

/** What becomes of an attempt: success, another try (with backoff for the step's own failures), or failure. */
async function conclude(
  parts: PipelineParts,
  run: StoredRun,
  step: StoredStep,
  definition: StepDefinition,
  outcome: Outcome,
  key: CacheKey | undefined,
) {
  const { maxRssMb } = outcome;
  const cache = key === undefined ? null : { hit: false, ...key };
  if (outcome.kind === 'done') {
    const ending = { state: 'succeeded' as const, outputs: outcome.outputs, cache, maxRssMb };
    return await settle(parts, run, step, ending, key);
  }
  const { error } = outcome;
  if (outcome.kind === 'died' && step.deaths < MAX_DEATHS) {
    return await tryAgain(parts, run, step, 'deaths', error, 0.2 * 2 ** step.deaths);
  }
  if (outcome.kind === 'failed' && step.failures < definition.retries) {
    return await tryAgain(parts, run, step, 'failures', error, definition.retryDelaySeconds * 2 ** step.failures);
  }
  return await settle(parts, run, step, { state: 'failed', error, cache, maxRssMb });
}

async function cachedOutputs({ platform }: PipelineParts, run: StoredRun, key: CacheKey | undefined) {
  return key === undefined ? null : await findResult(platform.database, run.project, key.key);
}

/** The job of a step: claim it, run it, settle it. Stale jobs and finished steps end here without a trace. */
export async function runStep(
  parts: PipelineParts,
  job: StepJob,
  context: JobContext,
  cancelled: AbortSignal,
): Promise<void> {
  const { platform, worker } = parts;
  const run = await findRun(platform.database, job.run);
  const definition = run?.definition.steps.find(({ id }) => id === job.step);
  if (run === null || definition === undefined) return;
  const step = await claimStep(platform.database, job.run, job.step, context.jobId, worker);
  if (step === null) return;
  await platform.database.transaction(async (trx) => await publishStep(parts, trx, run, step.id, 'running'));
  const scope = await scopeOf(parts, run);
  if (definition.when !== undefined && !isTruthy(definition.when, scope)) {
    return await settle(parts, run, step, { state: 'skipped' });
  }
  const input = resolveReferences(definition.with, scope);
  const command = resolveReferences(definition.command, scope) as string[] | undefined;
  const key = definition.cache ? cacheKey({ uses: definition.uses, command }, input, version) : undefined;
  const known = await cachedOutputs(parts, run, key);
  if (key !== undefined && known !== null) {
    return await settle(parts, run, step, { state: 'succeeded', outputs: known, cache: { hit: true, ...key } });
  }
  const signal = AbortSignal.any([context.signal, cancelled]);
  const resolved = command === undefined ? definition : { ...definition, command };
  const outcome = await executeStep(parts, { run, step, definition: resolved, input, signal });
  // The queue took the job away (this process stops, or was thought dead): whoever has it now goes on.
  if (context.signal.aborted && outcome.kind !== 'done') return;
  await conclude(parts, run, step, definition, outcome, key);
}
