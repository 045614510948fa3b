/** What a step of the exact odds test is planned for. */
export interface OddsPlan {
  /** Share of the traffic assigned to the candidate, in (0, 1). */
  readonly weight: number;
  /** Assumed true rate ratio ψ. */
  readonly truth: number;
  /** ψ0 of the null hypothesis: the margin M for a pass, 1 for a fail. */
  readonly nullRatio: number;
  /** α (fail) or β (pass), in (0, 1). */
  readonly level: number;
  /** Points of the mixture that the evidence is averaged over: 6 for the fail test, 1 for the pass test. */
  readonly mixturePoints: number;
}

function theta(ratio: number, weight: number): number {
  return (weight * ratio) / (1 - weight + weight * ratio);
}

/** x ln(x / y), 0 at x = 0. */
function relativeEntropyTerm(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(x / y);
}

/**
 * Bad units of both arms that the exact odds test needs on average: ln(points / level) / KL(θ_true ‖ θ_null), by Wald's
 * approximation of the expected sample number (Ann. Math. Statist. 16, 1945).
 *
 * @param plan weight, assumed truth, null hypothesis, level and mixture
 * @returns expected number of bad units; Infinity when the truth equals the null hypothesis
 * @throws RangeError when an argument is outside its domain
 * @example
 * expectedBadUnits({ weight: 0.1, truth: 1, nullRatio: 2, level: 0.05, mixturePoints: 1 }); // 115.2405...
 */
export function expectedBadUnits(plan: OddsPlan): number {
  const { weight, truth, nullRatio, level, mixturePoints } = plan;
  if (!(weight > 0 && weight < 1)) throw new RangeError(`plan: weight must be in (0, 1), got ${weight}`);
  if (!(level > 0 && level < 1)) throw new RangeError(`plan: level must be in (0, 1), got ${level}`);
  if (!(truth >= 0 && nullRatio > 0 && mixturePoints >= 1)) {
    throw new RangeError('plan: truth must be at least 0, null ratio positive and mixture points at least 1');
  }
  const p = theta(truth, weight);
  const q = theta(nullRatio, weight);
  const information = relativeEntropyTerm(p, q) + relativeEntropyTerm(1 - p, 1 - q);
  if (information <= 0) return Number.POSITIVE_INFINITY;
  return Math.log(mixturePoints / level) / information;
}

/**
 * Expected seconds until the exact odds test gives its verdict, from the endpoint's traffic and bad rate.
 *
 * @param plan weight, assumed truth, null hypothesis, level and mixture
 * @param traffic units per second of the whole endpoint and the champion's bad rate in [0, 1]
 * @returns seconds; Infinity when no bad unit ever comes or the truth equals the null hypothesis
 * @throws RangeError when an argument is outside its domain
 * @example
 * expectedSecondsToVerdict(
 *   { weight: 0.1, truth: 1, nullRatio: 2, level: 0.05, mixturePoints: 1 },
 *   { unitsPerSecond: 100, badRate: 0.02 },
 * ); // 57.620...
 */
export function expectedSecondsToVerdict(
  plan: OddsPlan,
  traffic: { readonly unitsPerSecond: number; readonly badRate: number },
): number {
  const { unitsPerSecond, badRate } = traffic;
  if (!(unitsPerSecond >= 0 && badRate >= 0 && badRate <= 1)) {
    throw new RangeError('plan: units per second must be at least 0 and the bad rate in [0, 1]');
  }
  const perSecond = unitsPerSecond * badRate * (1 - plan.weight + plan.weight * plan.truth);
  return perSecond === 0 ? Number.POSITIVE_INFINITY : expectedBadUnits(plan) / perSecond;
}

/**
 * Splits an error budget over several metrics so that Σ α_j = α (Bonferroni, weighted by importance).
 *
 * @param alpha whole budget, in (0, 1)
 * @param weights shape [metrics], importance of each metric, positive
 * @returns α_j per metric, same order
 * @throws RangeError when alpha is outside (0, 1) or a weight is not positive
 * @example
 * splitAlpha(0.05, [3, 1, 1]); // [0.03, 0.01, 0.01]
 */
export function splitAlpha(alpha: number, weights: readonly number[]): number[] {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`splitAlpha: alpha must be in (0, 1), got ${alpha}`);
  let total = 0;
  for (const weight of weights) {
    if (!(weight > 0)) throw new RangeError(`splitAlpha: weights must be positive, got ${weight}`);
    total += weight;
  }
  return weights.map((weight) => (alpha * weight) / total);
}
