import { logScaledNormalCdf } from '../distribution/normal.ts';

function check(variance: number, priorVariance: number): void {
  if (!(variance > 0 && variance < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`normal mixture: variance must be positive and finite, got ${variance}`);
  }
  if (!(priorVariance > 0 && priorVariance < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`normal mixture: prior variance must be positive and finite, got ${priorVariance}`);
  }
}

function checkAlpha(alpha: number): void {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha must be in (0, 1), got ${alpha}`);
}

/**
 * ln Λ of the two-sided mixture sequential probability ratio test of "difference = 0" with a N(0, τ²) mixture
 * (Robbins 1970; Johari, Pekelis and Walsh, "Always valid inference", 2015).
 *
 * @param difference estimated difference, in the metric's unit
 * @param variance sampling variance v of the difference, squared units, positive
 * @param priorVariance τ², squared units, positive
 * @returns natural logarithm of the e-value; reject when it reaches ln(1/α)
 * @throws RangeError when a variance is not positive and finite
 * @example
 * mixtureLogEvidence(0.01, 2e-5, 4e-4); // 0.858691162...
 */
export function mixtureLogEvidence(difference: number, variance: number, priorVariance: number): number {
  check(variance, priorVariance);
  const total = variance + priorVariance;
  return 0.5 * Math.log(variance / total) + (priorVariance * difference * difference) / (2 * variance * total);
}

/**
 * ln of the one-sided likelihood ratio against H0 "difference ≤ 0", with a half-normal mixture on positive differences:
 * 2 √(v/(v+τ²)) · exp(d²τ²/(2v(v+τ²))) · Φ(d √(τ²/(v(v+τ²)))).
 *
 * @param difference estimated difference, positive where the alternative holds
 * @param variance sampling variance v of the difference, squared units, positive
 * @param priorVariance τ², squared units, positive
 * @returns natural logarithm of the e-value; reject when it reaches ln(1/α)
 * @throws RangeError when a variance is not positive and finite
 * @example
 * oneSidedMixtureLogEvidence(0.01, 2e-5, 4e-4); // ln 4.651470
 */
export function oneSidedMixtureLogEvidence(difference: number, variance: number, priorVariance: number): number {
  check(variance, priorVariance);
  const total = variance + priorVariance;
  const z = difference * Math.sqrt(priorVariance / variance / total);
  return Math.LN2 + 0.5 * Math.log(variance / total) + logScaledNormalCdf(z);
}

/**
 * Half-width of the normal-mixture confidence sequence √( v(v+τ²)/τ² · ( ln((v+τ²)/v) + 2 ln(1/α) ) ): the interval
 * difference ± half-width covers the truth at all times at once (Robbins 1970).
 *
 * @param variance sampling variance v of the difference, squared units, positive
 * @param priorVariance τ², squared units, positive
 * @param alpha 1 − coverage, in (0, 1)
 * @returns half-width, in the metric's unit
 * @throws RangeError when an argument is outside its domain
 * @example
 * confidenceSequenceHalfWidth(2e-5, 4e-4, 0.05); // 0.0137751851...
 */
export function confidenceSequenceHalfWidth(variance: number, priorVariance: number, alpha: number): number {
  check(variance, priorVariance);
  checkAlpha(alpha);
  const total = variance + priorVariance;
  return Math.sqrt(((variance * total) / priorVariance) * (Math.log(total / variance) - 2 * Math.log(alpha)));
}

/**
 * ρ² = (−2 ln α + ln(−2 ln α + 1)) / n*: with τ² = ρ²σ² the confidence sequence is tightest near n* units
 * (Waudby-Smith et al., "Time-uniform central limit theory and asymptotic confidence sequences", 2021, appendix B.2).
 *
 * @param targetUnits n*, the number of units at which the test should be sharpest, positive
 * @param alpha error rate in (0, 1)
 * @returns ρ², without unit; multiply by the variance of one unit to get τ²
 * @throws RangeError when an argument is outside its domain
 * @example
 * mixtureScale(1000, 0.05); // 0.0079361546...
 */
export function mixtureScale(targetUnits: number, alpha: number): number {
  if (!(targetUnits > 0)) throw new RangeError(`target units must be positive, got ${targetUnits}`);
  checkAlpha(alpha);
  const budget = -2 * Math.log(alpha);
  return (budget + Math.log(budget + 1)) / targetUnits;
}

/**
 * Anytime-valid p-value of a sequential test: min(1, 1 / largest e-value so far).
 *
 * @param largestLogEvidence largest ln E seen until now
 * @returns p-value in [0, 1]
 * @example
 * anytimePValue(Math.log(20)); // 0.05
 */
export function anytimePValue(largestLogEvidence: number): number {
  return Math.min(1, Math.exp(-largestLogEvidence));
}

/**
 * Uniform confidence band of an empirical distribution function, for all x and all n at once:
 * 0.85 √((ln ln(e·n) + 0.8 ln(1612/α)) / n) (Howard and Ramdas, Bernoulli 28, 2022). Two arms differ at x if their
 * bands are disjoint.
 *
 * @param n number of observations, at least 1
 * @param alpha 1 − coverage, in (0, 1)
 * @returns half-width of the band, a probability (may exceed 1 for small n)
 * @throws RangeError when an argument is outside its domain
 * @example
 * uniformBandHalfWidth(10000, 0.05); // 0.0278...
 */
export function uniformBandHalfWidth(n: number, alpha: number): number {
  if (!(n >= 1)) throw new RangeError(`uniform band: n must be at least 1, got ${n}`);
  checkAlpha(alpha);
  return 0.85 * Math.sqrt((Math.log(1 + Math.log(n)) + 0.8 * Math.log(1612 / alpha)) / n);
}
