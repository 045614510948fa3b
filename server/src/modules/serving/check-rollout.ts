import type { RolloutCheck } from '@flyball/api';
import { systemActor } from '#platform/access/actor';
import { listDeployments } from './deployment-store.ts';
import { type EndpointRow, lockEndpoint } from './endpoint-store.ts';
import { type Judgement, judgeRollout } from './judge-rollout.ts';
import { advanceStep, askPerson, promote, type RolloutMove, rollBack, type Trx } from './move-rollout.ts';
import type { ServingParts } from './parts.ts';
import type { RolloutEvidence } from './rollout-evidence.ts';
import type { RolloutFacts } from './rollout-facts.ts';
import { findActiveRollout, insertCheck, lockRollout, type RolloutRow, updateRollout } from './rollout-store.ts';

/** The first multiple of a period after a moment. */
function nextMultiple(afterMs: number, periodMs: number): number {
  return (Math.floor(afterMs / periodMs) + 1) * periodMs;
}

async function candidateFailure({ platform }: ServingParts, { endpoint_id, candidate }: RolloutRow) {
  const deployments = await listDeployments(platform.database, [endpoint_id]);
  const own = deployments.find(({ version }) => version === candidate);
  return own?.state === 'failed' ? (own.error ?? 'its replica failed') : null;
}

/** What a verdict does to the rollout. */
async function act(parts: ServingParts, trx: Trx, move: RolloutMove, { verdict, isHorizon }: Judgement): Promise<void> {
  const { plan, step } = move.rollout;
  const isLast = step === plan.steps.length - 1;
  if (verdict === 'fail') await rollBack(parts, trx, move);
  else if (verdict === 'pass') await (isLast ? promote : advanceStep)(parts, trx, move);
  else if (verdict === 'needs_review') {
    const gaveUp = isHorizon && plan.onNoVerdict === 'roll_back';
    await (gaveUp ? rollBack : askPerson)(parts, trx, move);
  }
}

export interface Looking {
  readonly parts: ServingParts;
  readonly evidence: RolloutEvidence;
}

/**
 * One look at a rollout, as things were known at a moment of event time. True when it changed what the gateway does.
 */
async function look(
  { parts, evidence }: Looking,
  rollout: RolloutRow,
  at: Date,
  failure: string | null,
): Promise<boolean> {
  const facts = await evidence.facts(rollout, at);
  if (facts.firstAt === null && failure === null) return false;
  const { plan, step, evidence: kept } = rollout;
  const judgement = judgeRollout({ plan, step, kept, at, candidateFailure: failure }, facts);
  return await parts.platform.database.transaction(async (trx) => {
    const endpoint = await lockEndpoint(trx, rollout.endpoint_id);
    const current = await lockRollout(trx, rollout.id);
    // Somebody else has looked, or decided, meanwhile.
    if (endpoint === null || current?.state !== 'running' || current.step !== step) return false;
    await record(trx, current, at, facts, judgement);
    const moved = await lockRollout(trx, rollout.id);
    await act(parts, trx, { actor: systemActor, endpoint, rollout: moved!, reason: judgement.reason }, judgement);
    return judgement.verdict !== 'not_enough_data';
  });
}

async function record(
  trx: Trx,
  rollout: RolloutRow,
  at: Date,
  facts: RolloutFacts,
  { verdict, reason, evidence, kept }: Judgement,
): Promise<void> {
  const { id, step, plan } = rollout;
  const weight = plan.steps[step]!.weight;
  const check: RolloutCheck = { at: at.toISOString(), step, weight, verdict, reason, evidence: [...evidence] };
  await insertCheck(trx, id, check);
  await updateRollout(trx, id, {
    evidence: kept,
    reason,
    lastEventAt: at,
    firstEventAt: facts.firstAt,
    stepFrom: facts.stepFrom.get(step) ?? null,
    candidateAnswered: facts.candidateAnsweredRows,
    nextCheck: new Date(nextMultiple(at.getTime(), plan.checkEverySeconds * 1000)),
  });
}

export interface CheckedRollout {
  readonly changed: boolean;
  /** Event time of the next look; null without a running rollout. */
  readonly nextDueMs: number | null;
}

/** A candidate that cannot serve is rolled back at once, whatever the watermark. */
export async function stopBrokenRollout(looking: Looking, { id, watermark }: EndpointRow): Promise<void> {
  const { parts } = looking;
  const rollout = await findActiveRollout(parts.platform.database, id);
  if (rollout?.state !== 'running') return;
  const failure = await candidateFailure(parts, rollout);
  if (failure !== null) await look(looking, rollout, watermark ?? parts.platform.clock.now(), failure);
}

/**
 * Looks at the endpoint's rollout at every moment that is due by the watermark, in order. What happens between two
 * looks depends on event time alone, so a replay comes to the same verdicts.
 */
export async function checkRollout(
  looking: Looking,
  endpoint: EndpointRow,
  watermarkMs: number,
): Promise<CheckedRollout> {
  const { database } = looking.parts.platform;
  const rollout = await findActiveRollout(database, endpoint.id);
  if (rollout === null) looking.evidence.forget(endpoint.id);
  if (rollout?.state !== 'running') return { changed: false, nextDueMs: null };
  const periodMs = rollout.plan.checkEverySeconds * 1000;
  const from = rollout.next_check?.getTime() ?? (await firstDue(looking, rollout, watermarkMs, periodMs));
  for (let due = from; due <= watermarkMs; due += periodMs) {
    if (await look(looking, rollout, new Date(due), null)) return { changed: true, nextDueMs: due };
    const current = await findActiveRollout(database, endpoint.id);
    if (current?.id !== rollout.id || current.state !== 'running') return { changed: true, nextDueMs: due };
    Object.assign(rollout, current);
  }
  return { changed: false, nextDueMs: nextMultiple(watermarkMs, periodMs) };
}

/** The first look comes at the first multiple of the period after the first request. */
async function firstDue(
  { evidence }: Looking,
  rollout: RolloutRow,
  watermarkMs: number,
  periodMs: number,
): Promise<number> {
  const { firstAt } = await evidence.facts(rollout, new Date(watermarkMs));
  return nextMultiple(firstAt?.getTime() ?? watermarkMs, periodMs);
}
