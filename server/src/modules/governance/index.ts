// Who decided, may we, and can we prove it: policies, approvals and the evidence of a version.
// Being rightmost, it reads everything; nothing depends on it.

import { type Approval, type Evidence, type governanceRoutes, notFound, type PolicyDefinition } from '@flyball/api';
import type { Data } from '#data';
import type { Evaluation } from '#evaluation';
import type { Features } from '#features';
import type { Actor } from '#platform/access/actor';
import type { Action } from '#platform/actions/action';
import type { Handlers } from '#platform/http/serve';
import type { Platform } from '#platform/platform';
import type { Registry } from '#registry';
import type { RolloutGuard, Serving } from '#serving';
import type { Tracking } from '#tracking';
import { governanceActions } from './actions.ts';
import { isApproved, listApprovals } from './approval-store.ts';
import { collectEvidence } from './collect-evidence.ts';
import { decideApproval } from './decide-approval.ts';
import type { GovernanceParts } from './parts.ts';
import { policyFor } from './policy-findings.ts';
import { listPolicies, removePolicy, upsertPolicy } from './policy-store.ts';
import { type PromotionRequest, requestPromotion } from './request-promotion.ts';

export interface Governance {
  readonly actions: readonly Action[];
  readonly handlers: Handlers<typeof governanceRoutes>;
  requestPromotion(actor: Actor, project: string, request: PromotionRequest): Promise<Approval>;
  getEvidence(project: string, model: string, version: number): Promise<Evidence>;
  /** Whether a policy lets only rollouts move an alias of a model. */
  protectsAlias(project: string, model: string, alias: string): Promise<boolean>;
  /** Why a policy does not let a version be rolled out: nobody has approved it for the endpoint. */
  refusesRollout: RolloutGuard;
}

async function putPolicy({ platform }: GovernanceParts, actor: Actor, project: string, policy: PolicyDefinition) {
  return await platform.database.transaction(async (trx) => {
    const subject = { kind: 'policy', id: policy.name };
    await platform.audit.record(trx, { actor, project, action: 'governance.policy-defined', subject, details: policy });
    return await upsertPolicy(trx, project, policy);
  });
}

async function deletePolicy({ platform }: GovernanceParts, actor: Actor, project: string, name: string) {
  await platform.database.transaction(async (trx) => {
    if (!(await removePolicy(trx, project, name))) throw notFound('policy', name);
    const subject = { kind: 'policy', id: name };
    await platform.audit.record(trx, { actor, project, action: 'governance.policy-deleted', subject });
  });
  return {};
}

function handlersOf(parts: GovernanceParts): Handlers<typeof governanceRoutes> {
  const { database } = parts.platform;
  return {
    listPolicies: async ({ project }) => ({ items: await listPolicies(database, project) }),
    putPolicy: async ({ actor, project, params, body }) =>
      await putPolicy(parts, actor, project, { ...body, name: params.policy }),
    deletePolicy: async ({ actor, project, params }) => await deletePolicy(parts, actor, project, params.policy),
    requestPromotion: async ({ actor, project, body }) => await requestPromotion(parts, actor, project, body),
    listApprovals: async ({ project, query: { limit, pageToken: before, state, model } }) => {
      const items = await listApprovals(database, { project, limit, before, state, model });
      return items.length === limit ? { items, nextPageToken: items.at(-1)!.id } : { items };
    },
    decideApproval: async ({ actor, project, params, body }) =>
      await decideApproval(parts, actor, project, params.approval, body),
    getEvidence: async ({ project, params }) => await collectEvidence(parts, project, params.model, params.version),
  };
}

export function createGovernance(
  platform: Platform,
  data: Data,
  features: Features,
  tracking: Tracking,
  registry: Registry,
  evaluation: Evaluation,
  serving: Serving,
): Governance {
  const parts: GovernanceParts = { platform, data, features, tracking, registry, evaluation, serving };
  return {
    actions: governanceActions(parts),
    handlers: handlersOf(parts),
    requestPromotion: async (actor, project, request) => await requestPromotion(parts, actor, project, request),
    getEvidence: async (project, model, version) => await collectEvidence(parts, project, model, version),
    protectsAlias: async (project, model, alias) => {
      const policy = policyFor(await listPolicies(platform.database, project), model);
      return policy?.protectedAliases.includes(alias) ?? false;
    },
    refusesRollout: async (project, { model, version, endpoint }) => {
      const policy = policyFor(await listPolicies(platform.database, project), model);
      if (policy === null || (await isApproved(platform.database, { project, model, version, endpoint }))) return null;
      return (
        `The policy "${policy.name}" lets only approved versions be rolled out, and ${model}@${version} is not approved ` +
        `for "${endpoint}": ask with \`flyball model promote ${model} ${version} --endpoint ${endpoint}\``
      );
    },
  };
}
