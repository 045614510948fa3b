import { logBeta } from '../distribution/log-gamma.ts';

/** Predictions of both arms per bin of the score (or class), while the candidate had one constant weight. */
export interface ShiftStratum {
  /** Share of the traffic assigned to the candidate, in (0, 1). */
  readonly weight: number;
  /** Shape [bins]. */
  readonly candidate: ArrayLike<number>;
  /** Shape [bins]. */
  readonly champion: ArrayLike<number>;
}

/** Units assigned to both arms, while the candidate had one constant weight. */
export interface RatioStratum {
  readonly weight: number;
  readonly candidate: number;
  readonly champion: number;
}

function cell(weight: number, candidate: number, champion: number, concentration: number): number {
  if (!(candidate >= 0 && champion >= 0)) {
    throw new RangeError(`prediction shift: counts must be at least 0, got ${candidate} and ${champion}`);
  }
  const a = weight * concentration;
  const b = (1 - weight) * concentration;
  const mixture = logBeta(a + candidate, b + champion) - logBeta(a, b);
  return mixture - candidate * Math.log(weight) - champion * Math.log1p(-weight);
}

function check(weight: number, concentration: number): void {
  if (!(weight > 0 && weight < 1)) throw new RangeError(`prediction shift: weight must be in (0, 1), got ${weight}`);
  if (!(concentration > 0)) {
    throw new RangeError(`prediction shift: concentration must be positive, got ${concentration}`);
  }
}

/**
 * ln E against "both arms answer alike": within each bin the arm of a prediction is Bernoulli(w), so
 * E = Π_j B(wκ + C_j, (1−w)κ + B_j) / B(wκ, (1−w)κ) · w^(−C_j) (1−w)^(−B_j). Strata of different weight multiply.
 * It flags any difference: let it ask for a review, never fail a rollout by itself.
 *
 * @param strata predictions per bin; cut the score at the champion's quantiles, 10 bins are enough
 * @param concentration κ of the Beta mixture, 100 to 500 units
 * @returns natural logarithm of the e-value, 0 without data
 * @throws RangeError when bins of the arms differ in number or an argument is outside its domain
 * @example
 * predictionShiftLogEvidence([{ weight: 0.5, candidate: [90, 10], champion: [50, 50] }]); // 7.773771...
 */
export function predictionShiftLogEvidence(strata: readonly ShiftStratum[], concentration = 100): number {
  let total = 0;
  for (const { weight, candidate, champion } of strata) {
    check(weight, concentration);
    if (candidate.length !== champion.length) {
      throw new RangeError(`prediction shift: ${candidate.length} candidate bins but ${champion.length} champion bins`);
    }
    for (let j = 0; j < candidate.length; j++) total += cell(weight, candidate[j]!, champion[j]!, concentration);
  }
  return total;
}

/**
 * ln E against "units were assigned with the declared weights": the prediction-shift test with a single cell. A
 * mismatch means broken routing or logging, so no verdict may be given.
 *
 * @param strata assigned units per interval of constant weight
 * @param concentration κ of the Beta mixture; large values look for small mismatches
 * @returns natural logarithm of the e-value, 0 without data
 * @throws RangeError when an argument is outside its domain
 * @example
 * sampleRatioLogEvidence([{ weight: 0.5, candidate: 4500, champion: 5500 }]); // far above ln 1000
 */
export function sampleRatioLogEvidence(strata: readonly RatioStratum[], concentration = 1000): number {
  let total = 0;
  for (const { weight, candidate, champion } of strata) {
    check(weight, concentration);
    total += cell(weight, candidate, champion, concentration);
  }
  return total;
}
