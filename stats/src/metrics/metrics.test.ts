import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertClose } from '../testing/assert-close.ts';
import { SCORED_ROWS } from '../testing/scored-rows.ts';
import { calibrationCurve, expectedCalibrationError } from './calibration.ts';
import { accuracyAt, confusionAt, confusionMatrix, confusionRates, macroRates } from './confusion.ts';
import { brierScore, logLoss, logLossPerRow } from './probability-metrics.ts';
import { areaUnderRoc, averagePrecision } from './ranking-metrics.ts';
import {
  absoluteErrorPerRow,
  meanAbsoluteError,
  meanError,
  quantileLoss,
  rootMeanSquaredError,
  rSquared,
  squaredErrorPerRow,
} from './regression-metrics.ts';

const { labels, a, b, weights } = SCORED_ROWS;

function countPairs(rows: readonly { label: number; score: number }[]): { wins: number; pairs: number } {
  let [wins, pairs] = [0, 0];
  for (const p of rows.filter((r) => r.label === 1)) {
    for (const q of rows.filter((r) => r.label === 0)) {
      pairs++;
      wins += (1 + Math.sign(p.score - q.score)) / 2;
    }
  }
  return { wins, pairs };
}

// Reference values on the forty rows: scikit-learn 1.9.1.
describe('metrics', () => {
  it('ranks as scikit-learn does, with ties and weights', () => {
    assertClose(areaUnderRoc(labels, a), 0.8823529411764706, 1e-14);
    assertClose(areaUnderRoc(labels, a, weights), 0.91275, 1e-13);
    assertClose(averagePrecision(labels, a), 0.876448866330742, 1e-13);
    assert.equal(areaUnderRoc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 0.75);
    assert.equal(areaUnderRoc([0, 1], [0.5, 0.5]), 0.5);
    assert.ok(Number.isNaN(areaUnderRoc([1, 1], [0.5, 0.6])));
    assert.ok(Number.isNaN(averagePrecision([0, 0], [0.5, 0.6])));
  });

  it('has an area that pair counting confirms and monotone maps keep', () => {
    const row = fc.record({ label: fc.constantFrom(0, 1), score: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 30 }), (rows) => {
        const y = rows.map((r) => r.label);
        const s = rows.map((r) => r.score);
        const { wins, pairs } = countPairs(rows);
        const area = areaUnderRoc(y, s);
        if (pairs === 0) assert.ok(Number.isNaN(area));
        else {
          assertClose(area, wins / pairs, 1e-12);
          assertClose(
            areaUnderRoc(
              y,
              s.map((x) => Math.exp(x)),
            ),
            area,
            1e-12,
          );
          assertClose(
            areaUnderRoc(
              y,
              s.map((x) => -x),
            ),
            1 - area,
            1e-12,
          );
        }
      }),
      { seed: 1 },
    );
  });

  it('scores probabilities as scikit-learn does', () => {
    assertClose(logLoss(labels, a), 0.4647062184567223, 1e-13);
    assertClose(brierScore(labels, a), 0.1524, 1e-13);
    assertClose(logLossPerRow([1, 0], [0, 1])[0]!, -Math.log(1e-15), 1e-14);
    assertClose(logLossPerRow([1, 0], [0, 1])[1]!, -Math.log(1e-15), 2e-3);
    assert.ok(logLoss([1], [1]) < 1e-14);
  });

  it('counts and rates a confusion matrix', () => {
    const counts = confusionAt(labels, a);
    assert.deepEqual(counts, { truePositives: 14, falsePositives: 8, falseNegatives: 3, trueNegatives: 15 });
    const rates = confusionRates(counts);
    assertClose(rates.precision, 0.6363636363636364, 1e-14);
    assertClose(rates.recall, 0.8235294117647058, 1e-14);
    assertClose(rates.f1, 0.717948717948718, 1e-14);
    assertClose(rates.specificity, 15 / 23, 1e-14);
    assert.equal(accuracyAt(labels, a), 29 / 40);
    const nobody = confusionRates(confusionAt([0, 1], [0.1, 0.2]));
    assert.ok(Number.isNaN(nobody.precision));
    assert.deepEqual([nobody.f1, nobody.recall], [0, 0]);
  });

  it('averages over classes', () => {
    const actual = [0, 0, 0, 1, 1, 1, 2, 2, 2];
    const predicted = [0, 1, 2, 0, 1, 2, 0, 1, 2];
    const matrix = confusionMatrix(actual, predicted, 3);
    assert.deepEqual([...matrix], [1, 1, 1, 1, 1, 1, 1, 1, 1]);
    for (const rate of Object.values(macroRates(matrix, 3))) assertClose(rate, 1 / 3, 1e-14);
    assert.throws(() => confusionMatrix([0, 3], [0, 0], 3), /row 1/);
    assert.throws(() => confusionMatrix([0, 0], [0, 3], 3), /row 1/);
  });

  it('measures calibration in bins of equal width and of equal mass', () => {
    assertClose(expectedCalibrationError(labels, a), 0.1755, 1e-12);
    const mass = calibrationCurve(labels, a, { bins: 4, binning: 'equal-mass' });
    assert.deepEqual(
      mass.map((bin) => bin.count),
      [10, 10, 10, 10],
    );
    const width = calibrationCurve([0, 1, 1], [0, 0.5, 1], { bins: 2 });
    assert.deepEqual(
      width.map((bin) => [bin.lower, bin.upper, bin.count, bin.positiveShare]),
      [
        [0, 0.5, 2, 0.5],
        [0.5, 1, 1, 1],
      ],
    );
    assertClose(expectedCalibrationError([0, 1], [0.2, 0.8]), 0.2, 1e-14);
    const one = calibrationCurve(labels, a, { bins: 1 });
    assert.equal(one[0]!.count, 40);
    assert.throws(() => calibrationCurve(labels, a, { bins: 0 }), RangeError);
  });

  it('measures errors of numbers as scikit-learn does', () => {
    assertClose(meanAbsoluteError(a, b), 0.2255, 1e-13);
    assertClose(rootMeanSquaredError(a, b), 0.2759710129705654, 1e-13);
    assertClose(rSquared(a, b), -0.20355884258600798, 1e-12);
    assertClose(quantileLoss(a, b, 0.9), 0.12395, 1e-12);
    assert.equal(meanError([0, 0, 0, 1], [0, 1, 0, 0]), 0);
    assert.equal(meanAbsoluteError([0, 0, 0, 1], [0, 1, 0, 0]), 0.5);
    assert.deepEqual([...squaredErrorPerRow([1, 2], [3, 2])], [4, 0]);
    assert.deepEqual([...absoluteErrorPerRow([1, 2], [3, 2])], [2, 0]);
    assert.ok(Number.isNaN(rSquared([1, 1], [1, 2])));
    assert.throws(() => quantileLoss([1], [1], 1), RangeError);
  });

  it('names what is wrong with the input', () => {
    assert.throws(() => areaUnderRoc([0, 1], [0.5]), /2 values on one side but 1 on the other/);
    assert.throws(() => areaUnderRoc([], []), /no rows/);
    assert.throws(() => areaUnderRoc([0, 2], [0.5, 0.6]), /label 1 must be 0 or 1, got 2/);
    assert.throws(() => areaUnderRoc([0, 1], [0.5, Number.NaN]), /value 1 is not a number/);
    assert.throws(() => areaUnderRoc([0, 1], [0.5, 0.6], [1, -1]), /weight 1/);
    assert.throws(() => logLoss([0, 1], [0.5, 1.5]), /probability 1/);
    assert.throws(() => rootMeanSquaredError([1], [Number.NaN]), /not a number/);
  });
});
