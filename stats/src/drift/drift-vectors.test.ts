import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sharedDir } from '../../../tools/shared-dir.ts';
import { quantileOfSorted, sortedFinite } from '../sample/ranks.ts';
import { mean, variance } from '../sample/sum.ts';
import { assertClose } from '../testing/assert-close.ts';
import { type CategoricalColumn, type NumericColumn, selectRows, type VectorPair } from '../testing/drift-vectors.ts';
import { andersonDarling } from './anderson-darling.ts';
import { chiSquareContingency, chiSquareGoodnessOfFit, cramersV, twoProportionZ } from './count-tests.ts';
import { cramerVonMises } from './cramer-von-mises.ts';
import {
  hellingerDistance,
  jensenShannonDistance,
  klDivergence,
  lInfinityDistance,
  populationStabilityIndex,
  totalVariationDistance,
} from './distribution-distance.ts';
import { eppsSingleton } from './epps-singleton.ts';
import { evidentlyBins, evidentlyHellingerBins, nannymlBins } from './evidently-bins.ts';
import { binCounts, freezeBins } from './frozen-bins.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';
import { mannWhitney, studentTTest, welchTTest } from './location-tests.ts';
import { energyDistance, normalisedWasserstein, wassersteinDistance } from './sample-distance.ts';

const shared = sharedDir();
const skip = shared === null ? 'the folder ../shared with the reference vectors is absent' : false;

/** p-values below 1e-300 compare as 0. */
function assertP(actual: number, expected: number): void {
  assertClose(actual < 1e-300 ? 0 : actual, expected < 1e-300 ? 0 : expected, 1e-9);
}

interface NumericCase {
  readonly name: string;
  readonly reference: Float64Array;
  readonly current: Float64Array;
  readonly expected: NumericColumn;
}

interface CategoricalCase {
  readonly name: string;
  readonly expected: CategoricalColumn;
}

function loadCases(folder: string): { numeric: NumericCase[]; categorical: CategoricalCase[] } {
  const vectors = JSON.parse(readFileSync(join(folder, 'vectors/drift_reference_vectors.json'), 'utf8')) as {
    pairs: VectorPair[];
  };
  const numeric: NumericCase[] = [];
  const categorical: CategoricalCase[] = [];
  for (const pair of vectors.pairs) {
    const text = readFileSync(join(folder, 'data', pair.file), 'utf8');
    const reference = selectRows(text, pair.delimiter, pair.reference);
    const current = selectRows(text, pair.delimiter, pair.current);
    for (const [column, expected] of Object.entries(pair.columns)) {
      const name = `${pair.id} ${column}`;
      const numbers = (rows: typeof reference) => Float64Array.from(rows, (row) => Number(row[column]));
      if (expected.type === 'cat') categorical.push({ name, expected });
      else numeric.push({ name, reference: numbers(reference), current: numbers(current), expected });
    }
  }
  return { numeric, categorical };
}

