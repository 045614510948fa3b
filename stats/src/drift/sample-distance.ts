import { eachDistinct } from '../sample/each-distinct.ts';
import { sortedFinite } from '../sample/ranks.ts';
import { variance } from '../sample/sum.ts';

/** Sums f(|F − G|) · width over the intervals between consecutive values of both samples. */
function integrateGap(a: Float64Array, b: Float64Array, power: 1 | 2): number {
  if (a.length === 0 || b.length === 0) throw new RangeError('distance: a sample has no finite values');
  let total = 0;
  let compensation = 0;
  let gap = 0;
  let previous = Math.min(a[0]!, b[0]!);
  eachDistinct(a, b, (value, _fromA, toA, _fromB, toB) => {
    // Kahan's compensated sum
    const term = (power === 1 ? gap : gap * gap) * (value - previous) - compensation;
    const next = total + term;
    compensation = next - total - term;
    total = next;
    previous = value;
    gap = Math.abs(toA / a.length - toB / b.length);
  });
  return total;
}

/**
 * Wasserstein-1 (earth mover's) distance ∫ |F − G| (Vallender, Theory Probab. Appl. 18, 1974).
 *
 * @param reference shape [n]; NaN and ±∞ are dropped
 * @param current shape [m]; NaN and ±∞ are dropped
 * @returns distance in the unit of the values
 * @throws RangeError when a sample has no finite values
 * @example
 * wassersteinDistance([0, 1, 3], [5, 6, 8]); // 5
 */
export function wassersteinDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  return integrateGap(sortedFinite(reference), sortedFinite(current), 1);
}

/**
 * Wasserstein-1 distance in standard deviations of the reference, the deviation taken as at least 0.001 (Evidently).
 *
 * @param reference shape [n]; NaN and ±∞ are dropped
 * @param current shape [m]; NaN and ±∞ are dropped
 * @returns distance without unit; not meaningful for a constant reference
 * @throws RangeError when a sample has no finite values
 * @example
 * normalisedWasserstein([0, 2], [1, 3]); // 1
 */
export function normalisedWasserstein(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const sorted = sortedFinite(reference);
  return integrateGap(sorted, sortedFinite(current), 1) / Math.max(Math.sqrt(variance(sorted, 0)), 0.001);
}

/**
 * Energy distance √(2 ∫ (F − G)²) (Székely and Rizzo, J. Statist. Planning Inference 143, 2013).
 *
 * @param reference shape [n]; NaN and ±∞ are dropped
 * @param current shape [m]; NaN and ±∞ are dropped
 * @returns distance in the root of the values' unit
 * @throws RangeError when a sample has no finite values
 * @example
 * energyDistance([0], [2]); // 2
 */
export function energyDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  return Math.sqrt(2 * integrateGap(sortedFinite(reference), sortedFinite(current), 2));
}
