import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { StepState } from './step-readiness.ts';

export interface StepWorker {
  readonly host: string;
  readonly pid: number;
  readonly start: string;
}

export interface StoredStep {
  run_id: string;
  id: string;
  position: number;
  needs: string[];
  state: StepState;
  attempt: number;
  failures: number;
  deaths: number;
  job_id: string | null;
  worker: StepWorker | null;
  started_at: Date | null;
  ended_at: Date | null;
  outputs: Record<string, unknown>;
  error: string | null;
  cache: { hit: boolean; key: string; parts: Record<string, string> } | null;
  max_rss_mb: number | null;
}

interface Tables {
  'pipelines.step': StoredStep;
}

export async function insertSteps(
  on: Queryable,
  runId: string,
  steps: readonly { readonly id: string; readonly needs: readonly string[] }[],
): Promise<void> {
  for (const [position, { id, needs }] of steps.entries()) {
    await sql`insert into pipelines.step (run_id, id, position, needs, state)
      values (${runId}, ${id}, ${position}, ${[...needs]}::text[], 'pending')`.execute(on.tables<Tables>());
  }
}

export async function listSteps(on: Queryable, runIds: readonly string[]): Promise<StoredStep[]> {
  if (runIds.length === 0) return [];
  return await on
    .tables<Tables>()
    .selectFrom('pipelines.step')
    .selectAll()
    .where('run_id', 'in', [...runIds])
    .orderBy('run_id')
    .orderBy('position')
    .execute();
}

export async function findStep(on: Queryable, runId: string, id: string): Promise<StoredStep | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('pipelines.step')
    .selectAll()
    .where('run_id', '=', runId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

export async function queueStep(on: Queryable, runId: string, id: string, jobId: string): Promise<void> {
  await on
    .tables<Tables>()
    .updateTable('pipelines.step')
    .set({ state: 'queued', job_id: jobId, worker: null })
    .where('run_id', '=', runId)
    .where('id', '=', id)
    .execute();
}

export async function skipSteps(on: Queryable, runId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await on
    .tables<Tables>()
    .updateTable('pipelines.step')
    .set({ state: 'skipped', ended_at: sql<Date>`clock_timestamp()` })
    .where('run_id', '=', runId)
    .where('id', 'in', [...ids])
    .execute();
}

/** Takes the step for the holder of its newest job; the attempt that is returned fences off all earlier ones. */
export async function claimStep(
  on: Queryable,
  runId: string,
  id: string,
  jobId: string,
  worker: StepWorker,
): Promise<StoredStep | null> {
  const { rows } = await sql<StoredStep>`
    update pipelines.step set state = 'running', attempt = attempt + 1, worker = ${JSON.stringify(worker)}::jsonb,
      started_at = clock_timestamp(), ended_at = null, error = null
    where run_id = ${runId} and id = ${id} and job_id = ${jobId} and state in ('queued', 'running')
    returning *`.execute(on.tables<Tables>());
  return rows[0] ?? null;
}

export interface Ending {
  readonly state: 'succeeded' | 'failed' | 'skipped';
  readonly outputs?: Record<string, unknown>;
  readonly error?: string | undefined;
  readonly cache?: StoredStep['cache'];
  readonly maxRssMb?: number | undefined;
}

/** False when a newer attempt owns the step: then this one's result does not count. */
export async function endStep(on: Queryable, step: StoredStep, ending: Ending): Promise<boolean> {
  const result = await sql`
    update pipelines.step set state = ${ending.state}, ended_at = clock_timestamp(), worker = null,
      outputs = ${JSON.stringify(ending.outputs ?? {})}::jsonb, error = ${ending.error ?? null},
      cache = ${JSON.stringify(ending.cache ?? null)}::jsonb, max_rss_mb = ${ending.maxRssMb ?? null}
    where run_id = ${step.run_id} and id = ${step.id} and attempt = ${step.attempt} and state = 'running'`.execute(
    on.tables<Tables>(),
  );
  return result.numAffectedRows === 1n;
}

/** Back to the queue after a failed or dead attempt, fenced like an ending. */
export async function requeueStep(
  on: Queryable,
  step: StoredStep,
  job: { readonly id: string; readonly count: 'failures' | 'deaths'; readonly error: string },
): Promise<boolean> {
  const result = await sql`
    update pipelines.step set state = 'queued', job_id = ${job.id}, worker = null, error = ${job.error},
      failures = failures + ${job.count === 'failures' ? 1 : 0}, deaths = deaths + ${job.count === 'deaths' ? 1 : 0}
    where run_id = ${step.run_id} and id = ${step.id} and attempt = ${step.attempt} and state = 'running'`.execute(
    on.tables<Tables>(),
  );
  return result.numAffectedRows === 1n;
}

export async function cancelSteps(on: Queryable, runId: string): Promise<{ id: string; job_id: string | null }[]> {
  const { rows } = await sql<{ id: string; job_id: string | null }>`
    update pipelines.step set state = 'cancelled', ended_at = clock_timestamp()
    where run_id = ${runId} and state in ('pending', 'queued', 'running') returning id, job_id`.execute(
    on.tables<Tables>(),
  );
  return rows;
}

export async function resetSteps(on: Queryable, runId: string, ids: readonly string[]): Promise<void> {
  await sql`update pipelines.step set state = 'pending', outputs = '{}', error = null, cache = null, failures = 0,
      deaths = 0, job_id = null, worker = null, started_at = null, ended_at = null
    where run_id = ${runId} and id = any(${[...ids]}::text[])`.execute(on.tables<Tables>());
}

/** Steps of active runs that are said to run or to wait for a worker. */
export async function listUnfinishedSteps(on: Queryable): Promise<StoredStep[]> {
  const { rows } = await sql<StoredStep>`select s.* from pipelines.step s join pipelines.run r on r.id = s.run_id
    where s.state in ('queued', 'running') and r.state in ('queued', 'running')`.execute(on.tables<Tables>());
  return rows;
}
