import { type Approval, notFound, PlatformError, type Policy } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { lockApproval, updateApproval } from './approval-store.ts';
import type { GovernanceParts } from './parts.ts';
import { listPolicies } from './policy-store.ts';
import { rollOut } from './request-promotion.ts';

export interface ApprovalDecision {
  readonly decision: 'approve' | 'reject';
  readonly reason: string;
}

/** Four eyes: nobody decides on what they asked for or made themselves; nobody decides twice. */
function checkWho(actor: Actor, approval: Approval, madeBy: string, policy: Policy | undefined): void {
  const fourEyes = policy?.fourEyes ?? true;
  const own = actor.name === approval.requestedBy || actor.name === madeBy;
  if (fourEyes && own && actor.kind !== 'local') {
    throw new PlatformError('not_allowed', 'Somebody else must decide: you asked for this or made the version');
  }
  if (approval.decisions.some(({ by }) => by === actor.name)) {
    throw new PlatformError('conflict', `"${actor.name}" has decided already`);
  }
}

function decided(approval: Approval, needed: number, rejected: boolean): Approval['state'] {
  if (rejected) return 'rejected';
  return approval.decisions.length >= needed ? 'approved' : 'pending';
}

/** A person approves or rejects; with the last approval that the policy wants, the rollout starts. */
export async function decideApproval(
  parts: GovernanceParts,
  actor: Actor,
  project: string,
  id: string,
  { decision, reason }: ApprovalDecision,
): Promise<Approval> {
  const { platform, registry } = parts;
  const policies = await listPolicies(platform.database, project);
  const { approval, plan } = await platform.database.transaction(async (trx) => {
    const stored = await lockApproval(trx, project, id);
    if (stored === null) throw notFound('approval', id);
    const { body } = stored;
    if (body.state !== 'pending') throw new PlatformError('conflict', `This was ${body.state} already`);
    const policy = policies.find(({ name }) => name === body.policy);
    const version = await registry.getVersion(project, body.model, body.version);
    checkWho(actor, body, version.createdBy, policy);
    const at = platform.clock.now().toISOString();
    const changed = { ...body, decisions: [...body.decisions, { by: actor.name, decision, reason, at }] };
    const state = decided(changed, policy?.approvals ?? 1, decision === 'reject');
    const result: Approval = { ...changed, state, decidedAt: state === 'pending' ? null : at };
    await updateApproval(trx, result);
    const subject = { kind: 'approval', id };
    const details = { decision, reason, state, model: body.model, version: body.version };
    await platform.audit.record(trx, { actor, project, action: 'governance.decided', subject, details });
    const payload = { model: body.model, version: body.version, approvalId: id, state };
    await platform.events.publish(trx, { project, name: 'governance.approval-decided', payload });
    return { approval: result, plan: stored.plan ?? undefined };
  });
  return approval.state === 'approved' ? await rollOut(parts, actor, project, approval, plan) : approval;
}
