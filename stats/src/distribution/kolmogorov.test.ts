import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertClose } from '../testing/assert-close.ts';
import { kolmogorovFiniteSf, kolmogorovSf, kolmogorovTwoSampleSf } from './kolmogorov.ts';

/** Share of all orders of m + n values whose statistic reaches d, by listing them. */
function byListing(m: number, n: number, d: number): number {
  let [reached, all] = [0, 0];
  for (let mask = 0; mask < 2 ** (m + n); mask++) {
    let [i, j, largest] = [0, 0, 0];
    for (let k = 0; k < m + n; k++) {
      if ((mask >> k) & 1) i++;
      else j++;
      largest = Math.max(largest, Math.abs(i / m - j / n));
    }
    if (i !== m) continue;
    all++;
    if (largest >= d - 1e-9) reached++;
  }
  return reached / all;
}

// Reference values: scipy 1.17.1.
describe('Kolmogorov distributions', () => {
  it('gives the limiting tail', () => {
    const cases: [number, number][] = [
      [0.2, 0.999999999999495],
      [0.4, 0.9971923267772983],
      [0.7, 0.7112351950296893],
      [0.99, 0.2808738392255489],
      [1, 0.26999967167735456],
      [1.36, 0.049485876755377876],
      [2, 0.0006709252557796953],
      [5, 3.8574996959278356e-22],
    ];
    for (const [x, expected] of cases) assertClose(kolmogorovSf(x), expected, 1e-13);
    assert.equal(kolmogorovSf(0), 1);
  });

  it('gives the tail of one sample in every regime', () => {
    const cases: [number, number, number][] = [
      [10, 0.04, 1],
      [10, 0.08, 0.9999978058034054],
      [10, 0.3, 0.27053557479999946],
      [10, 0.6, 0.0005681672000000003],
      [10, 0.95, 1.9531250000000172e-13],
      [100, 0.05, 0.9532159710635725],
      [100, 0.12, 0.1033037490181987],
      [100, 0.3, 1.7719869892662917e-8],
      [141, 0.09, 0.19156768536655033],
      [1000, 0.01, 0.9999496745370611],
      [1000, 0.03, 0.3226902143914636],
      [1000, 0.06, 0.001428597887952891],
      [5000, 0.004, 0.9999977369528622],
      [200000, 0.002, 0.39995085369038097],
      [200000, 0.0035, 0.014858338517072333],
      [50, 0.008, 1],
    ];
    for (const [n, d, expected] of cases) assertClose(kolmogorovFiniteSf(n, d), expected, 1e-9);
    assert.equal(kolmogorovFiniteSf(5, 1), 0);
    assert.throws(() => kolmogorovFiniteSf(0, 0.1), RangeError);
  });

  it('counts two-sample paths as listing them does', () => {
    const size = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(size, size, fc.nat(6), fc.nat(6), (m, n, i, j) => {
        const d = Math.abs(Math.min(i, m) / m - Math.min(j, n) / n);
        assertClose(kolmogorovTwoSampleSf(m, n, d), byListing(m, n, d), 1e-12);
      }),
      { seed: 1, numRuns: 60 },
    );
    assertClose(kolmogorovTwoSampleSf(3, 3, 1), 0.1, 1e-14);
  });

  it('falls with the statistic', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(1000), fc.nat(1000), (n, a, b) => {
        const [low, high] = [Math.min(a, b) / 1000, Math.max(a, b) / 1000];
        assert.ok(kolmogorovFiniteSf(n, low) >= kolmogorovFiniteSf(n, high) - 1e-5);
      }),
      { seed: 1 },
    );
  });
});
