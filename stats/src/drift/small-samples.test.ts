import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertClose } from '../testing/assert-close.ts';
import { SMALL_SAMPLES } from '../testing/small-samples.ts';
import { andersonDarling } from './anderson-darling.ts';
import { fisherExact, gTest } from './count-tests.ts';
import { cramerVonMises } from './cramer-von-mises.ts';
import { eppsSingleton } from './epps-singleton.ts';
import { kolmogorovSmirnov, type TestResult } from './kolmogorov-smirnov.ts';
import { mannWhitney, studentTTest, welchTTest } from './location-tests.ts';
import { maximumMeanDiscrepancy, totalVariationTest } from './permutation-tests.ts';
import { energyDistance, normalisedWasserstein, wassersteinDistance } from './sample-distance.ts';

function assertTest(actual: TestResult, [statistic, pValue]: readonly [number, number], tolerance = 1e-9): void {
  assertClose(actual.statistic, statistic, tolerance, 1e-3);
  assertClose(actual.pValue, pValue, tolerance, 1e-9);
}

// Reference values: scipy 1.17.1.
describe('tests on small samples', () => {
  it('give what scipy gives', () => {
    for (const sample of SMALL_SAMPLES) {
      const { a, b } = sample;
      assertTest(kolmogorovSmirnov(a, b), sample.ks);
      assertClose(kolmogorovSmirnov(a, b, 'asymptotic').pValue, sample.ksAsymptotic);
      assertTest(cramerVonMises(a, b), sample.cvm);
      if (sample.anderson !== null) assertTest(andersonDarling([a, b]), sample.anderson);
      if (sample.epps !== null) assertTest(eppsSingleton(a, b), sample.epps);
      assertTest(mannWhitney(a, b), sample.mannWhitney);
      assertClose(wassersteinDistance(a, b), sample.wasserstein);
      assertClose(energyDistance(a, b), sample.energy);
    }
  });

  it('compare more than two samples by Anderson and Darling', () => {
    const three = andersonDarling([
      [1, 2, 3, 4, 7],
      [2, 3, 5, 6],
      [4, 6, 8, 9, 9.5],
    ]);
    assertTest(three, [1.8361454347093433, 0.055841315722281834]);
    assert.throws(() => andersonDarling([[1, 2]]), RangeError);
    assert.throws(
      () =>
        andersonDarling([
          [1, 1],
          [1, 1],
        ]),
      /distinct/,
    );
  });

  it('count tables as scipy does', () => {
    assertClose(
      fisherExact([
        [8, 2],
        [1, 5],
      ]),
      0.034965034965034975,
      1e-12,
    );
    assertClose(
      fisherExact([
        [100, 50],
        [120, 30],
      ]),
      0.012838033555075163,
      1e-11,
    );
    assertTest(gTest([50, 50], [60, 40]), [4.027102710137775, 0.04477477232924418]);
    assert.throws(
      () =>
        fisherExact([
          [0.5, 2],
          [1, 5],
        ]),
      RangeError,
    );
  });

  it('drop what is not finite, and refuse what is empty', () => {
    const dirty = [1, Number.NaN, 2, Number.POSITIVE_INFINITY, 3];
    assert.equal(wassersteinDistance(dirty, [1, 2, 3]), 0);
    assert.equal(kolmogorovSmirnov(dirty, [1, 2, 3]).statistic, 0);
    const tests = [wassersteinDistance, energyDistance, normalisedWasserstein, kolmogorovSmirnov, cramerVonMises];
    for (const test of [...tests, eppsSingleton, studentTTest, welchTTest, mannWhitney]) {
      assert.throws(() => test([Number.NaN], [1, 2, 3, 4, 5]), RangeError);
    }
    assert.throws(() => eppsSingleton([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]), /interquartile range is 0/);
  });

  it('find a shift by permutation and leave equal samples alone', () => {
    const [a, b] = [SMALL_SAMPLES.at(-1)!.a, SMALL_SAMPLES.at(-1)!.b];
    const shifted = b.map((x) => x + 3);
    assert.ok(maximumMeanDiscrepancy(a, shifted, { seed: 1, iterations: 200 }).pValue < 0.01);
    assert.ok(maximumMeanDiscrepancy(a, a, { seed: 1, iterations: 200 }).pValue > 0.9);
    const plane = { seed: 2, iterations: 200, dimensions: 2 };
    assert.ok(maximumMeanDiscrepancy([...a, ...a], shifted.slice(0, 80), plane).pValue < 0.01);
    assert.ok(totalVariationTest([50, 50, 0], [30, 30, 40], { seed: 1 }).pValue < 0.002);
    assert.equal(totalVariationTest([50, 50], [50, 50], { seed: 1 }).pValue, 1);
    assert.throws(() => maximumMeanDiscrepancy([1], [1, 2], { seed: 1 }), RangeError);
  });
});
