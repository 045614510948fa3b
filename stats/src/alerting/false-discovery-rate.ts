import { ascendingOrder } from '../sample/ranks.ts';

/**
 * p-values adjusted so that rejecting those ≤ q keeps the false discovery rate at q: Benjamini and Hochberg (J. R.
 * Statist. Soc. B 57, 1995) for independent or positively dependent tests, Benjamini and Yekutieli (Ann. Statist. 29,
 * 2001) for any dependence.
 *
 * @param pValues shape [tests], in [0, 1]; NaN (a test without data) stays NaN and is not counted
 * @param dependence default `positive`
 * @returns shape [tests], adjusted p-values
 * @throws RangeError when a p-value is outside [0, 1]
 * @example
 * adjustForFalseDiscovery([0.01, 0.04, 0.03]); // Float64Array [0.03, 0.04, 0.04]
 */
export function adjustForFalseDiscovery(
  pValues: ArrayLike<number>,
  dependence: 'positive' | 'any' = 'positive',
): Float64Array {
  let tests = 0;
  for (let i = 0; i < pValues.length; i++) {
    const p = pValues[i]!;
    if (p < 0 || p > 1) throw new RangeError(`false discovery: p-value ${i} must be in [0, 1], got ${p}`);
    if (!Number.isNaN(p)) tests++;
  }
  let factor = tests;
  if (dependence === 'any') {
    let harmonic = 0;
    for (let k = 1; k <= tests; k++) harmonic += 1 / k;
    factor *= harmonic;
  }
  const adjusted = new Float64Array(pValues.length).fill(Number.NaN);
  const order = ascendingOrder(pValues);
  let smallest = 1;
  for (let rank = tests; rank >= 1; rank--) {
    const test = order[rank - 1]!;
    smallest = Math.min(smallest, (pValues[test]! * factor) / rank);
    adjusted[test] = smallest;
  }
  return adjusted;
}
