/** Units and bad events of both arms in one stratum (one step and check interval). */
export interface CountStratum {
  readonly candidateUnits: number;
  readonly candidateBad: number;
  readonly championUnits: number;
  readonly championBad: number;
}

/** An estimated difference with its sampling variance. */
export interface EstimatedDifference {
  readonly difference: number;
  /** Squared unit of the difference. */
  readonly variance: number;
}

/**
 * Difference of bad rates, candidate − champion, stratified so that a rate that drifts while the weight changes does
 * not bias it (Mantel and Haenszel's weights ω = n_C n_B / n; hypergeometric variance within strata, given the bad
 * events).
 *
 * @param strata counts per stratum; strata with an empty arm or fewer than two units carry no information
 * @returns difference of rates and its variance; `null` when no stratum has both arms
 * @throws RangeError when a count is negative or more units are bad than there are
 * @example
 * stratifiedDifference([{ candidateUnits: 100, candidateBad: 4, championUnits: 900, championBad: 18 }]);
 * // { difference: 0.02, variance: 0.000239... }
 */
export function stratifiedDifference(strata: readonly CountStratum[]): EstimatedDifference | null {
  let weightSum = 0;
  let weighted = 0;
  let spread = 0;
  for (const stratum of strata) {
    const { candidateUnits, candidateBad, championUnits, championBad } = stratum;
    if (!(candidateBad >= 0 && championBad >= 0 && candidateBad <= candidateUnits && championBad <= championUnits)) {
      throw new RangeError(`stratified difference: bad events must be between 0 and units: ${JSON.stringify(stratum)}`);
    }
    if (candidateUnits === 0 || championUnits === 0) continue;
    const units = candidateUnits + championUnits;
    const bad = candidateBad + championBad;
    const weight = (candidateUnits * championUnits) / units;
    weightSum += weight;
    weighted += weight * (candidateBad / candidateUnits - championBad / championUnits);
    spread += (bad * (units - bad) * weight) / (units * (units - 1));
  }
  if (weightSum === 0) return null;
  return { difference: weighted / weightSum, variance: spread / weightSum ** 2 };
}
