import { notFound, PlatformError, type Rollout } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { WATERMARK_MOVED } from './channels.ts';
import { lockEndpoint } from './endpoint-store.ts';
import { promote, resume, rollBack } from './move-rollout.ts';
import type { ServingParts } from './parts.ts';
import { findRollout, lockRollout } from './rollout-store.ts';
import { getRollout } from './start-rollout.ts';

const moves = { promote, roll_back: rollBack, resume } as const;

/** A person's decision about a rollout that is under way. */
export async function decideRollout(
  parts: ServingParts,
  actor: Actor,
  project: string,
  id: string,
  { decision, reason }: { readonly decision: keyof typeof moves; readonly reason: string },
): Promise<Rollout> {
  const { database } = parts.platform;
  const found = await findRollout(database, project, id);
  if (found === null) throw notFound('rollout', id);
  await database.transaction(async (trx) => {
    const endpoint = await lockEndpoint(trx, found.endpoint_id);
    const rollout = await lockRollout(trx, id);
    if (endpoint === null || rollout === null) throw notFound('rollout', id);
    if (rollout.state !== 'running' && rollout.state !== 'needs_review') {
      throw new PlatformError('conflict', `This rollout has ended: it is ${rollout.state}`);
    }
    if (decision === 'resume' && rollout.state === 'running') {
      throw new PlatformError('conflict', 'This rollout runs; there is nothing to resume');
    }
    await moves[decision](parts, trx, { actor, endpoint, rollout, reason: `${actor.name}: ${reason}` });
    await database.notify(WATERMARK_MOVED, endpoint.id, trx);
  });
  return await getRollout(parts, project, id);
}