describe('drift against the reference vectors', { skip }, () => {
  const { numeric, categorical } = shared === null ? { numeric: [], categorical: [] } : loadCases(shared);

  const eachNumeric = (check: (c: NumericCase) => void): void => {
    assert.ok(numeric.length > 15);
    for (const one of numeric) {
      try {
        check(one);
      } catch (error) {
        throw new Error(`${one.name}: ${String(error)}`, { cause: error });
      }
    }
  };
  const eachCategorical = (check: (c: CategoricalColumn) => void): void => {
    assert.ok(categorical.length > 15);
    for (const one of categorical) {
      try {
        check(one.expected);
      } catch (error) {
        throw new Error(`${one.name}: ${String(error)}`, { cause: error });
      }
    }
  };

  it('reads the samples the vectors describe', () => {
    eachNumeric(({ reference, current, expected }) => {
      assert.equal(reference.length, expected.n_ref);
      assert.equal(current.length, expected.n_cur);
      assertClose(mean(reference), expected.ref.mean, 1e-12);
      assertClose(Math.sqrt(variance(reference, 0)), expected.ref.std_pop, 1e-9, 1e-3);
      const sorted = sortedFinite(reference);
      for (const [p, value] of Object.entries(expected.ref.quantiles_linear)) {
        assertClose(quantileOfSorted(sorted, Number(p)), value, 1e-12);
      }
    });
  });

  it('gives the Kolmogorov-Smirnov test, exact and asymptotic', () => {
    eachNumeric(({ reference, current, expected }) => {
      const exact = kolmogorovSmirnov(reference, current);
      assertClose(exact.statistic, expected.ks.statistic, 1e-12);
      assertP(exact.pValue, expected.ks.p_auto);
      assertP(kolmogorovSmirnov(reference, current, 'asymptotic').pValue, expected.ks.p_asymp);
    });
  });

  it('gives Wasserstein and energy distance', () => {
    eachNumeric(({ reference, current, expected }) => {
      assertClose(wassersteinDistance(reference, current), expected.wasserstein.raw);
      assertClose(normalisedWasserstein(reference, current), expected.wasserstein.norm_by_ref_std_pop);
      assertClose(energyDistance(reference, current), expected.energy_distance);
    });
  });

  it('gives t, Welch and Mann-Whitney tests', () => {
    eachNumeric(({ reference, current, expected }) => {
      const student = studentTTest(reference, current);
      assertClose(student.statistic, expected.t_test_equal_var.t);
      assertP(student.pValue, expected.t_test_equal_var.p);
      const welch = welchTTest(reference, current);
      assertClose(welch.statistic, expected.t_test_welch.t);
      assertP(welch.pValue, expected.t_test_welch.p);
      const less = mannWhitney(reference, current, 'less');
      assertClose(less.statistic, expected.mann_whitney_less.U);
      assertP(less.pValue, expected.mann_whitney_less.p_asymptotic);
      assertP(mannWhitney(reference, current).pValue, expected.mann_whitney_two_sided.p_asymptotic);
    });
  });

  it('gives the stability index on frozen reference deciles', () => {
    eachNumeric(({ reference, current, expected }) => {
      const decile = expected['psi_reference_deciles_eps1e-4'];
      if (decile === undefined) return;
      const bins = freezeBins(reference, { kind: 'quantile', bins: 10 });
      assert.ok(bins.kind === 'quantile');
      assert.equal(bins.edges.length, decile.inner_edges.length);
      bins.edges.forEach((edge, i) => void assertClose(edge, decile.inner_edges[i]!, 1e-12));
      assertClose(populationStabilityIndex(bins.reference, binCounts(bins, current)), decile.value);
    });
  });

  it('gives Cramér-von Mises, Anderson-Darling and Epps-Singleton tests', () => {
    eachNumeric(({ reference, current, expected }) => {
      const cvm = cramerVonMises(reference, current);
      assertClose(cvm.statistic, expected.cramer_von_mises.T);
      // 1 − F: the reference's own rounding is 1e-16 absolutely
      assertClose(cvm.pValue, expected.cramer_von_mises.p_asymptotic, 1e-9, 1e-5);
      const anderson = andersonDarling([reference, current]);
      assertClose(anderson.statistic, expected.anderson_ksamp.statistic_normalized_midrank);
      assertClose(anderson.pValue, expected.anderson_ksamp['p_clipped_0.001_0.25']);
      if (expected.epps_singleton === undefined) return;
      const epps = eppsSingleton(reference, current);
      // A (nearly) constant reference makes the covariance singular up to rounding; the statistic is then noise, not p.
      if (expected.epps_singleton.W2 < 1e9) assertClose(epps.statistic, expected.epps_singleton.W2);
      assertP(epps.pValue, expected.epps_singleton.p);
    });
  });

  it('gives the distances of Evidently and NannyML with their bins', () => {
    eachNumeric(({ reference, current, expected }) => {
      const { reference: r, current: c, edges } = evidentlyBins(reference, current);
      const { edges: expectedEdges } = expected.evidently_binning;
      assert.equal(edges === null, expectedEdges === null);
      edges?.forEach((edge, i) => void assertClose(edge, expectedEdges![i]!, 1e-12));
      assert.equal(r.length, expected.evidently_binning.ref_share.length);
      expected.evidently_binning.cur_share.forEach(
        (share, i) => void assertClose(c[i]! / current.length, share, 1e-12),
      );
      const fill = { kind: 'evidently' } as const;
      assertClose(populationStabilityIndex(r, c, fill), expected.psi);
      assertClose(klDivergence(r, c, fill), expected.kl_div);
      assertClose(jensenShannonDistance(r, c), expected.jensenshannon_base_e);
      const hellinger = evidentlyHellingerBins(reference, current);
      assertClose(hellingerDistance(hellinger.reference, hellinger.current), expected.hellinger);
      const nannyml = nannymlBins(reference, current);
      const { value, edges: doane } = expected.nannyml_jensen_shannon_base2_doane;
      nannyml.edges?.forEach((edge, i) => void assertClose(edge, doane[i]!, 1e-12));
      assertClose(jensenShannonDistance(nannyml.reference, nannyml.current, 2), value);
    });
  });

  it('gives distances of categories', () => {
    eachCategorical((expected) => {
      const { ref_counts: r, cur_counts: c } = expected;
      const fill = { kind: 'evidently' } as const;
      assertClose(totalVariationDistance(r, c), expected.tvd);
      assertClose(lInfinityDistance(r, c), expected.l_infinity);
      assertClose(hellingerDistance(r, c), expected.hellinger);
      assertClose(populationStabilityIndex(r, c, fill), expected.psi);
      assertClose(klDivergence(r, c, fill), expected.kl_div);
      assertClose(jensenShannonDistance(r, c), expected.jensenshannon_base_e);
      assertClose(jensenShannonDistance(r, c, 2), expected.jensenshannon_base_2);
    });
  });

  it('gives chi-square and two-proportion tests of categories', () => {
    eachCategorical((expected) => {
      const { ref_counts: r, cur_counts: c } = expected;
      const fit = chiSquareGoodnessOfFit(r, c);
      const { statistic, df, p } = expected.chisquare_goodness_of_fit_ref_scaled;
      assert.equal(fit.degreesOfFreedom, df);
      if (p !== 'NaN') {
        assertClose(fit.statistic, Number(statistic));
        assertP(fit.pValue, Number(p));
      } else assert.ok(Number.isNaN(fit.pValue));
      const table = expected.chi2_contingency_no_correction;
      if (table !== undefined) {
        assertClose(chiSquareContingency(r, c).statistic, table.statistic);
        assertP(chiSquareContingency(r, c).pValue, table.p);
      }
      if (expected.cramers_v_uncorrected !== undefined) assertClose(cramersV(r, c), expected.cramers_v_uncorrected);
      const z = expected.z_test_two_proportions;
      if (z === undefined) return;
      const test = twoProportionZ(
        { successes: r[1]!, trials: r[0]! + r[1]! },
        { successes: c[1]!, trials: c[0]! + c[1]! },
      );
      assertClose(Math.abs(test.statistic), Math.abs(z.z));
      assertP(test.pValue, z.p_two_sided);
    });
  });
});
