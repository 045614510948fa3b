import type { Pipeline, PipelineRun } from '@flyball/api';
import type { StoredPipeline } from './pipeline-store.ts';
import type { StoredRun } from './run-store.ts';
import type { StoredStep } from './step-store.ts';

const time = (date: Date | null): string | null => date?.toISOString() ?? null;

export function presentRun(run: StoredRun, steps: readonly StoredStep[]): PipelineRun {
  const uses = new Map(run.definition.steps.map((step) => [step.id, step.uses ?? null]));
  return {
    id: run.id,
    pipeline: run.pipeline,
    pipelineVersion: run.pipeline_version,
    state: run.state,
    params: run.params,
    trigger: { kind: run.trigger_kind, detail: run.trigger_detail },
    createdAt: run.created_at.toISOString(),
    startedAt: time(run.started_at),
    endedAt: time(run.ended_at),
    steps: steps.map((step) => ({
      id: step.id,
      state: step.state,
      needs: step.needs,
      uses: uses.get(step.id) ?? null,
      attempt: step.attempt,
      startedAt: time(step.started_at),
      endedAt: time(step.ended_at),
      outputs: step.outputs,
      error: step.error,
      cache: step.cache,
      maxRssMb: step.max_rss_mb,
    })),
  };
}

export function presentPipeline(row: StoredPipeline, last: StoredRun | undefined): Pipeline {
  return {
    ...row.body,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    droppedTriggers: Number(row.dropped_triggers),
    lastRun:
      last === undefined
        ? null
        : { id: last.id, state: last.state, startedAt: (last.started_at ?? last.created_at).toISOString() },
  };
}
