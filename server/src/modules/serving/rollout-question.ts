import type { EndpointDefinition } from '@flyball/api';
import type { EndpointRow } from './endpoint-store.ts';
import type { RolloutRow } from './rollout-store.ts';

/** All that decides which rows of the log belong to a rollout, and what they say. */
export interface RolloutQuestion {
  readonly rollout: string;
  readonly endpointId: string;
  readonly candidate: number;
  readonly target: EndpointDefinition['target'];
  readonly slowMs: number;
  readonly startedAt: Date;
}

export function rolloutQuestion({ definition }: EndpointRow, rollout: RolloutRow): RolloutQuestion {
  const slow = rollout.plan.metrics.find((metric) => metric.kind === 'slow');
  return {
    rollout: rollout.id,
    endpointId: rollout.endpoint_id,
    candidate: rollout.candidate,
    target: definition.target,
    slowMs: slow?.objectiveMs ?? Number.MAX_SAFE_INTEGER,
    startedAt: rollout.started_at,
  };
}
