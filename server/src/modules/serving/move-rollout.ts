import type { Actor } from '#platform/access/actor';
import { ROUTES_CHANGED } from './channels.ts';
import { type EndpointRow, forgetDue, setChampion } from './endpoint-store.ts';
import type { ServingParts } from './parts.ts';
import { type RolloutRow, updateRollout } from './rollout-store.ts';

export type Trx = Parameters<Parameters<ServingParts['platform']['database']['transaction']>[0]>[0];

/** A rollout, with who moves it and why. */
export interface RolloutMove {
  readonly actor: Actor;
  readonly endpoint: EndpointRow;
  readonly rollout: RolloutRow;
  readonly reason: string;
}

/** Tells of a change of a rollout, in its transaction: audit, event, gateways. */
export async function announceRollout(
  { platform }: ServingParts,
  trx: Trx,
  { actor, endpoint, rollout, reason }: RolloutMove,
  now: { readonly state: RolloutRow['state']; readonly step: number; readonly action: string },
): Promise<void> {
  const { project, name } = endpoint;
  const { candidate, champion } = rollout;
  await platform.audit.record(trx, {
    actor,
    project,
    action: `serving.rollout-${now.action}`,
    subject: { kind: 'rollout', id: rollout.id },
    details: { endpoint: name, candidate, champion, step: now.step, reason },
  });
  const payload = { endpoint: name, rolloutId: rollout.id, state: now.state, step: now.step, candidate };
  await platform.events.publish(trx, { project, name: 'serving.rollout-changed', payload });
  await platform.database.notify(ROUTES_CHANGED, endpoint.id, trx);
}

/** The candidate becomes champion: weights, alias, audit and event are one transaction. */
export async function promote(parts: ServingParts, trx: Trx, move: RolloutMove): Promise<void> {
  const { actor, endpoint, rollout, reason } = move;
  const { project, name, definition } = endpoint;
  const version = rollout.candidate;
  await setChampion(trx, endpoint.id, version);
  await updateRollout(trx, rollout.id, { state: 'promoted', reason, endedAt: new Date(), nextCheck: null });
  await forgetDue(trx, endpoint.id);
  const alias = { model: definition.model, alias: 'champion', version };
  await parts.registry.moveAliasByRollout(trx, actor, project, alias);
  const from = { kind: 'model_version', id: `${definition.model}@${version}` };
  await parts.data.lineage.record(trx, project, [{ from, to: { kind: 'endpoint', id: name }, role: 'serves' }]);
  await announceRollout(parts, trx, move, { state: 'promoted', step: rollout.step, action: 'promoted' });
}

/** All traffic goes to the champion again. */
export async function rollBack(parts: ServingParts, trx: Trx, move: RolloutMove): Promise<void> {
  const { endpoint, rollout, reason } = move;
  await updateRollout(trx, rollout.id, { state: 'rolled_back', reason, endedAt: new Date(), nextCheck: null });
  await forgetDue(trx, endpoint.id);
  await announceRollout(parts, trx, move, { state: 'rolled_back', step: rollout.step, action: 'rolled-back' });
}

/** The next step begins: passing it needs new evidence, failing keeps the old. */
export async function advanceStep(parts: ServingParts, trx: Trx, move: RolloutMove): Promise<void> {
  const { endpoint, rollout, reason } = move;
  const step = rollout.step + 1;
  const evidence = Object.fromEntries(
    Object.entries(rollout.evidence).map(([metric, { logEFail }]) => [metric, { logEFail, logEPass: 0 }]),
  );
  await updateRollout(trx, rollout.id, { step, stepFrom: null, reason, evidence });
  await forgetDue(trx, endpoint.id);
  await announceRollout(parts, trx, move, { state: 'running', step, action: 'advanced' });
}

/** The weight stays as it is until a person decides. */
export async function askPerson(parts: ServingParts, trx: Trx, move: RolloutMove): Promise<void> {
  const { endpoint, rollout, reason } = move;
  await updateRollout(trx, rollout.id, { state: 'needs_review', reason });
  await forgetDue(trx, endpoint.id);
  await announceRollout(parts, trx, move, { state: 'needs_review', step: rollout.step, action: 'needs-review' });
}

/** Goes on after a person has looked. */
export async function resume(parts: ServingParts, trx: Trx, move: RolloutMove): Promise<void> {
  const { endpoint, rollout, reason } = move;
  await updateRollout(trx, rollout.id, { state: 'running', reason, stepFrom: null });
  await forgetDue(trx, endpoint.id);
  await announceRollout(parts, trx, move, { state: 'running', step: rollout.step, action: 'resumed' });
}
