import type { MetricEvidence, RolloutPlan } from '@flyball/api';
import {
  absoluteBoundEvidence,
  addCluster,
  logSumExp,
  NO_CLUSTERS,
  type OddsStratum,
  oddsFailEvidence,
  oddsPassEvidence,
  pairedMeanEvidence,
  rolloutVerdict,
  sampleRatioLogEvidence,
} from '@flyball/stats';
import type { z } from 'zod';
import type { RolloutFacts, StepCounts } from './rollout-facts.ts';
import type { KeptEvidence } from './rollout-store.ts';

type Metric = RolloutPlan['metrics'][number];
type Evidence = z.infer<typeof MetricEvidence>;

export interface RolloutStanding {
  readonly plan: RolloutPlan;
  readonly step: number;
  /** The largest e-values before this look. */
  readonly kept: Readonly<Record<string, KeptEvidence>>;
  readonly at: Date;
  /** Why the candidate cannot serve at all. */
  readonly candidateFailure: string | null;
}

export interface Judgement {
  readonly verdict: 'pass' | 'fail' | 'not_enough_data' | 'needs_review';
  readonly reason: string;
  readonly evidence: readonly Evidence[];
  readonly kept: Readonly<Record<string, KeptEvidence>>;
  readonly isHorizon: boolean;
}

/** Clusters at which the paired test is sharpest: two days of five-minute units. */
const TARGET_CLUSTERS = 500;
const MISMATCH_LOG_E = Math.log(1000);

/** In the shadow both versions see every request, so a bad event is as likely to be either's. */
const weightOf = (plan: RolloutPlan, step: number): number => plan.steps[step]?.weight || 0.5;

function strata(plan: RolloutPlan, steps: readonly StepCounts[], kind: 'errors' | 'slow'): OddsStratum[] {
  return steps.map((counts) => ({
    weight: Math.min(0.999, weightOf(plan, counts.step)),
    badCandidate: kind === 'errors' ? counts.candidateErrors : counts.candidateSlow,
    badChampion: kind === 'errors' ? counts.championErrors : counts.championSlow,
  }));
}

function badEvents(
  standing: RolloutStanding,
  facts: RolloutFacts,
  metric: Extract<Metric, { kind: 'errors' | 'slow' }>,
): Evidence {
  const { plan, step } = standing;
  const now = facts.steps.filter((counts) => counts.step === step);
  const own = strata(plan, now, metric.kind);
  const units = now.reduce((sum, { candidate }) => sum + candidate, 0);
  const bad = own.reduce((sum, { badCandidate }) => sum + badCandidate, 0);
  // Bad events may be too rare for any ratio to be shown; then it is enough that they are rarer than is tolerated.
  const rare = units === 0 ? 0 : absoluteBoundEvidence({ units, bad }, metric.tolerated).logEPass;
  const ratio = own.length === 0 ? 0 : oddsPassEvidence(own, metric.margin);
  const championUnits = facts.steps.reduce((sum, { champion }) => sum + champion, 0);
  return {
    metric: metric.kind,
    verdict: 'not_enough_data',
    logEFail: oddsFailEvidence(strata(plan, facts.steps, metric.kind)),
    // Two e-values under any dependence: their mean is one too.
    logEPass: logSumExp([rare, ratio]) - Math.LN2,
    estimate: units === 0 ? null : bad / units,
    low: null,
    high: null,
    candidateCount: units,
    championCount: championUnits,
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function labelLoss(standing: RolloutStanding, { clusters }: RolloutFacts, margin: number, alpha: number): Evidence {
  const sumsOf = (chosen: typeof clusters) =>
    chosen.reduce(
      (sums, { candidateLoss, championLoss }) => addCluster(sums, candidateLoss - championLoss),
      NO_CLUSTERS,
    );
  const rows = clusters.reduce((sum, cluster) => sum + cluster.rows, 0);
  const loss = clusters.reduce((sum, cluster) => sum + cluster.rows * cluster.championLoss, 0) / Math.max(1, rows);
  const plan = { margin: Math.max(1e-9, margin * loss), alpha, targetClusters: TARGET_CLUSTERS };
  const all = pairedMeanEvidence(sumsOf(clusters), plan);
  const own = pairedMeanEvidence(sumsOf(clusters.filter(({ step }) => step === standing.step)), plan);
  return {
    metric: 'label_loss',
    verdict: 'not_enough_data',
    logEFail: all.logEFail,
    logEPass: own.logEPass,
    estimate: rows === 0 ? null : all.difference,
    low: finite(all.lower),
    high: finite(all.upper),
    candidateCount: rows,
    championCount: rows,
  };
}

function measure(standing: RolloutStanding, facts: RolloutFacts, metric: Metric, alphaShare: number): Evidence {
  if (metric.kind === 'label_loss') return labelLoss(standing, facts, metric.margin, alphaShare);
  return badEvents(standing, facts, metric);
}

function hasMismatch({ plan, step }: RolloutStanding, { steps }: RolloutFacts): boolean {
  const weight = plan.steps[step]?.weight ?? 0;
  const now = steps.find((counts) => counts.step === step);
  if (now === undefined || weight <= 0 || weight >= 1) return false;
  return sampleRatioLogEvidence([{ weight, candidate: now.candidate, champion: now.champion }]) >= MISMATCH_LOG_E;
}

function hardStops({ candidateFailure }: RolloutStanding, { startedBroken }: RolloutFacts): string[] {
  const broken = startedBroken ? ['all of the first 20 requests of the candidate failed'] : [];
  return candidateFailure === null ? broken : [`the candidate cannot serve: ${candidateFailure}`, ...broken];
}

/** The verdict of a step from what is known at this moment: always valid, so looking often costs nothing. */
export function judgeRollout(standing: RolloutStanding, facts: RolloutFacts): Judgement {
  const { plan, step, kept, at } = standing;
  const alphaShare = plan.alpha / plan.metrics.length;
  const limits = plan.steps[step]!;
  const from = facts.stepFrom.get(step);
  const seconds = from === undefined ? 0 : (at.getTime() - from.getTime()) / 1000;
  const requests = facts.steps.find((counts) => counts.step === step)?.candidate ?? 0;
  const isHorizon = seconds >= limits.maxSeconds;
  const measured = plan.metrics.map((metric) => measure(standing, facts, metric, alphaShare));
  const largest = Object.fromEntries(
    measured.map(({ metric, logEFail, logEPass }) => [
      metric,
      {
        logEFail: Math.max(logEFail, kept[metric]?.logEFail ?? 0),
        logEPass: Math.max(logEPass, kept[metric]?.logEPass ?? 0),
      },
    ]),
  );
  const { verdict, reasons } = rolloutVerdict({
    alpha: plan.alpha,
    metrics: measured.map(({ metric }) => ({ name: metric, ...largest[metric]!, alphaShare, beta: plan.beta })),
    minimumRequestsReached: requests >= limits.minRequests,
    minimumTimeReached: seconds >= limits.minSeconds,
    horizonReached: isHorizon,
    hardStops: hardStops(standing, facts),
    sampleRatioMismatch: hasMismatch(standing, facts),
  });
  const evidence = measured.map((one) => ({
    ...one,
    verdict:
      largest[one.metric]!.logEFail >= -Math.log(alphaShare)
        ? ('fail' as const)
        : largest[one.metric]!.logEPass >= -Math.log(plan.beta)
          ? ('pass' as const)
          : ('not_enough_data' as const),
  }));
  return { verdict, reason: reasons.join('; '), evidence, kept: largest, isHorizon };
}
