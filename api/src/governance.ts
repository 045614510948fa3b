import { z } from 'zod';
import { Approval } from './approval.ts';
import { Evidence } from './evidence.ts';
import { Empty, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { ModelName } from './registry.ts';
import { defineRoutes } from './route.ts';
import { RolloutPlan } from './serving.ts';

/** What a version must have before it may reach an endpoint. */
export const PolicyDefinition = z
  .object({
    name: Name,
    description: z.string().default(''),
    /** A model's name; `*` for all. */
    model: z.string().min(1),
    /** Names of gates whose latest verdict must be `pass`. */
    requiredGates: z.array(Name).default([]),
    /** `policy` approves by itself once the gates pass; `person` waits for `approvals` people. */
    approvedBy: z.enum(['policy', 'person']).default('person'),
    approvals: z.int().min(1).max(5).default(1),
    /** Nobody approves what they registered or asked for themselves. */
    fourEyes: z.boolean().default(true),
    requireSafeScan: z.boolean().default(true),
    /** Aliases that only a finished rollout may move. */
    protectedAliases: z.array(z.string()).default(['champion']),
  })
  .meta({ id: 'PolicyDefinition' });
export type PolicyDefinition = z.infer<typeof PolicyDefinition>;
/** A policy in force. */
export const Policy = PolicyDefinition.extend({ createdAt: Timestamp, updatedAt: Timestamp }).meta({ id: 'Policy' });
export type Policy = z.infer<typeof Policy>;

const ApprovalParams = ProjectParams.extend({ approval: z.string() });

/** Policies, approvals and evidence. */
export const governanceRoutes = defineRoutes({
  listPolicies: {
    method: 'GET',
    path: '/projects/:project/policies',
    summary: 'List policies',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery,
    result: pageOf(Policy),
  },
  putPolicy: {
    method: 'PUT',
    path: '/projects/:project/policies/:policy',
    summary: 'Define a policy',
    access: 'admin',
    params: ProjectParams.extend({ policy: Name }),
    body: PolicyDefinition.omit({ name: true }),
    result: Policy,
    errors: ['invalid_input'],
  },
  deletePolicy: {
    method: 'DELETE',
    path: '/projects/:project/policies/:policy',
    summary: 'Delete a policy',
    access: 'admin',
    params: ProjectParams.extend({ policy: Name }),
    result: Empty,
    errors: ['not_found'],
  },
  requestPromotion: {
    method: 'POST',
    path: '/projects/:project/promotions',
    summary: 'Ask that a version be rolled out: the policy decides, or a person is asked',
    access: 'contributor',
    params: ProjectParams,
    body: z.object({
      model: ModelName,
      version: z.number().int().min(1),
      endpoint: Name,
      plan: RolloutPlan.optional(),
      reason: z.string().max(2000).default(''),
    }),
    result: Approval,
    errors: ['not_found', 'conflict', 'not_allowed'],
  },
  listApprovals: {
    method: 'GET',
    path: '/projects/:project/approvals',
    summary: 'List approvals, newest first',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery.extend({
      state: z.enum(['pending', 'approved', 'rejected']).optional(),
      model: ModelName.optional(),
    }),
    result: pageOf(Approval),
  },
  decideApproval: {
    method: 'POST',
    path: '/projects/:project/approvals/:approval/decision',
    summary: 'Approve or reject',
    access: 'approver',
    params: ApprovalParams,
    body: z.object({ decision: z.enum(['approve', 'reject']), reason: z.string().min(1).max(2000) }),
    result: Approval,
    errors: ['not_found', 'conflict', 'not_allowed'],
  },
  getEvidence: {
    method: 'GET',
    path: '/projects/:project/models/:model/versions/:version/evidence',
    summary: 'The evidence page of a version',
    access: 'viewer',
    params: ProjectParams.extend({ model: ModelName, version: z.coerce.number().int().min(1) }),
    result: Evidence,
    errors: ['not_found'],
  },
});
