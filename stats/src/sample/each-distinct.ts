/**
 * Walks two sorted samples together, one call per distinct value in ascending order.
 *
 * @param a shape [m], ascending
 * @param b shape [n], ascending
 * @param visit called with the value and the half-open ranges of positions at which each sample holds it
 * @example
 * eachDistinct([1, 2], [2], (value, fromA, toA, fromB, toB) => {}); // (1, 0, 1, 0, 0), then (2, 1, 2, 0, 1)
 */
export function eachDistinct(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  visit: (value: number, fromA: number, toA: number, fromB: number, toB: number) => void,
): void {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const value = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    const fromA = i;
    const fromB = j;
    while (i < a.length && a[i]! <= value) i++;
    while (j < b.length && b[j]! <= value) j++;
    visit(value, fromA, i, fromB, j);
  }
}
