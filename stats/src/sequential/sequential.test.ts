import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertClose } from '../testing/assert-close.ts';
import { absoluteBoundEvidence } from './absolute-bound-test.ts';
import {
  addCluster,
  type ClusterSums,
  meanDifferenceEvidence,
  mergeClusters,
  NO_CLUSTERS,
  pairedMeanEvidence,
  stratifiedMeanDifference,
} from './mean-difference-test.ts';
import {
  anytimePValue,
  confidenceSequenceHalfWidth,
  mixtureLogEvidence,
  mixtureScale,
  oneSidedMixtureLogEvidence,
  uniformBandHalfWidth,
} from './normal-mixture.ts';
import {
  betaOddsLogEvidence,
  oddsFailEvidence,
  oddsLogEvidence,
  oddsPassEvidence,
  oddsRatioInterval,
} from './odds-test.ts';
import { expectedBadUnits, expectedSecondsToVerdict, splitAlpha } from './planning.ts';
import { predictionShiftLogEvidence, sampleRatioLogEvidence } from './prediction-shift-test.ts';
import { type CountStratum, stratifiedDifference } from './stratified-difference.ts';

/** Simpson's rule with an even number of steps. */
function integrate(f: (x: number) => number, from: number, to: number, steps: number): number {
  const h = (to - from) / steps;
  let total = f(from) + f(to);
  for (let i = 1; i < steps; i++) total += f(from + i * h) * (i % 2 === 1 ? 4 : 2);
  return (total * h) / 3;
}

const oneSidedByIntegration = (d: number, v: number, tau2: number): number => {
  const tau = Math.sqrt(tau2);
  const density = (x: number) => (2 * Math.exp((-x * x) / (2 * tau2))) / (tau * Math.sqrt(2 * Math.PI));
  return integrate((x) => density(x) * Math.exp((2 * d * x - x * x) / (2 * v)), 0, 12 * tau, 20000);
};

