import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sharedDir } from '../../../tools/shared-dir.ts';
import { confusionAt, confusionMatrix, confusionRates, macroRates } from '../metrics/confusion.ts';
import { logLoss } from '../metrics/probability-metrics.ts';
import { areaUnderRoc } from '../metrics/ranking-metrics.ts';
import { meanAbsoluteError, meanError } from '../metrics/regression-metrics.ts';
import { assertClose } from '../testing/assert-close.ts';
import { chiSquareGoodnessOfFit, fisherExact, gTest, twoProportionZ } from './count-tests.ts';
import { cramerVonMises } from './cramer-von-mises.ts';
import { hellingerDistance, populationStabilityIndex } from './distribution-distance.ts';
import { eppsSingleton } from './epps-singleton.ts';
import { evidentlyDefaultTest, evidentlyHellingerBins } from './evidently-bins.ts';
import { maximumMeanDiscrepancy, totalVariationTest } from './permutation-tests.ts';
import { energyDistance } from './sample-distance.ts';

type Value = number | string | null;

interface Case {
  readonly id: string;
  readonly stattest: string;
  readonly feature_type: 'num' | 'cat';
  readonly reference: readonly Value[];
  readonly current: readonly Value[];
  readonly expected: { readonly score: number; readonly abs_tol: number; readonly score_full_precision_scipy?: number };
}

interface Cases {
  readonly stattests: readonly Case[];
  readonly default_stattest_rule: readonly { readonly stattest: string }[];
  readonly classification: readonly [
    { readonly target: number[]; readonly proba_positive: number[]; readonly expected: Record<string, number> },
    { readonly target: string[]; readonly prediction: string[]; readonly expected: Record<string, number> },
  ];
  readonly regression: readonly [{ readonly target: number[]; readonly prediction: number[] }];
}

const shared = sharedDir();
const skip = shared === null ? 'the folder ../shared with the reference vectors is absent' : false;

const numbers = (values: readonly Value[]): Float64Array => Float64Array.from(values, (v) => Number(v ?? Number.NaN));

/** Counts of both sides per category of either, without missing cells. */
function categoryCounts({ reference, current }: Case): { keys: Value[]; r: number[]; c: number[] } {
  const keys = [...new Set([...reference, ...current])].filter((key) => key !== null).sort();
  const count = (values: readonly Value[]) => keys.map((key) => values.filter((value) => value === key).length);
  return { keys, r: count(reference), c: count(current) };
}

/** Evidently's z-test: "not the first sorted key", a missing cell counting as such. */
function zTest(one: Case): number {
  const first = categoryCounts(one).keys[0]!;
  const side = (values: readonly Value[]) => ({
    successes: values.filter((value) => value !== first).length,
    trials: values.length,
  });
  const [reference, current] = [side(one.reference), side(one.current)];
  return twoProportionZ(reference, current).pValue;
}

function fisher({ r, c }: { r: number[]; c: number[] }): number {
  return fisherExact([
    [r[0]!, r[1] ?? 0],
    [c[0]!, c[1] ?? 0],
  ]);
}

function score(one: Case): number {
  const counts = categoryCounts(one);
  const { r, c } = counts;
  const [a, b] = [numbers(one.reference), numbers(one.current)];
  const bins = one.stattest === 'hellinger' && one.feature_type === 'num' ? evidentlyHellingerBins(a, b) : null;
  const scores: Record<string, () => number> = {
    chisquare: () => chiSquareGoodnessOfFit(r, c).pValue,
    hellinger: () => (bins === null ? hellingerDistance(r, c) : hellingerDistance(bins.reference, bins.current)),
    z: () => zTest(one),
    g_test: () => gTest(r, c).pValue,
    cramer_von_mises: () => cramerVonMises(a, b).pValue,
    fisher_exact: () => fisher(counts),
    ed: () => energyDistance(a, b),
    es: () => eppsSingleton(a, b).pValue,
    psi: () => populationStabilityIndex(r, c, { kind: 'evidently' }),
    TVD: () => totalVariationTest(r, c, { seed: 1 }).pValue,
    empirical_mmd: () => maximumMeanDiscrepancy(a, b, { seed: 1, iterations: 200 }).pValue,
  };
  return scores[one.stattest]!();
}

describe('drift against the cases of Evidently', { skip }, () => {
  const cases =
    shared === null ? null : (JSON.parse(readFileSync(join(shared, 'vectors/evidently_cases.json'), 'utf8')) as Cases);

  it('gives its scores, to full precision where known', () => {
    assert.equal(cases!.stattests.length, 26);
    const sampled = new Set(['TVD', 'empirical_mmd']);
    for (const one of cases!.stattests.filter(({ stattest }) => !sampled.has(stattest))) {
      const actual = score(one);
      const { score: rounded, abs_tol, score_full_precision_scipy: full } = one.expected;
      assert.ok(Math.abs(actual - rounded) <= abs_tol, `${one.id}: ${actual}, expected ${rounded}`);
      if (full !== undefined) assertClose(actual, full, 1e-9, 1e-3);
    }
  });

  it('gives its permutation p-values up to chance', () => {
    for (const one of cases!.stattests.filter(({ stattest }) => stattest === 'TVD')) {
      assert.ok(Math.abs(score(one) - one.expected.score) < 0.05, `${one.id}: ${score(one)}`);
    }
    for (const one of cases!.stattests.filter(({ stattest }) => stattest === 'empirical_mmd')) {
      assert.ok(Math.abs(score(one) - one.expected.score) <= 0.1, `${one.id}: ${score(one)}`);
    }
  });

  it('chooses its default tests', () => {
    const columns = [
      { type: 'num', referenceRows: 11000, distinctValues: 11 },
      { type: 'num', referenceRows: 5000, distinctValues: 5 },
      { type: 'cat', referenceRows: 30, distinctValues: 3 },
      { type: 'cat', referenceRows: 20000, distinctValues: 2 },
    ] as const;
    assert.deepEqual(
      columns.map(evidentlyDefaultTest),
      cases!.default_stattest_rule.map((rule) => rule.stattest),
    );
    assert.equal(evidentlyDefaultTest({ type: 'num', referenceRows: 100, distinctValues: 50 }), 'ks');
    assert.equal(evidentlyDefaultTest({ type: 'cat', referenceRows: 100, distinctValues: 2 }), 'z');
  });

  it('gives its classification and regression metrics', () => {
    const [binary, classes] = cases!.classification;
    const rates = confusionRates(confusionAt(binary.target, binary.proba_positive));
    assertClose(rates.accuracy, binary.expected.accuracy!, 1e-12);
    assertClose(rates.f1, binary.expected.f1!, 1e-12);
    assertClose(rates.recall, binary.expected.recall!, 1e-12);
    assertClose(rates.specificity, binary.expected.tnr!, 1e-12);
    assertClose(areaUnderRoc(binary.target, binary.proba_positive), binary.expected.roc_auc!, 1e-12);
    assertClose(logLoss(binary.target, binary.proba_positive), binary.expected.log_loss!, 1e-7);
    const code = (label: string) => ['a', 'b', 'c'].indexOf(label);
    const macro = macroRates(confusionMatrix(classes.target.map(code), classes.prediction.map(code), 3), 3);
    assertClose(macro.f1, classes.expected.f1_macro!, 1e-12);
    const [numeric] = cases!.regression;
    assert.equal(meanAbsoluteError(numeric.target, numeric.prediction), 0.5);
    assert.equal(meanError(numeric.target, numeric.prediction), 0);
  });
});
