import { logRegularizedBeta } from '../distribution/incomplete-beta.ts';
import { logBeta } from '../distribution/log-gamma.ts';
import { logSumExp } from '../sample/sum.ts';

/** Bad units of both arms while the candidate had one constant weight. */
export interface OddsStratum {
  /** Share of the traffic assigned to the candidate, in (0, 1). */
  readonly weight: number;
  readonly badCandidate: number;
  readonly badChampion: number;
}

/** An always-valid interval; a bound is 0 or Infinity where the data say nothing on that side. */
export interface RatioInterval {
  readonly lower: number;
  readonly upper: number;
}

/** Rate ratios ψ mixed against "not worse" (ψ ≤ 1). */
export const FAIL_RATIOS: readonly number[] = [1.25, 1.5, 2, 3, 5, 10];
/** Rate ratios ψ mixed against "worse than the margin" (ψ ≥ M). */
export const PASS_RATIOS: readonly number[] = [0.5, 0.75, 1];
const INTERVAL_STEPS: readonly number[] = [1.01, 1.02, 1.05, 1.1, 1.25, 1.5, 2, 3, 5, 10];
const INTERVAL_RATIOS: readonly number[] = INTERVAL_STEPS.flatMap((step) => [1 / step, step]);

/** Probability that a bad unit belongs to the candidate, when its bad rate is ψ times the champion's. */
function theta(ratio: number, weight: number): number {
  return (weight * ratio) / (1 - weight + weight * ratio);
}

function check(strata: readonly OddsStratum[]): void {
  for (const { weight, badCandidate, badChampion } of strata) {
    if (!(weight > 0 && weight < 1)) throw new RangeError(`odds test: weight must be in (0, 1), got ${weight}`);
    if (!(badCandidate >= 0 && badChampion >= 0)) {
      throw new RangeError(`odds test: counts must be at least 0, got ${badCandidate} and ${badChampion}`);
    }
  }
}

/** One stratum per distinct weight: the product does not depend on order, so evidence costs O(distinct weights). */
function merge(strata: readonly OddsStratum[]): OddsStratum[] {
  const merged = new Map<number, OddsStratum>();
  for (const stratum of strata) {
    const seen = merged.get(stratum.weight);
    merged.set(stratum.weight, {
      weight: stratum.weight,
      badCandidate: stratum.badCandidate + (seen?.badCandidate ?? 0),
      badChampion: stratum.badChampion + (seen?.badChampion ?? 0),
    });
  }
  return [...merged.values()];
}

function mixture(strata: readonly OddsStratum[], ratios: readonly number[], scale: number, nullRatio: number): number {
  const terms = new Float64Array(ratios.length);
  for (let r = 0; r < ratios.length; r++) {
    const ratio = ratios[r]! * scale;
    for (const { weight, badCandidate, badChampion } of strata) {
      const normaliser = Math.log((1 - weight + weight * ratio) / (1 - weight + weight * nullRatio));
      terms[r]! += badCandidate * Math.log(ratio / nullRatio) - (badCandidate + badChampion) * normaliser;
    }
  }
  return logSumExp(terms) - Math.log(ratios.length);
}

/**
 * Exact odds test: ln E against H0 "bad rate of the candidate / of the champion = nullRatio", mixed over `ratios`.
 * Given a bad unit it is the candidate's with probability wψ / (1 − w + wψ), whatever the base rate does over time, so
 * the product of likelihood ratios is an e-process (conditional Bernoulli test; cf. Lindon and Malek, arXiv
 * 2011.03567). With every ratio above (below) nullRatio it is valid against ψ ≤ (≥) nullRatio.
 *
 * @param strata bad units per interval of constant weight; a unit (sticky key) counts once
 * @param ratios alternatives ψ, positive
 * @param nullRatio ψ0, positive
 * @returns natural logarithm of the e-value, 0 without data; reject when it reaches ln(1/α)
 * @throws RangeError when a weight is outside (0, 1) or a count is negative
 * @example
 * oddsLogEvidence([{ weight: 0.1, badCandidate: 10, badChampion: 30 }], [1.25, 1.5, 2, 3, 5, 10], 1); // ln 14.7469
 */
export function oddsLogEvidence(strata: readonly OddsStratum[], ratios: readonly number[], nullRatio: number): number {
  check(strata);
  if (!(nullRatio > 0) || ratios.length === 0 || ratios.some((ratio) => !(ratio > 0))) {
    throw new RangeError('odds test: ratios must be positive and not empty');
  }
  return mixture(merge(strata), ratios, 1, nullRatio);
}

/**
 * ln E_fail of the exact odds test: evidence that the candidate's bad rate is higher, against ψ ≤ 1. Run it over the
 * whole rollout: α is spent once.
 *
 * @param strata bad units per interval of constant weight since the rollout began
 * @returns natural logarithm of the e-value; fail when it reaches ln(1/α)
 * @throws RangeError when a weight is outside (0, 1) or a count is negative
 * @example
 * oddsFailEvidence([{ weight: 0.1, badCandidate: 10, badChampion: 30 }]); // ln 14.7469
 */
export function oddsFailEvidence(strata: readonly OddsStratum[]): number {
  return oddsLogEvidence(strata, FAIL_RATIOS, 1);
}

