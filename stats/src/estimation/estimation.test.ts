import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sharedDir } from '../../../tools/shared-dir.ts';
import { expectedCalibrationError } from '../metrics/calibration.ts';
import { confusionAt, confusionRates } from '../metrics/confusion.ts';
import { areaUnderRoc } from '../metrics/ranking-metrics.ts';
import { assertClose } from '../testing/assert-close.ts';
import { type EstimatedPerformance, estimatePerformance } from './estimate-performance.ts';
import { applyIsotonic, fitIsotonic } from './isotonic.ts';

interface Expected {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
  readonly accuracy: number;
  readonly precision: number | null;
  readonly recall: number;
  readonly specificity: number;
  readonly f1: number;
  readonly roc_auc_scores_raw_weights_cal: number;
}

interface CbpeCases {
  readonly ece_reference_raw: number;
  readonly chunks: readonly {
    readonly part: 'reference' | 'analysis';
    readonly rows: readonly [number, number];
    readonly cbpe_uncalibrated: Expected;
    readonly cbpe_isotonic_on_full_reference: Expected;
    readonly realized: Expected & { readonly roc_auc: number };
  }[];
}

interface Part {
  readonly scores: number[];
  readonly predicted: number[];
  readonly labels: number[];
}

const shared = sharedDir();
const skip = shared === null ? 'the folder ../shared with the reference vectors is absent' : false;

function readColumns(path: string): Record<string, number[]> {
  const [header, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const rows = lines.map((line) => line.split(','));
  return Object.fromEntries(header!.split(',').map((name, i) => [name, rows.map((row) => Number(row[i]))]));
}

function readParts(folder: string): Record<'reference' | 'analysis', Part> {
  const part = (columns: Record<string, number[]>, labels: number[]): Part => ({
    scores: columns.y_pred_proba!,
    predicted: columns.y_pred!,
    labels,
  });
  const reference = readColumns(join(folder, 'california_housing_reference.csv'));
  const analysis = readColumns(join(folder, 'california_housing_analysis.csv'));
  const truth = readColumns(join(folder, 'california_housing_analysis_gt.csv'));
  const byId = new Map(truth.id!.map((id, i) => [id, truth.clf_target![i]!]));
  return {
    reference: part(reference, reference.clf_target!),
    analysis: part(
      analysis,
      analysis.id!.map((id) => byId.get(id)!),
    ),
  };
}

function assertEstimate(actual: EstimatedPerformance, expected: Expected): void {
  assertClose(actual.counts.truePositives, expected.tp);
  assertClose(actual.counts.falsePositives, expected.fp);
  assertClose(actual.counts.falseNegatives, expected.fn);
  assertClose(actual.counts.trueNegatives, expected.tn);
  assertClose(actual.accuracy, expected.accuracy);
  assertClose(actual.precision, expected.precision ?? Number.NaN);
  assertClose(actual.recall, expected.recall);
  assertClose(actual.specificity, expected.specificity);
  assertClose(actual.f1, expected.f1);
  assertClose(actual.areaUnderRoc, expected.roc_auc_scores_raw_weights_cal);
}

describe('performance without labels', () => {
  it('is estimated as the reference does, raw and calibrated', { skip }, () => {
    const cases = JSON.parse(readFileSync(join(shared!, 'vectors/cbpe_cases.json'), 'utf8')) as CbpeCases;
    const parts = readParts(join(shared!, 'data/california_housing'));
    const map = fitIsotonic(parts.reference.scores, parts.reference.labels);
    assertClose(expectedCalibrationError(parts.reference.labels, parts.reference.scores), cases.ece_reference_raw);
    assert.equal(cases.chunks.length, 12);
    for (const { part, rows, ...expected } of cases.chunks) {
      const { scores, predicted, labels } = parts[part];
      const [s, y, t] = [scores.slice(...rows), predicted.slice(...rows), labels.slice(...rows)];
      assertEstimate(estimatePerformance({ probabilities: s, predicted: y }), expected.cbpe_uncalibrated);
      const calibrated = estimatePerformance({ probabilities: applyIsotonic(map, s), predicted: y, scores: s });
      assertEstimate(calibrated, expected.cbpe_isotonic_on_full_reference);
      assertClose(confusionRates(confusionAt(t, y)).accuracy, expected.realized.accuracy);
      assertClose(areaUnderRoc(t, s), expected.realized.roc_auc);
    }
  });

  it('equals the realised performance when the probabilities are the labels', () => {
    const row = fc.record({ label: fc.constantFrom(0, 1), predicted: fc.constantFrom(0, 1), score: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        const labels = rows.map((r) => r.label);
        const predicted = rows.map((r) => r.predicted);
        const scores = rows.map((r) => r.score);
        const { counts, accuracyDeviation, ...estimate } = estimatePerformance({
          probabilities: labels,
          predicted,
          scores,
        });
        assert.deepEqual(counts, confusionAt(labels, predicted));
        assert.equal(accuracyDeviation, 0);
        assertClose(estimate.areaUnderRoc, areaUnderRoc(labels, scores), 1e-12);
      }),
      { seed: 1 },
    );
  });

  it('names rows it cannot use', () => {
    assert.throws(() => estimatePerformance({ probabilities: [1.2], predicted: [1] }), /probability 0/);
    assert.throws(() => estimatePerformance({ probabilities: [0.2], predicted: [2] }), /prediction 0/);
    assert.throws(() => estimatePerformance({ probabilities: [0.2], predicted: [] }), RangeError);
  });
});