describe('sequential tests', () => {
  it('gives the normal mixture of the published example', () => {
    assertClose(Math.exp(oneSidedMixtureLogEvidence(0.01, 2e-5, 4e-4)), 4.65147, 1e-7);
    assertClose(confidenceSequenceHalfWidth(2e-5, 4e-4, 0.05), 0.0137752, 4e-6);
    assertClose(mixtureLogEvidence(0.01, 2e-5, 4e-4), Math.log(Math.sqrt(1 / 21)) + 4e-8 / (2 * 2e-5 * 4.2e-4), 1e-13);
    for (const [d, v, tau2] of [
      [0.01, 2e-5, 4e-4],
      [-0.01, 2e-5, 4e-4],
      [-0.5, 0.1, 1],
      [2, 0.5, 1],
    ] as const) {
      assertClose(Math.exp(oneSidedMixtureLogEvidence(d, v, tau2)), oneSidedByIntegration(d, v, tau2), 1e-9);
    }
    assert.throws(() => oneSidedMixtureLogEvidence(0, 0, 1), RangeError);
  });

  it('stays finite where the factors of the one-sided mixture overflow', () => {
    assert.ok(Number.isFinite(oneSidedMixtureLogEvidence(-100, 1e-4, 1)));
    assert.ok(Number.isFinite(oneSidedMixtureLogEvidence(100, 1e-4, 1)));
    assert.ok(oneSidedMixtureLogEvidence(-100, 1e-4, 1) < -10);
  });

  it('has a confidence sequence that excludes exactly what the two-sided mixture rejects', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 10, noNaN: true }),
        fc.double({ min: 1e-6, max: 10, noNaN: true }),
        fc.double({ min: 0.001, max: 0.5, noNaN: true }),
        (v, tau2, alpha) => {
          const edge = confidenceSequenceHalfWidth(v, tau2, alpha);
          assertClose(mixtureLogEvidence(edge, v, tau2), -Math.log(alpha), 1e-9);
        },
      ),
      { seed: 1 },
    );
  });

  it('is tightest near the number of units it was tuned for', () => {
    const width = (n: number, target: number) =>
      confidenceSequenceHalfWidth(1 / n, mixtureScale(target, 0.05), 0.05) * Math.sqrt(n);
    assert.ok(width(1000, 1000) < width(1000, 100));
    assert.ok(width(1000, 1000) < width(1000, 10000));
    assertClose(mixtureScale(1000, 0.05), (2 * Math.log(20) + Math.log(2 * Math.log(20) + 1)) / 1000, 1e-14);
  });

  it('turns evidence into an anytime p-value and gives the uniform band', () => {
    assertClose(anytimePValue(Math.log(20)), 0.05, 1e-14);
    assert.equal(anytimePValue(-3), 1);
    const expected = 0.85 * Math.sqrt((Math.log(Math.log(Math.E * 10000)) + 0.8 * Math.log(1612 / 0.05)) / 10000);
    assertClose(uniformBandHalfWidth(10000, 0.05), expected, 1e-13);
  });

  it('removes the confounding of weight and drifting rate by strata', () => {
    const strata: CountStratum[] = [
      { candidateUnits: 1000, candidateBad: 10, championUnits: 9000, championBad: 90 },
      { candidateUnits: 5000, candidateBad: 400, championUnits: 5000, championBad: 400 },
    ];
    assertClose(stratifiedDifference(strata)!.difference, 0, 1, 1e-15);
    const one = stratifiedDifference([{ candidateUnits: 100, candidateBad: 4, championUnits: 900, championBad: 18 }])!;
    assertClose(one.difference, 0.02, 1e-12);
    // e(n−e) n_C n_B / (n²(n−1)) / ω² with ω = 90
    assertClose(one.variance, (22 * 978 * 100 * 900) / (1000 ** 2 * 999) / 90 ** 2, 1e-12);
    assert.equal(
      stratifiedDifference([{ candidateUnits: 0, candidateBad: 0, championUnits: 9, championBad: 1 }]),
      null,
    );
    assert.throws(
      () => stratifiedDifference([{ candidateUnits: 1, candidateBad: 2, championUnits: 9, championBad: 1 }]),
      RangeError,
    );
  });

  it('gives the odds test of the published examples', () => {
    const at = (badCandidate: number, badChampion: number) => [{ weight: 0.1, badCandidate, badChampion }];
    assertClose(Math.exp(oddsFailEvidence(at(10, 30))), 14.7469, 5e-6);
    assertClose(Math.exp(oddsFailEvidence(at(4, 36))), 0.339647, 2e-6);
    assert.equal(oddsFailEvidence([]), 0);
    assert.equal(oddsPassEvidence([], 2), 0);
    assert.throws(() => oddsFailEvidence([{ weight: 1.2, badCandidate: 0, badChampion: 0 }]), RangeError);
    assert.throws(() => oddsPassEvidence(at(1, 1), 1), RangeError);
  });

  it('has odds evidence with expectation 1 under the null hypothesis, whatever the weights', () => {
    const weight = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 8 }), fc.constantFrom(1, 1.5, 2), (weights, psi0) => {
        let expectation = 0;
        for (let outcome = 0; outcome < 2 ** weights.length; outcome++) {
          let probability = 1;
          const strata = weights.map((w, i) => {
            const hit = (outcome >> i) & 1;
            const t = (w * psi0) / (1 - w + w * psi0);
            probability *= hit === 1 ? t : 1 - t;
            return { weight: w, badCandidate: hit, badChampion: 1 - hit };
          });
          expectation += probability * Math.exp(oddsLogEvidence(strata, [0.5, 2, 7], psi0));
        }
        assertClose(expectation, 1, 1e-10);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('gives the same odds evidence for a stratum split in two', () => {
    const whole = [{ weight: 0.2, badCandidate: 7, badChampion: 12 }];
    const parts = [
      { weight: 0.2, badCandidate: 3, badChampion: 10 },
      { weight: 0.2, badCandidate: 4, badChampion: 2 },
    ];
    assertClose(oddsFailEvidence(parts), oddsFailEvidence(whole), 1e-14);
  });

  it('bounds the rate ratio by an interval that holds the estimate', () => {
    const even = oddsRatioInterval([{ weight: 0.5, badCandidate: 100, badChampion: 100 }], 0.05);
    assert.ok(even.lower > 0.5 && even.lower < 0.8 && even.upper > 1.25 && even.upper < 2);
    assertClose(even.lower * even.upper, 1, 1e-6);
    const empty = oddsRatioInterval([], 0.05);
    assert.deepEqual(empty, { lower: 0, upper: Number.POSITIVE_INFINITY });
    const onlyChampion = oddsRatioInterval([{ weight: 0.5, badCandidate: 0, badChampion: 200 }], 0.05);
    assert.equal(onlyChampion.lower, 0);
    assert.ok(onlyChampion.upper < 0.1);
    const huge = oddsRatioInterval([{ weight: 0.5, badCandidate: 1e6, badChampion: 2e6 }], 0.05);
    assert.ok(huge.lower < 0.5 && huge.upper > 0.5 && huge.upper / huge.lower < 1.02);
  });

  it('gives the beta form by integration over its prior', () => {
    const stratum = { weight: 0.3, badCandidate: 6, badChampion: 4 };
    const density = (t: number) => t * (1 - t) ** 3 * 20; // Beta(2, 4)
    const ratio = (t: number) => (t / 0.3) ** 6 * ((1 - t) / 0.7) ** 4;
    const two = integrate((t) => density(t) * ratio(t), 0, 1, 2000);
    assertClose(Math.exp(betaOddsLogEvidence(stratum, { a: 2, b: 4 }, 'two')), two, 1e-9);
    const mass = integrate(density, 0.3, 1, 2000);
    const one = integrate((t) => density(t) * ratio(t), 0.3, 1, 2000) / mass;
    assertClose(Math.exp(betaOddsLogEvidence(stratum, { a: 2, b: 4 }, 'one')), one, 1e-9);
  });

  it('gives the absolute bound test by integration over its truncated prior', () => {
    const density = (p: number) => 12 * p * (1 - p) ** 2; // Beta(2, 3)
    const ratio = (p: number) => (p / 0.2) ** 3 * ((1 - p) / 0.8) ** 27;
    const evidence = absoluteBoundEvidence({ units: 30, bad: 3 }, 0.2, { a: 2, b: 3 });
    const pass = integrate((p) => density(p) * ratio(p), 0, 0.2, 2000) / integrate(density, 0, 0.2, 2000);
    const fail = integrate((p) => density(p) * ratio(p), 0.2, 1, 2000) / integrate(density, 0.2, 1, 2000);
    assertClose(Math.exp(evidence.logEPass), pass, 1e-9);
    assertClose(Math.exp(evidence.logEFail), fail, 1e-9);
    const none = absoluteBoundEvidence({ units: 0, bad: 0 }, 0.001);
    assertClose(none.logEPass, 0, 1, 1e-12);
    assert.ok(absoluteBoundEvidence({ units: 5000, bad: 2 }, 0.002).logEPass > Math.log(20));
    assert.ok(absoluteBoundEvidence({ units: 1e7, bad: 40000 }, 0.002).logEFail > 1000);
    assert.throws(() => absoluteBoundEvidence({ units: 1, bad: 2 }, 0.1), RangeError);
  });

  it('sees shifted predictions and broken splits, and not the honest ones', () => {
    assert.ok(predictionShiftLogEvidence([{ weight: 0.5, candidate: [90, 10], champion: [50, 50] }]) > Math.log(20));
    assert.ok(predictionShiftLogEvidence([{ weight: 0.5, candidate: [50, 50], champion: [50, 50] }]) < 0);
    assert.ok(sampleRatioLogEvidence([{ weight: 0.5, candidate: 4500, champion: 5500 }]) > Math.log(1000));
    assert.ok(sampleRatioLogEvidence([{ weight: 0.1, candidate: 1000, champion: 9000 }]) < 0);
    assert.equal(sampleRatioLogEvidence([]), 0);
    const cell = (x: number) => 3 * (1 - x) ** 2; // Beta(1, 3): κ = 4, w = ¼
    const byHand = integrate((x) => cell(x) * (x / 0.25) ** 2 * ((1 - x) / 0.75) ** 5, 0, 1, 2000);
    const [candidate, champion] = [2, 5];
    assertClose(Math.exp(sampleRatioLogEvidence([{ weight: 0.25, candidate, champion }], 4)), byHand, 1e-9);
    assert.throws(() => predictionShiftLogEvidence([{ weight: 0.5, candidate: [1], champion: [1, 2] }]), RangeError);
  });

  it('plans as the published table does', () => {
    const pass = (weight: number, nullRatio: number) =>
      Math.round(expectedBadUnits({ weight, truth: 1, nullRatio, level: 0.05, mixturePoints: 1 }));
    const fail = (weight: number, truth: number) =>
      Math.round(expectedBadUnits({ weight, truth, nullRatio: 1, level: 0.05, mixturePoints: 6 }));
    const weights = [0.01, 0.05, 0.1, 0.25, 0.5];
    assert.deepEqual(
      weights.map((w) => pass(w, 1.25)),
      [11286, 2368, 1260, 619, 482],
    );
    assert.deepEqual(
      weights.map((w) => pass(w, 2)),
      [992, 212, 115, 60, 51],
    );
    assert.deepEqual(
      weights.map((w) => fail(w, 1.5)),
      [4499, 962, 524, 276, 238],
    );
    assert.deepEqual(
      weights.map((w) => fail(w, 3)),
      [383, 88, 52, 33, 37],
    );
    const plan = { weight: 0.1, truth: 1, nullRatio: 2, level: 0.05, mixturePoints: 1 };
    assertClose(
      expectedSecondsToVerdict(plan, { unitsPerSecond: 100, badRate: 0.02 }),
      expectedBadUnits(plan) / 2,
      1e-14,
    );
    assert.equal(expectedBadUnits({ ...plan, truth: 2 }), Number.POSITIVE_INFINITY);
    assert.equal(expectedSecondsToVerdict(plan, { unitsPerSecond: 0, badRate: 0.02 }), Number.POSITIVE_INFINITY);
    assert.deepEqual(splitAlpha(0.05, [1, 1]), [0.025, 0.025]);
  });

  it('keeps running sums over clusters that can be merged', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2 }),
        fc.nat(50),
        (values, cut) => {
          const gather = (part: number[]) => part.reduce<ClusterSums>(addCluster, NO_CLUSTERS);
          const whole = gather(values);
          const merged = mergeClusters(gather(values.slice(0, cut)), gather(values.slice(cut)));
          const centre = values.reduce((a, b) => a + b, 0) / values.length;
          const squares = values.reduce((a, b) => a + (b - centre) ** 2, 0);
          assert.equal(merged.clusters, values.length);
          assertClose(whole.meanDifference, centre, 1e-9, 1);
          assertClose(merged.meanDifference, centre, 1e-9, 1);
          assertClose(whole.clusterVariance, squares / (values.length - 1), 1e-9, 1);
          assertClose(merged.clusterVariance, squares / (values.length - 1), 1e-9, 1);
        },
      ),
      { seed: 1 },
    );
  });

  it('gives both sides of a mean difference', () => {
    const evidence = meanDifferenceEvidence(
      { difference: 0.01, variance: 2e-5 },
      { margin: 0.02, priorVariance: 4e-4, alpha: 0.05 },
    );
    assertClose(Math.exp(evidence.logEFail), 4.65147, 1e-7);
    assertClose(Math.exp(evidence.logEPass), 4.65147, 1e-7);
    assertClose(evidence.upper - evidence.lower, 2 * 0.0137752, 4e-6);
    const moments = (mean: number) => ({ units: 100, mean, variance: 0.04 });
    const estimate = stratifiedMeanDifference([{ candidate: moments(0.5), champion: moments(0.4) }])!;
    assertClose(estimate.difference, 0.1, 1e-12);
    assertClose(estimate.variance, 0.0008, 1e-12);
  });

  it('claims nothing from few clusters and passes identical answers', () => {
    const plan = { margin: 0.01, alpha: 0.05, targetClusters: 400 };
    const few = pairedMeanEvidence({ clusters: 49, meanDifference: 5, clusterVariance: 0.1 }, plan);
    assert.deepEqual([few.logEFail, few.logEPass, few.upper], [0, 0, Number.POSITIVE_INFINITY]);
    const same = pairedMeanEvidence({ clusters: 60, meanDifference: 0, clusterVariance: 0 }, plan);
    assert.ok(same.logEPass > Math.log(20) && Number.isFinite(same.logEPass));
    assert.ok(same.logEFail < 0);
    const worse = pairedMeanEvidence({ clusters: 400, meanDifference: 0.05, clusterVariance: 0.01 }, plan);
    assert.ok(worse.logEFail > Math.log(20) && worse.logEPass < 0 && worse.lower > 0);
  });
});
