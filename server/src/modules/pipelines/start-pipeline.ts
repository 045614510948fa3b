import { notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { newId } from '#platform/uuid';
import { advanceRun } from './advance-run.ts';
import type { PipelineParts } from './parts.ts';
import { countDroppedTrigger, findPipeline } from './pipeline-store.ts';
import { countActiveRuns, insertRun, lockRun } from './run-store.ts';
import { insertSteps } from './step-store.ts';

export interface StartTrigger {
  readonly kind: 'person' | 'event' | 'schedule';
  readonly detail: string;
  /** Starts at most one run. */
  readonly key?: string;
}

export interface StartRequest {
  readonly project: string;
  readonly pipeline: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly trigger: StartTrigger;
}

/**
 * Starts a run: its rows, its first steps and their jobs in one transaction.
 * Returns `null` when a trigger found the pipeline busy (counted) or has started its run already.
 */
export async function startPipeline(parts: PipelineParts, actor: Actor, request: StartRequest): Promise<string | null> {
  const { platform, data } = parts;
  const { project, trigger } = request;
  const id = newId();
  return await platform.database.transaction(async (trx) => {
    const pipeline = await findPipeline(trx, project, request.pipeline);
    if (pipeline === null) throw notFound('pipeline', request.pipeline);
    const { body: definition, version } = pipeline;
    const active = await countActiveRuns(trx, project, pipeline.name);
    if (active >= definition.maxParallelRuns) {
      if (trigger.kind === 'person') {
        throw new PlatformError('conflict', `"${pipeline.name}" runs ${active} times already, which is its limit`);
      }
      await countDroppedTrigger(trx, project, pipeline.name);
      return null;
    }
    const isNew = await insertRun(trx, {
      id,
      project,
      pipeline: pipeline.name,
      pipeline_version: version,
      definition,
      params: { ...definition.params, ...request.params },
      trigger_kind: trigger.kind,
      trigger_detail: trigger.detail,
      trigger_key: trigger.key ?? null,
      actor: actor.name,
    });
    if (!isNew) return null;
    await insertSteps(trx, id, definition.steps);
    const subject = { kind: 'pipeline_run', id };
    const details = { pipeline: pipeline.name, version, trigger: trigger.kind, detail: trigger.detail };
    await platform.audit.record(trx, { actor, project, action: 'pipelines.run-started', subject, details });
    const title = `${pipeline.name}, started by ${trigger.kind}`;
    await data.lineage.record(trx, project, [], [{ ...subject, title, details }]);
    await advanceRun(parts, trx, (await lockRun(trx, id))!);
    return id;
  });
}
