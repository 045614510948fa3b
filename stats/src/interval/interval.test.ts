import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRandom, drawBinomial } from '../sampling/random.ts';
import { assertClose } from '../testing/assert-close.ts';
import { SCORED_ROWS } from '../testing/scored-rows.ts';
import { bootstrapInterval } from './bootstrap.ts';
import { groupClusters } from './clusters.ts';
import { delongAuc, delongTest } from './delong.ts';
import { pairedMeanDifference } from './paired-mean-difference.ts';
import { clopperPearson, wilson } from './proportion-interval.ts';

const { labels, a, b } = SCORED_ROWS;
const meanOver = (values: readonly number[]) => (rows: Uint32Array) => {
  let total = 0;
  for (const row of rows) total += values[row]!;
  return total / rows.length;
};

// Reference values: scipy 1.17.1; DeLong and CR1 computed from their definitions with numpy.
describe('intervals', () => {
  it('bounds proportions as scipy does', () => {
    const exact: [number, number, number, number, number][] = [
      [0, 10, 0.95, 0, 0.30849710781876294],
      [3, 20, 0.95, 0.0320709371854637, 0.37892682654531396],
      [10, 10, 0.9, 0.7411344491066528, 1],
      [5, 100000, 0.99, 1.0779439899175007e-5, 0.00014149112088792217],
    ];
    for (const [k, n, level, lower, upper] of exact) {
      assertClose(clopperPearson(k, n, level).lower, lower, 1e-11);
      assertClose(clopperPearson(k, n, level).upper, upper, 1e-11);
    }
    const score: [number, number, number, number, number][] = [
      [0, 10, 0.95, 0, 0.27753279986288926],
      [3, 20, 0.95, 0.05236874589621662, 0.3604188647407569],
      [10, 10, 0.9, 0.787058029916593, 1],
      [5, 100000, 0.99, 1.6706625326235873e-5, 0.000149631304334335],
    ];
    for (const [k, n, level, lower, upper] of score) {
      assertClose(wilson(k, n, level).lower, lower, 1e-10);
      assertClose(wilson(k, n, level).upper, upper, 1e-10);
    }
    assert.throws(() => wilson(3, 2), RangeError);
    assert.throws(() => clopperPearson(1, 2, 1), RangeError);
  });

  it('covers a proportion at least as often as promised', () => {
    const random = createRandom(3);
    let covered = 0;
    const runs = 2000;
    for (let run = 0; run < runs; run++) {
      const { lower, upper } = clopperPearson(drawBinomial(random, 40, 0.1), 40, 0.9);
      if (lower <= 0.1 && 0.1 <= upper) covered++;
    }
    assert.ok(covered / runs >= 0.9);
  });

  it("gives DeLong's variance and paired test", () => {
    const one = delongAuc(labels, a);
    assertClose(one.auc, 0.8823529411764706, 1e-13);
    assertClose(one.variance, 0.002790531970498742, 1e-12);
    assertClose(one.lower, one.auc - 1.959963984540054 * Math.sqrt(one.variance), 1e-12);
    assert.ok(one.upper <= 1);
    const pair = delongTest(labels, a, b);
    assertClose(pair.aucB, 0.7186700767263428, 1e-13);
    assertClose(pair.variance, 0.00746679607014606, 1e-12);
    assertClose(pair.z, 1.8942446593649664, 1e-12);
    assertClose(pair.pValue, 0.058192542815789165, 1e-11);
    assert.ok(pair.lower < 0 && pair.upper > 0);
  });

  it('does not claim certainty from a perfect ranking', () => {
    const perfect = delongAuc([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]);
    assert.equal(perfect.auc, 1);
    assert.ok(perfect.lower < 0.2);
    const same = delongTest(labels, a, a);
    assert.deepEqual([same.difference, same.z, same.pValue], [0, 0, 1]);
    assert.throws(() => delongAuc([1, 1], [0.1, 0.2]), /both classes/);
  });

  it('gives the paired mean difference with errors by cluster', () => {
    const clusters = labels.map((_, i) => `user-${i % 7}`);
    const clustered = pairedMeanDifference(a, b, { clusters });
    assertClose(clustered.difference, 0.028, 1e-12);
    assertClose(clustered.standardError, 0.041259796816432985, 1e-12);
    assertClose(clustered.pValue, 0.5226733025166254, 1e-11);
    assertClose(clustered.lower, -0.07295908580596372, 1e-10);
    assert.equal(clustered.clusters, 7);
    const plain = pairedMeanDifference(a, b);
    assertClose(plain.pValue, 0.5279086531761054, 1e-11);
    const single = pairedMeanDifference(a, b, { clusters: labels.map(() => 1) });
    assert.equal(single.upper, Number.POSITIVE_INFINITY);
    assert.throws(() => pairedMeanDifference(a, b, { clusters: [1] }), /1 cluster ids for 40 rows/);
  });

  it('is honest about repeated rows only when it knows their cluster', () => {
    const repeat = (values: readonly number[]) => values.flatMap((x) => Array.from({ length: 10 }, () => x));
    const ids = repeat(labels.map((_, i) => i));
    const once = pairedMeanDifference(a, b);
    const byCluster = pairedMeanDifference(repeat(a), repeat(b), { clusters: ids });
    assertClose(byCluster.standardError, once.standardError, 1e-12);
    assert.ok(pairedMeanDifference(repeat(a), repeat(b)).standardError < once.standardError / 3);
  });

  it('groups rows by cluster without losing one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd')), (ids) => {
        const { count, of, rows, starts } = groupClusters(ids.length, ids);
        assert.equal(count, new Set(ids).size);
        assert.deepEqual(
          [...rows].sort((x, y) => x - y),
          ids.map((_, i) => i),
        );
        for (let c = 0; c < count; c++) {
          for (let k = starts[c]!; k < starts[c + 1]!; k++) assert.equal(of[rows[k]!], c);
        }
      }),
      { seed: 1 },
    );
  });

  it('agrees with scipy on BCa intervals up to resampling noise', () => {
    const interval = bootstrapInterval(40, meanOver(a), { seed: 1, resamples: 40_000 });
    assertClose(interval.lower, 0.43175, 4e-3);
    assertClose(interval.upper, 0.5875, 4e-3);
    const cubes = a.map((x) => x ** 3);
    const spread = (rows: Uint32Array) => {
      const centre = meanOver(cubes)(rows);
      let total = 0;
      for (const row of rows) total += (cubes[row]! - centre) ** 2;
      return total / rows.length;
    };
    const skewed = bootstrapInterval(40, spread, { seed: 2, resamples: 40_000 });
    assertClose(skewed.lower, 0.035352567711107556, 2e-2);
    assertClose(skewed.upper, 0.08802476330932402, 2e-2);
  });

  it('repeats bootstrap intervals for equal seeds', () => {
    const once = bootstrapInterval(40, meanOver(a), { seed: 9, resamples: 500 });
    const again = bootstrapInterval(40, meanOver(a), { seed: 9, resamples: 500 });
    assert.deepEqual(once, again);
    assert.notDeepEqual(once, bootstrapInterval(40, meanOver(a), { seed: 10, resamples: 500 }));
  });

  it('draws whole clusters', () => {
    const values = a.flatMap((x) => [x, x, x]);
    const clusters = values.map((_, i) => Math.floor(i / 3));
    const percentile = { seed: 4, resamples: 4000, method: 'percentile' } as const;
    const whole = bootstrapInterval(values.length, meanOver(values), { ...percentile, clusters });
    const rows = bootstrapInterval(values.length, meanOver(values), percentile);
    assertClose(whole.standardError, rows.standardError * Math.sqrt(3), 0.08);
  });

  it('counts resamples without a value', () => {
    const onlyFirst = (rows: Uint32Array) => (rows.includes(0) ? 1 : Number.NaN);
    const interval = bootstrapInterval(3, onlyFirst, { seed: 1, resamples: 300 });
    assert.ok(interval.undefinedResamples > 0 && interval.undefinedResamples < 300);
    assert.deepEqual([interval.lower, interval.upper], [1, 1]);
    assert.throws(() => bootstrapInterval(0, onlyFirst, { seed: 1 }), RangeError);
  });
});
