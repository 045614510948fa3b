import { type Approval, PlatformError, type Policy, type PolicyDefinition, type RolloutPlan } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { newId } from '#platform/uuid';
import { insertApproval, lockApproval, updateApproval } from './approval-store.ts';
import type { GovernanceParts } from './parts.ts';
import { policyFindings, policyFor } from './policy-findings.ts';
import { listPolicies } from './policy-store.ts';

export interface PromotionRequest {
  readonly model: string;
  readonly version: number;
  readonly endpoint: string;
  readonly plan?: RolloutPlan | undefined;
  readonly reason: string;
}

/** Without a policy a person decides, on files that are safe. */
const cautious: Pick<PolicyDefinition, 'requiredGates' | 'requireSafeScan'> = {
  requiredGates: [],
  requireSafeScan: true,
};

async function findingsOf(parts: GovernanceParts, project: string, request: PromotionRequest, policy: Policy | null) {
  const { registry, evaluation, serving } = parts;
  const { model, version } = request;
  const endpoint = await serving.getEndpoint(project, request.endpoint);
  if (endpoint.model !== model) {
    throw new PlatformError('invalid_input', `Endpoint "${endpoint.name}" serves "${endpoint.model}", not "${model}"`);
  }
  if (endpoint.champion === version) throw new PlatformError('conflict', `${model}@${version} is the champion already`);
  const reports = await evaluation.listGateReports({ project, model, version, limit: 100 });
  const findings = policyFindings(policy ?? cautious, await registry.getVersion(project, model, version), reports);
  const free = endpoint.activeRollout === null;
  const message = free ? 'No other rollout runs' : `Rollout ${endpoint.activeRollout} has not ended`;
  return [...findings, { rule: 'one rollout at a time', ok: free, message }];
}

async function keep(
  parts: GovernanceParts,
  actor: Actor,
  project: string,
  approval: Approval,
  plan: RolloutPlan | undefined,
) {
  const { platform, data } = parts;
  const subject = { kind: 'approval', id: approval.id };
  const { model, version, state } = approval;
  await platform.database.transaction(async (trx) => {
    await insertApproval(trx, project, approval, plan);
    const edge = { from: { kind: 'model_version', id: `${model}@${version}` }, to: subject, role: 'asked for' };
    const title = `${model}@${version} for ${approval.endpoint}`;
    await data.lineage.record(trx, project, [edge], [{ ...subject, title }]);
    const details = { model, version, endpoint: approval.endpoint, state, findings: approval.findings };
    await platform.audit.record(trx, { actor, project, action: 'governance.promotion-requested', subject, details });
    const payload = { model, version, approvalId: approval.id };
    if (state === 'pending') {
      await platform.events.publish(trx, { project, name: 'governance.approval-requested', payload });
    } else {
      const decided = { ...payload, state };
      await platform.events.publish(trx, { project, name: 'governance.approval-decided', payload: decided });
    }
  });
}

/** Starts the rollout of an approved version and writes its id on the approval. */
export async function rollOut(
  parts: GovernanceParts,
  actor: Actor,
  project: string,
  approval: Approval,
  plan: RolloutPlan | undefined,
): Promise<Approval> {
  const { endpoint, version } = approval;
  const rollout = await parts.serving.startRollout(actor, project, endpoint, version, plan);
  return await parts.platform.database.transaction(async (trx) => {
    const current = (await lockApproval(trx, project, approval.id))!.body;
    const started = { ...current, rolloutId: rollout.id };
    await updateApproval(trx, started);
    const edge = {
      from: { kind: 'approval', id: approval.id },
      to: { kind: 'rollout', id: rollout.id },
      role: 'allowed',
    };
    await parts.data.lineage.record(trx, project, [edge]);
    return started;
  });
}

/** Asks that a version be rolled out. What a policy requires and does not find rejects it at once, with the reasons. */
export async function requestPromotion(
  parts: GovernanceParts,
  actor: Actor,
  project: string,
  request: PromotionRequest,
): Promise<Approval> {
  const policy = policyFor(await listPolicies(parts.platform.database, project), request.model);
  const findings = await findingsOf(parts, project, request, policy);
  const at = parts.platform.clock.now().toISOString();
  const refused = findings.some(({ ok }) => !ok);
  const automatic = policy?.approvedBy === 'policy';
  const state = refused ? 'rejected' : automatic ? 'approved' : 'pending';
  const approval: Approval = {
    id: newId(),
    model: request.model,
    version: request.version,
    endpoint: request.endpoint,
    policy: policy?.name ?? null,
    state,
    findings,
    decisions:
      state === 'approved'
        ? [{ by: `policy ${policy!.name}`, decision: 'approve', reason: request.reason || 'All gates passed', at }]
        : [],
    requestedBy: actor.name,
    requestedAt: at,
    decidedAt: state === 'pending' ? null : at,
    rolloutId: null,
  };
  await keep(parts, actor, project, approval, request.plan);
  return state === 'approved' ? await rollOut(parts, actor, project, approval, request.plan) : approval;
}
