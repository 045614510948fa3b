/**
 * Throws unless `actual` equals `expected` within a relative tolerance (absolute where |expected| < `floor`).
 *
 * @param actual value under test
 * @param expected reference value; NaN and infinities must match exactly
 * @param tolerance allowed relative error
 * @param floor magnitude below which the error is taken relative to this value
 * @throws Error naming both values
 * @example
 * assertClose(0.1 + 0.2, 0.3);
 */
export function assertClose(actual: number, expected: number, tolerance = 1e-9, floor = 1e-300): void {
  if (Object.is(actual, expected)) return;
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), floor);
  if (error <= tolerance) return;
  throw new Error(`got ${actual}, expected ${expected} (relative error ${error}, allowed ${tolerance})`);
}
