import { createHash } from 'node:crypto';
import { notFound, PlatformError, type Rollout, type RolloutPlan } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { canonicalJson } from '#platform/canonical-json';
import { newId } from '#platform/uuid';
import { WATERMARK_MOVED } from './channels.ts';
import { addFeatureNames, type EndpointRow, findEndpointById, forgetDue, lockEndpoint } from './endpoint-store.ts';
import { announceRollout, promote, type RolloutMove } from './move-rollout.ts';
import type { ServingParts } from './parts.ts';
import { presentRollouts } from './present-endpoint.ts';
import { requireEndpoint } from './put-endpoint.ts';
import { findRollout, insertRollout, lockRollout } from './rollout-store.ts';
import { warmUp } from './warm-up.ts';

export async function getRollout({ platform }: ServingParts, project: string, id: string): Promise<Rollout> {
  const row = await findRollout(platform.database, project, id);
  if (row === null) throw notFound('rollout', id);
  const endpoint = (await findEndpointById(platform.database, row.endpoint_id))!;
  const [rollout] = await presentRollouts(platform.database, endpoint.name, [row]);
  return rollout!;
}

function checkStartable(endpoint: EndpointRow, version: number): void {
  if (endpoint.champion !== version) return;
  throw new PlatformError('conflict', `Version ${version} is the champion of "${endpoint.name}" already`);
}

/**
 * Rolls a version out. The plan's digest is kept from the beginning: what counts as worse cannot change once data are
 * seen. Without a champion there is nothing to compare with, so the first version takes its place at once.
 */
export async function startRollout(
  parts: ServingParts,
  actor: Actor,
  project: string,
  name: string,
  version: number,
  given?: RolloutPlan,
): Promise<Rollout> {
  const { database } = parts.platform;
  const found = await requireEndpoint(parts, project, name);
  checkStartable(found, version);
  const { model } = found.definition;
  const candidate = await parts.registry.getVersion(project, model, version);
  const refusal = await parts.rolloutGuard(project, { model, version, endpoint: name });
  if (refusal !== null) throw new PlatformError('not_allowed', refusal);
  await warmUp(parts, project, found.definition, candidate);
  const plan = given ?? found.definition.rollout;
  const id = newId();
  await database.transaction(async (trx) => {
    const endpoint = (await lockEndpoint(trx, found.id)) ?? found;
    checkStartable(endpoint, version);
    const rollout = {
      id,
      endpoint_id: endpoint.id,
      champion: endpoint.champion,
      candidate: version,
      plan,
      plan_digest: createHash('sha256').update(canonicalJson(plan)).digest('hex'),
      started_by: actor.name,
    };
    if (!(await insertRollout(trx, rollout))) {
      throw new PlatformError('conflict', `Another rollout of "${name}" is under way; decide it first`);
    }
    const features = candidate.inputs.filter(({ from }) => from.kind === 'feature').map((input) => input.name);
    await addFeatureNames(trx, endpoint.id, features);
    await recordStart(parts, trx, { actor, endpoint, rollout: (await lockRollout(trx, id))!, reason: '' });
  });
  return await getRollout(parts, project, id);
}

async function recordStart(parts: ServingParts, trx: Parameters<typeof promote>[1], move: RolloutMove): Promise<void> {
  const { endpoint, rollout } = move;
  const { project, name, definition } = endpoint;
  const node = { kind: 'rollout', id: rollout.id };
  const title = `${name}: version ${rollout.candidate}`;
  const version = { kind: 'model_version', id: `${definition.model}@${rollout.candidate}` };
  const edges = [
    { from: version, to: node, role: 'candidate' },
    { from: node, to: { kind: 'endpoint', id: name }, role: 'decides' },
  ];
  await parts.data.lineage.record(trx, project, edges, [{ ...node, title, details: { endpoint: name } }]);
  await announceRollout(parts, trx, move, { state: 'running', step: 0, action: 'started' });
  if (endpoint.champion === null) await promote(parts, trx, { ...move, reason: 'The first version of the endpoint' });
  await forgetDue(trx, endpoint.id);
  await parts.platform.database.notify(WATERMARK_MOVED, endpoint.id, trx);
}