/**
 * ln E_pass of the exact odds test: evidence of non-inferiority, against "the bad rate is at least `margin` times the
 * champion's". Start it afresh at every step: a higher weight is a new condition.
 *
 * @param strata bad units per interval of constant weight since the step began
 * @param margin largest tolerated rate ratio, above 1
 * @returns natural logarithm of the e-value; pass when it reaches ln(1/β)
 * @throws RangeError when the margin is not above 1, a weight is outside (0, 1) or a count is negative
 * @example
 * oddsPassEvidence([{ weight: 0.1, badCandidate: 4, badChampion: 96 }], 2); // 8.40294..., above ln 20
 */
export function oddsPassEvidence(strata: readonly OddsStratum[], margin: number): number {
  if (!(margin > 1)) throw new RangeError(`odds test: margin must be above 1, got ${margin}`);
  return oddsLogEvidence(strata, PASS_RATIOS, margin);
}

function accepted(strata: readonly OddsStratum[], ratio: number, threshold: number): boolean {
  return mixture(strata, INTERVAL_RATIOS, ratio, ratio) < threshold;
}

/** Bisects between an accepted and a rejected ln ψ. */
function boundary(strata: readonly OddsStratum[], inside: number, outside: number, threshold: number): number {
  let kept = inside;
  let rejected = outside;
  for (let step = 0; step < 40; step++) {
    const middle = (kept + rejected) / 2;
    if (accepted(strata, Math.exp(middle), threshold)) kept = middle;
    else rejected = middle;
  }
  return Math.exp(rejected);
}

/**
 * Always-valid interval for the rate ratio ψ: all ψ0 that a two-sided mixture over ψ0 · {1/10 … 1/1.01, 1.01 … 10} does
 * not reject, found on a logarithmic grid from 1/1024 to 1024 and refined by bisection.
 *
 * @param strata bad units per interval of constant weight
 * @param alpha 1 − coverage at all times together, in (0, 1)
 * @returns lower and upper bound; 0 and Infinity where the grid's end is not rejected
 * @throws RangeError when alpha, a weight or a count is outside its domain
 * @example
 * oddsRatioInterval([{ weight: 0.5, badCandidate: 100, badChampion: 100 }], 0.05); // about [0.6, 1.6]
 */
export function oddsRatioInterval(strata: readonly OddsStratum[], alpha: number): RatioInterval {
  check(strata);
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`odds test: alpha must be in (0, 1), got ${alpha}`);
  const merged = merge(strata);
  const threshold = -Math.log(alpha);
  const points = 240;
  const end = Math.log(1024);
  const at = (i: number) => -end + (2 * end * i) / points;
  let first = -1;
  let last = -1;
  for (let i = 0; i <= points; i++) {
    if (!accepted(merged, Math.exp(at(i)), threshold)) continue;
    if (first < 0) first = i;
    last = i;
  }
  if (first < 0) return aroundEstimate(merged, threshold);
  const lower = first === 0 ? 0 : boundary(merged, at(first), at(first - 1), threshold);
  const upper = last === points ? Number.POSITIVE_INFINITY : boundary(merged, at(last), at(last + 1), threshold);
  return { lower, upper };
}

/** The interval when it fits between two grid points: grown from the maximum-likelihood ratio. */
function aroundEstimate(strata: readonly OddsStratum[], threshold: number): RatioInterval {
  let low = -Math.log(1024);
  let high = Math.log(1024);
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    let score = 0;
    for (const { weight, badCandidate, badChampion } of strata) {
      score += badCandidate - (badCandidate + badChampion) * theta(Math.exp(middle), weight);
    }
    if (score > 0) low = middle;
    else high = middle;
  }
  const centre = (low + high) / 2;
  if (!accepted(strata, Math.exp(centre), threshold)) return { lower: Number.NaN, upper: Number.NaN };
  return {
    lower: boundary(strata, centre, centre - 0.1, threshold),
    upper: boundary(strata, centre, centre + 0.1, threshold),
  };
}

/**
 * Beta-mixture form of the exact odds test in one stratum of constant weight (Lindon and Malek, arXiv 2011.03567):
 * E = B(a+x, b+y) / B(a, b) · w^−x (1−w)^−y; one-sided × (1 − I_w(a+x, b+y)) / (1 − I_w(a, b)).
 *
 * @param stratum bad units of both arms at one weight
 * @param prior Beta parameters a, b of the mixture, positive
 * @param side `two` against "same rate", `one` against "the candidate's rate is not higher"
 * @returns natural logarithm of the e-value, 0 without data
 * @throws RangeError when an argument is outside its domain
 * @example
 * betaOddsLogEvidence({ weight: 0.1, badCandidate: 10, badChampion: 30 }, { a: 1, b: 9 }, 'one');
 */
export function betaOddsLogEvidence(
  stratum: OddsStratum,
  prior: { readonly a: number; readonly b: number },
  side: 'one' | 'two',
): number {
  check([stratum]);
  const { weight, badCandidate: x, badChampion: y } = stratum;
  const { a, b } = prior;
  const twoSided = logBeta(a + x, b + y) - logBeta(a, b) - x * Math.log(weight) - y * Math.log1p(-weight);
  if (side === 'two') return twoSided;
  const upperTail = (c: number, d: number) => logRegularizedBeta(d, c, 1 - weight, weight);
  return twoSided + upperTail(a + x, b + y) - upperTail(a, b);
}
