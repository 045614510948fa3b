import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertClose } from '../testing/assert-close.ts';
import { betaQuantile, logRegularizedBeta, regularizedBeta } from './incomplete-beta.ts';
import { chiSquareCdf, chiSquareSf, regularizedGammaP, regularizedGammaQ } from './incomplete-gamma.ts';
import { devianceTerm, logBeta, logGamma, stirlingError } from './log-gamma.ts';
import { erfc, logNormalCdf, logScaledNormalCdf, normalCdf, normalQuantile, normalSf } from './normal.ts';
import { studentTCdf, studentTQuantile, studentTSf, studentTTwoSidedP } from './student-t.ts';

// Reference values: mpmath with 60 digits, quantiles by scipy 1.17.
describe('distributions', () => {
  it('gives ln Γ as a 60-digit reference does', () => {
    const cases: [number, number][] = [
      [1e-5, 11.512919692895826],
      [0.1, 2.252712651734206],
      [0.5, 0.5723649429247001],
      [0.9, 0.06637623973474295],
      [1.1, -0.049872441259839764],
      [1.9, -0.03898427592308336],
      [2.5, 0.2846828704729192],
      [3, Math.LN2],
      [7.3, 7.147892523022248],
      [9.99, 12.779315214350193],
      [10, 12.801827480081469],
      [12.5, 18.734347511936445],
      [100, 359.1342053695754],
      [12345.6, 103959.18506616846],
      [1e7, 151180949.3694739],
    ];
    for (const [x, expected] of cases) assertClose(logGamma(x), expected, 2e-14, 1);
    assert.throws(() => logGamma(0), RangeError);
  });

  it('gives ln B without cancellation', () => {
    const cases: [number, number, number][] = [
      [0.5, 0.5, 1.1447298858494002],
      [2, 3, -2.4849066497880004],
      [1e-3, 5, 6.905672657062075],
      [8, 12, -13.312414980260193],
      [3, 1e6, -40.75338749333038],
      [500, 600, -759.7952301405988],
      [1e5, 3, -33.84565921410074],
      [12345, 1e7, -95031.97453973732],
      [0.3, 15, 0.29041293559257364],
    ];
    for (const [a, b, expected] of cases) {
      assertClose(logBeta(a, b), expected, 2e-13, 0.01);
      assert.equal(logBeta(a, b), logBeta(b, a));
    }
  });

  it('keeps the correction and deviance terms accurate', () => {
    assertClose(stirlingError(1), 0.08106146679532726, 1e-13);
    assertClose(stirlingError(1000), 8.333333055555635e-5, 1e-13);
    assertClose(devianceTerm(3, 2), 3 * Math.log(1.5) - 1, 1e-14);
    assertClose(devianceTerm(1e6, 1e6 + 1), 4.999996666669167e-7, 1e-12);
  });

  it('gives the normal tail with full relative accuracy', () => {
    const cases: [number, number][] = [
      [-8, 0.9999999999999993],
      [-3, 0.9986501019683699],
      [-0.7, 0.758036347776927],
      [-0.1, 0.539827837277029],
      [0, 0.5],
      [0.1, 0.460172162722971],
      [0.5, 0.3085375387259869],
      [0.66, 0.25462691467133614],
      [0.67, 0.2514288950953101],
      [1, 0.15865525393145705],
      [1.96, 0.024997895148220435],
      [3, 0.0013498980316300946],
      [5, 2.866515718791939e-7],
      [5.66, 7.568649751997714e-9],
      [8, 6.220960574271784e-16],
      [15, 3.670966199312751e-51],
      [25, 3.056696706382561e-138],
      [37, 5.725571222524577e-300],
    ];
    for (const [x, expected] of cases) {
      assertClose(normalSf(x), expected, 5e-13);
      assertClose(normalCdf(-x), expected, 5e-13);
    }
    assertClose(erfc(1), 0.15729920705028513, 1e-14);
    assert.equal(normalSf(Number.POSITIVE_INFINITY), 0);
    assert.equal(normalCdf(Number.POSITIVE_INFINITY), 1);
  });

  it('gives ln Φ far in the tail', () => {
    const cases: [number, number][] = [
      [-1e4, -50000010.12927891],
      [-100, -5005.524208694205],
      [-40, -804.6084420137538],
      [-10, -53.23128515051247],
      [-3, -6.607726221510349],
      [-1, -1.8410216450092636],
      [-0.5, -1.1759117615936185],
      [0, -Math.LN2],
      [0.3, -0.4814101615884812],
      [2, -0.02301290932896349],
      [6, -9.865876455243758e-10],
      [9, -1.1285884059538405e-19],
    ];
    for (const [x, expected] of cases) {
      assertClose(logNormalCdf(x), expected, 1e-13);
      assertClose(logScaledNormalCdf(x), expected + (x * x) / 2, 1e-11, 1 + (x * x) / 1000);
    }
  });

  it('gives normal quantiles', () => {
    const cases: [number, number][] = [
      [1e-300, -37.0470962993612],
      [1e-20, -9.262340089798409],
      [1e-5, -4.264890793922825],
      [0.01, -2.3263478740408408],
      [0.07, -1.4757910281791706],
      [0.3, -0.5244005127080409],
      [0.5, 0],
      [0.8, 0.8416212335729143],
      [0.975, 1.959963984540054],
      [0.999999999, 5.997807019601637],
    ];
    for (const [p, expected] of cases) assertClose(normalQuantile(p), expected, 1e-14);
    assert.equal(normalQuantile(0), Number.NEGATIVE_INFINITY);
    assert.equal(normalQuantile(1), Number.POSITIVE_INFINITY);
    assert.throws(() => normalQuantile(1.1), RangeError);
  });

  it('gives the incomplete gamma function', () => {
    const cases: [number, number, number][] = [
      [0.5, 0.1, 0.654720846018577],
      [0.5, 3, 0.01430587843542964],
      [0.5, 100, 2.088487583762545e-45],
      [0.5, 600, 6.0995688148084334e-263],
      [1, 2, 0.1353352832366127],
      [3, 2.5, 0.5438131158833295],
      [3, 4, 0.23810330555354434],
      [10, 10, 0.4579297144718522],
      [10, 40, 3.925932226286188e-9],
      [100, 90, 0.8417790108135699],
      [100, 110, 0.15827867006008708],
      [1000, 1200, 1.2881606086281433e-9],
      [5000, 5050, 0.2390153252401751],
      [12.5, 1, 0.999999999767829],
    ];
    for (const [a, x, expected] of cases) {
      assertClose(regularizedGammaQ(a, x), expected, 1e-12);
      assertClose(regularizedGammaP(a, x) + regularizedGammaQ(a, x), 1, 1e-14);
      assertClose(chiSquareSf(2 * x, 2 * a), expected, 1e-12);
    }
    assertClose(chiSquareCdf(2, 2), 1 - Math.exp(-1), 1e-14);
    assert.throws(() => regularizedGammaP(-1, 2), RangeError);
    assert.throws(() => regularizedGammaP(1, -2), RangeError);
  });

  it('gives the incomplete beta function', () => {
    const cases: [number, number, number, number][] = [
      [2, 3, 0.5, 0.6875],
      [0.5, 0.5, 0.1, 0.20483276469913345],
      [0.5, 0.5, 0.9, 0.7951672353008665],
      [10, 1, 0.7, 0.028247524899999984],
      [1, 10, 0.7, 0.9999940951],
      [50, 60, 0.4, 0.12470685834310036],
      [50, 60, 0.6, 0.9989432287719101],
      [500, 500, 0.52, 0.8970824726930043],
      [300, 700, 0.25, 0.00017989197772738934],
      [1000, 9000, 0.08, 5.850441644566427e-13],
      [3, 2000, 1e-4, 0.0011502831503989186],
      [0.1, 0.2, 0.3, 0.6228433547203174],
    ];
    for (const [a, b, x, expected] of cases) {
      assertClose(regularizedBeta(a, b, x), expected, 2e-12);
      assertClose(logRegularizedBeta(a, b, x), Math.log(expected), 2e-12, 1);
      assertClose(regularizedBeta(b, a, 1 - x, x), 1 - expected, 2e-12, 1);
    }
    assert.throws(() => regularizedBeta(0, 1, 0.5), RangeError);
    assert.throws(() => regularizedBeta(1, 1, 1.5), RangeError);
  });

  it('gives beta quantiles', () => {
    const cases: [number, number, number, number][] = [
      [2, 3, 0.1, 0.14255931671003072],
      [1, 1e6, 0.025, 2.5317807663794178e-8],
      [1e5, 3, 0.3, 0.9999638453384878],
      [0.5, 0.5, 0.999, 0.999997532600929],
      [10, 990, 0.975, 0.01703274677025096],
      [1e6, 1, 0.025, 0.9999963111273498],
      [37, 63, 0.5, 0.3691300312455709],
    ];
    for (const [a, b, p, expected] of cases) assertClose(betaQuantile(a, b, p), expected, 1e-12);
    assert.equal(betaQuantile(2, 3, 0), 0);
    assert.equal(betaQuantile(2, 3, 1), 1);
    assert.throws(() => betaQuantile(2, 3, 2), RangeError);
  });

  it('inverts the beta distribution everywhere', () => {
    const positive = fc.double({ min: 0.05, max: 5000, noNaN: true });
    fc.assert(
      fc.property(positive, positive, fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (a, b, p) => {
        const x = betaQuantile(a, b, p);
        const step = Math.max(4e-16, 1e-9 * Math.min(x, 1 - x));
        const low = regularizedBeta(a, b, Math.max(0, x - step));
        const high = regularizedBeta(a, b, Math.min(1, x + step));
        assert.ok(low <= p + 1e-9 && high >= p - 1e-9, `a=${a} b=${b} p=${p} x=${x}`);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it("gives Student's t", () => {
    const cases: [number, number, number][] = [
      [0.1, 1, 0.9365489651388929],
      [1, 1, 0.5],
      [2.5, 3.7, 0.07182202291182677],
      [-14.406985, 1335, 7.57772642569698e-44],
      [5, 30, 2.3296685467007796e-5],
      [0.3, 500, 0.764301835950807],
      [30, 12, 1.1773181907018948e-12],
      [20, 5000, 1.1405987847624497e-85],
    ];
    for (const [t, v, expected] of cases) {
      assertClose(studentTTwoSidedP(t, v), expected, 1e-12);
      assertClose(studentTSf(Math.abs(t), v), expected / 2, 1e-12);
      assertClose(studentTCdf(t, v) + studentTSf(t, v), 1, 1e-14);
    }
    assertClose(studentTQuantile(0.9, 1), 3.0776835371752544, 1e-13);
    assertClose(studentTQuantile(0.975, 10), 2.228138851986274, 1e-13);
    assertClose(studentTQuantile(0.01, 3.7), -3.920507819208549, 1e-13);
    assertClose(studentTQuantile(0.999, 500), 3.1066116243216286, 1e-13);
    assert.throws(() => studentTCdf(1, 0), RangeError);
  });
});
