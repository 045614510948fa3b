/** What a step of a rollout may answer. */
export type RolloutVerdict = 'pass' | 'fail' | 'not_enough_data' | 'needs_review';

/** Sequential evidence on one metric of a rollout. */
export interface MetricEvidence {
  readonly name: string;
  /** Largest ln E_fail since the rollout began. */
  readonly logEFail: number;
  /** Largest ln E_pass since the step began. */
  readonly logEPass: number;
  /** α_j, the part of α this metric may spend, in (0, 1); Σ α_j ≤ α. */
  readonly alphaShare: number;
  /** Chance of a wrong pass that is accepted, in (0, 1). */
  readonly beta: number;
  /** False for a metric that can only fail the rollout; default true. */
  readonly mustPass?: boolean;
}

/** Everything a verdict depends on. */
export interface RolloutEvidence {
  /** Whole budget of false rollbacks, in (0, 1). */
  readonly alpha: number;
  readonly metrics: readonly MetricEvidence[];
  readonly minimumRequestsReached: boolean;
  readonly minimumTimeReached: boolean;
  /** The step's maximum of requests or time is reached. */
  readonly horizonReached: boolean;
  /** Reasons to stop at once: a failed replica, a signature mismatch, all of the first requests failed. */
  readonly hardStops?: readonly string[];
  /** Arms did not get the declared shares: routing or logging is broken, so no statistic can be trusted. */
  readonly sampleRatioMismatch?: boolean;
  /** Predictions moved by more than the declared size. */
  readonly predictionShift?: boolean;
  /** Labels are missing, or reach the arms in different shares. */
  readonly labelsMissing?: boolean;
}

/** A verdict with the sentences that justify it. */
export interface RolloutDecision {
  readonly verdict: RolloutVerdict;
  readonly reasons: readonly string[];
}

function checkMetric(metric: MetricEvidence): void {
  const { name, logEFail, logEPass, alphaShare, beta } = metric;
  if (Number.isNaN(logEFail) || Number.isNaN(logEPass)) {
    throw new RangeError(`rollout verdict: evidence on "${name}" is not a number`);
  }
  if (!(alphaShare > 0 && alphaShare < 1 && beta > 0 && beta < 1)) {
    throw new RangeError(`rollout verdict: alphaShare and beta of "${name}" must be in (0, 1)`);
  }
}

function check(evidence: RolloutEvidence): void {
  if (!(evidence.alpha > 0 && evidence.alpha < 1)) {
    throw new RangeError(`rollout verdict: alpha must be in (0, 1), got ${evidence.alpha}`);
  }
  let spent = 0;
  for (const metric of evidence.metrics) {
    checkMetric(metric);
    spent += metric.alphaShare;
  }
  if (spent > evidence.alpha * (1 + 1e-9)) {
    throw new RangeError(`rollout verdict: the metrics' alpha shares add up to ${spent}, more than ${evidence.alpha}`);
  }
}

function size(logE: number): string {
  return logE > 25 ? `e^${logE.toFixed(1)}` : Math.exp(logE).toPrecision(3);
}

function failures(metrics: readonly MetricEvidence[]): string[] {
  return metrics
    .filter((metric) => metric.logEFail >= -Math.log(metric.alphaShare))
    .map((metric) => {
      const bound = (1 / metric.alphaShare).toPrecision(3);
      return `${metric.name} is worse: E_fail ${size(metric.logEFail)} reached ${bound}`;
    });
}

function unproven(evidence: RolloutEvidence): string[] {
  const reasons = evidence.metrics
    .filter((metric) => metric.mustPass !== false && metric.logEPass < -Math.log(metric.beta))
    .map((metric) => {
      const bound = (1 / metric.beta).toPrecision(3);
      return `${metric.name} is not yet shown to be within its margin: E_pass ${size(metric.logEPass)} of ${bound}`;
    });
  if (!evidence.metrics.some((metric) => metric.mustPass !== false)) reasons.push('no metric can show a pass');
  if (!evidence.minimumRequestsReached) reasons.push('the minimum number of requests is not reached');
  if (!evidence.minimumTimeReached) reasons.push('the minimum time is not reached');
  return reasons;
}

/**
 * The verdict of one rollout step. In order: a hard stop fails; a sample-ratio mismatch forbids any statistical
 * verdict; a guard whose E_fail ≥ 1/α_j fails (any one, Bonferroni); prediction shift or missing labels ask for a
 * review; every metric with E_pass ≥ 1/β passes once minimum time and requests are reached (all of them,
 * intersection-union test: Berger, Technometrics 24, 1982); at the horizon nothing passes by default.
 *
 * @param evidence log e-values per metric, budgets, limits and flags
 * @returns verdict and its reasons
 * @throws RangeError when evidence is NaN, a level is outside (0, 1) or the alpha shares exceed alpha
 * @example
 * rolloutVerdict({
 *   alpha: 0.05,
 *   metrics: [{ name: 'errors', logEFail: Math.log(25), logEPass: 0, alphaShare: 0.05, beta: 0.05 }],
 *   minimumRequestsReached: true,
 *   minimumTimeReached: false,
 *   horizonReached: false,
 * }).verdict; // 'fail'
 */
export function rolloutVerdict(evidence: RolloutEvidence): RolloutDecision {
  check(evidence);
  const hardStops = evidence.hardStops ?? [];
  if (hardStops.length > 0) return { verdict: 'fail', reasons: hardStops };
  if (evidence.sampleRatioMismatch) {
    return { verdict: 'needs_review', reasons: ['requests are not split as declared: routing or logging is broken'] };
  }
  const failed = failures(evidence.metrics);
  if (failed.length > 0) return { verdict: 'fail', reasons: failed };
  const doubts: string[] = [];
  if (evidence.predictionShift) doubts.push('predictions moved by more than the declared size');
  if (evidence.labelsMissing) doubts.push('labels are missing or reach the arms unequally');
  if (doubts.length > 0) return { verdict: 'needs_review', reasons: doubts };
  const open = unproven(evidence);
  if (open.length === 0) return { verdict: 'pass', reasons: ['every metric is within its margin'] };
  if (evidence.horizonReached) return { verdict: 'needs_review', reasons: ['the horizon is reached', ...open] };
  return { verdict: 'not_enough_data', reasons: open };
}
