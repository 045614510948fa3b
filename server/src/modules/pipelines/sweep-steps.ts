import { hostname } from 'node:os';
import { isAlive } from '#platform/process-identity';
import { sendStep } from './advance-run.ts';
import type { PipelineParts } from './parts.ts';
import { lockRun } from './run-store.ts';
import { listUnfinishedSteps, queueStep, type StoredStep } from './step-store.ts';

/** A step whose worker ran on this machine and is gone. Workers elsewhere are left to the queue's heartbeats. */
function isOrphan({ state, worker }: StoredStep): boolean {
  return state === 'running' && worker !== null && worker.host === hostname() && !isAlive(worker);
}

/** After a crash: gives the steps of dead workers to the living at once, instead of when their heartbeats run out. */
export async function sweepSteps(parts: PipelineParts): Promise<number> {
  const { database } = parts.platform;
  const orphans = (await listUnfinishedSteps(database)).filter(isOrphan);
  for (const orphan of orphans) {
    await database.transaction(async (trx) => {
      await lockRun(trx, orphan.run_id);
      await queueStep(
        trx,
        orphan.run_id,
        orphan.id,
        await sendStep(parts, trx, { run: orphan.run_id, step: orphan.id }),
      );
    });
  }
  return orphans.length;
}
