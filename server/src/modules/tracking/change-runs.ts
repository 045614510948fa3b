import { PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { logRunBatch } from './log-batch.ts';
import type { TrackingParts } from './parts.ts';
import { deleteRunTag } from './run-store.ts';
import { changingRun, moveRun } from './runs.ts';

export interface RunsChangeInput {
  readonly runIds: readonly string[];
  readonly stage?: 'active' | 'deleted' | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly removeTags: readonly string[];
}

export interface RunsChange {
  changed: number;
  failed: { runId: string; message: string }[];
}

/** Tags can only be changed while a run is active: before it goes into the trash, after it came out. */
async function changeRun(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  runId: string,
  { stage, tags, removeTags }: RunsChangeInput,
): Promise<void> {
  if (stage === 'active') await moveRun(parts, actor, project, runId, 'active');
  const given = Object.entries(tags).map(([key, value]) => ({ key, value }));
  if (given.length > 0) await logRunBatch(parts, project, runId, { metrics: [], params: [], tags: given });
  if (removeTags.length > 0) {
    await changingRun(parts, project, runId, async (trx, run) => {
      for (const key of removeTags) await deleteRunTag(trx, run.id, key);
    });
  }
  if (stage === 'deleted') await moveRun(parts, actor, project, runId, 'deleted');
}

/** Each run by itself: what cannot be changed is told, and holds up no other. */
export async function changeRuns(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  input: RunsChangeInput,
): Promise<RunsChange> {
  const failed: RunsChange['failed'] = [];
  const runIds = [...new Set(input.runIds)];
  for (const runId of runIds) {
    try {
      await changeRun(parts, actor, project, runId, input);
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      failed.push({ runId, message: error.message });
    }
  }
  return { changed: runIds.length - failed.length, failed };
}
