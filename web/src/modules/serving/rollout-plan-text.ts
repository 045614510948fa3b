import type { RolloutMetric, RolloutPlan } from '@flyball/api';
import { formatNumber, formatPercent } from '../../parts/format.ts';

/** What the candidate answers in a step. */
export const stepName = (weight: number): string =>
  weight === 0 ? 'shadow' : `${formatPercent(weight)} of the traffic`;

/** What a metric of the plan demands of the candidate. */
export function testName(plan: RolloutPlan, kind: RolloutMetric['kind'] | string): string {
  const metric = plan.metrics.find((one) => one.kind === kind);
  switch (metric?.kind) {
    case 'errors':
      return `failed answers: below ${metric.margin} × the champion’s, or below ${formatPercent(metric.tolerated)}`;
    case 'slow':
      return (
        `answers slower than ${metric.objectiveMs} ms: ` +
        `below ${metric.margin} × the champion’s, or below ${formatPercent(metric.tolerated)}`
      );
    case 'label_loss':
      return `log loss on labels: at most ${formatPercent(metric.margin)} worse than the champion’s`;
    default:
      return kind.replaceAll('_', ' ');
  }
}

/** The steps of a plan, one after the other. */
export const stepsText = ({ steps }: RolloutPlan): string =>
  steps
    .map(({ weight, minSeconds }) => `${stepName(weight)} for at least ${formatNumber(minSeconds / 3600)} h`)
    .join(', then ');

/** How often the test of a plan may be wrong. */
export const risksText = ({ alpha, beta }: RolloutPlan): string =>
  `${formatPercent(alpha)} to roll back one that is no worse, ` +
  `${formatPercent(beta)} to promote one that is worse by the margin`;
