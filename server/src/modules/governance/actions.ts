import { RolloutPlan } from '@flyball/api';
import { z } from 'zod';
import { type Action, defineAction } from '#platform/actions/action';
import type { GovernanceParts } from './parts.ts';
import { requestPromotion } from './request-promotion.ts';

const PromoteInput = z.object({
  model: z.string(),
  version: z.number().int(),
  endpoint: z.string(),
  plan: RolloutPlan.optional(),
  reason: z.string().default(''),
});

export function governanceActions(parts: GovernanceParts): Action[] {
  return [
    defineAction({
      name: 'governance.promote',
      summary: 'Ask that a version be rolled out; the policy decides, or a person is asked',
      input: PromoteInput,
      run: async ({ actor, project, log }, input) => {
        const { id, state, findings, rolloutId } = await requestPromotion(parts, actor, project, input);
        for (const { rule, ok, message } of findings) log(`${ok ? 'ok' : 'no'} ${rule}: ${message}`);
        log(`${state}${rolloutId === null ? '' : `, rollout ${rolloutId}`}`);
        return { approvalId: id, state, rolloutId };
      },
    }),
  ];
}
