import { checkNumbers, checkPaired } from '../metrics/check-input.ts';
import { ascendingOrder } from '../sample/ranks.ts';

/** A non-decreasing, piecewise linear map. Plain JSON. */
export interface IsotonicMap {
  /** Distinct inputs, ascending. */
  readonly inputs: readonly number[];
  /** Outputs at the inputs, non-decreasing. */
  readonly outputs: readonly number[];
}

/**
 * Least-squares non-decreasing fit by pooling adjacent violators (Ayer et al., Ann. Math. Statist. 26, 1955): with
 * labels as targets it calibrates scores (Zadrozny and Elkan, KDD 2002).
 *
 * @param inputs shape [n], for example scores
 * @param targets shape [n], for example labels 0 and 1
 * @returns the fit at the distinct inputs; rows of equal input count as their mean
 * @throws RangeError on different lengths, no rows or NaN
 * @example
 * fitIsotonic([0.1, 0.2, 0.3], [0, 1, 0]).outputs; // [0, 0.5, 0.5]
 */
export function fitIsotonic(inputs: ArrayLike<number>, targets: ArrayLike<number>): IsotonicMap {
  checkPaired('isotonic fit', inputs, targets);
  checkNumbers('isotonic fit', inputs);
  checkNumbers('isotonic fit', targets);
  const order = ascendingOrder(inputs);
  const distinct: number[] = [];
  // Blocks as parallel stacks: sum of targets, rows, distinct inputs.
  const sums: number[] = [];
  const weights: number[] = [];
  const widths: number[] = [];
  for (let start = 0; start < order.length; ) {
    const input = inputs[order[start]!]!;
    let total = 0;
    let end = start;
    for (; end < order.length && inputs[order[end]!] === input; end++) total += targets[order[end]!]!;
    distinct.push(input);
    sums.push(total);
    weights.push(end - start);
    widths.push(1);
    poolViolators(sums, weights, widths);
    start = end;
  }
  const outputs = widths.flatMap((width, b) => new Array<number>(width).fill(sums[b]! / weights[b]!));
  return { inputs: distinct, outputs };
}

/** Merges the last blocks while their means fall. */
function poolViolators(sums: number[], weights: number[], widths: number[]): void {
  for (let last = sums.length - 1; last > 0; last--) {
    if (sums[last - 1]! / weights[last - 1]! < sums[last]! / weights[last]!) return;
    sums[last - 1]! += sums.pop()!;
    weights[last - 1]! += weights.pop()!;
    widths[last - 1]! += widths.pop()!;
  }
}

/**
 * Applies an isotonic map: linear between its inputs, constant beyond them.
 *
 * @param map fitted map
 * @param values shape [n]
 * @returns shape [n]
 * @example
 * applyIsotonic({ inputs: [0, 1], outputs: [0.2, 0.6] }, [0.5, 9]); // Float64Array [0.4, 0.6]
 */
export function applyIsotonic(map: IsotonicMap, values: ArrayLike<number>): Float64Array {
  const { inputs, outputs } = map;
  const result = new Float64Array(values.length);
  for (let i = 0; i < result.length; i++) result[i] = interpolate(inputs, outputs, values[i]!);
  return result;
}

function interpolate(inputs: readonly number[], outputs: readonly number[], value: number): number {
  let low = 0;
  let high = inputs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (inputs[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return Number.isNaN(value) ? Number.NaN : outputs[0]!;
  if (low === inputs.length) return outputs[low - 1]!;
  const share = (value - inputs[low - 1]!) / (inputs[low]! - inputs[low - 1]!);
  return outputs[low - 1]! + share * (outputs[low]! - outputs[low - 1]!);
}
