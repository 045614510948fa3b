import { z } from 'zod';
import { Timestamp } from './page.ts';

/** What a person, or the policy itself, decided about a promotion. */
export const Decision = z.object({
  by: z.string(),
  decision: z.enum(['approve', 'reject']),
  reason: z.string(),
  at: Timestamp,
});

/** A request to promote a version, and who decided on it. */
export const Approval = z
  .object({
    id: z.string(),
    model: z.string(),
    version: z.number().int(),
    endpoint: z.string(),
    policy: z.string().nullable(),
    state: z.enum(['pending', 'approved', 'rejected']),
    /** What the policy found, rule by rule. */
    findings: z.array(z.object({ rule: z.string(), ok: z.boolean(), message: z.string() })),
    decisions: z.array(Decision),
    requestedBy: z.string(),
    requestedAt: Timestamp,
    decidedAt: Timestamp.nullable(),
    rolloutId: z.string().nullable(),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;
