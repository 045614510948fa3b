import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertClose } from '../testing/assert-close.ts';
import {
  binnedKsStatistic,
  hellingerDistance,
  jensenShannonDistance,
  klDivergence,
  lInfinityDistance,
  populationStabilityIndex,
  shares,
  totalVariationDistance,
} from './distribution-distance.ts';
import { binCounts, binNames, type Cell, type FrozenBins, freezeBins, missingShare } from './frozen-bins.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';

const number = fc.double({ min: -100, max: 100, noNaN: true });
const cell = fc.oneof(number, fc.constantFrom(null, undefined, Number.NaN));
const counts = fc.array(fc.nat(50), { minLength: 2, maxLength: 12 }).filter((c) => c.some((n) => n > 0));

describe('frozen bins and distances', () => {
  it('cut numbers at quantiles of the reference only', () => {
    const bins = freezeBins([1, 2, 3, 4, null, Number.NaN], { kind: 'quantile', bins: 2 });
    assert.deepEqual(bins, { kind: 'quantile', edges: [2.5], reference: [2, 2, 2] });
    assert.deepEqual([...binCounts(bins, [-1e9, 2.5, 1e9, undefined])], [1, 2, 1]);
    assert.deepEqual(binNames(bins), ['< 2.5', '≥ 2.5', 'missing']);
    assertClose(missingShare(bins.reference), 1 / 3, 1e-14);
  });

  it('keep an edge at the maximum, so that a two-valued column still shows drift', () => {
    const bins = freezeBins([...new Array<number>(65).fill(0), ...new Array<number>(35).fill(1)], { kind: 'quantile' });
    assert.deepEqual(bins.reference, [65, 35, 0]);
    assert.ok(populationStabilityIndex(bins.reference, binCounts(bins, [0, 1, 1, 1])) > 0.5);
  });

  it('keep the most frequent values and gather the others', () => {
    const bins = freezeBins(['b', 'a', 'b', 'c', null, 'a', 'd'], { kind: 'values', bins: 2 });
    assert.deepEqual(bins, { kind: 'values', values: ['a', 'b'], reference: [2, 2, 2, 1] });
    assert.deepEqual([...binCounts(bins, ['a', 'new', null])], [1, 0, 1, 1]);
    assert.deepEqual(binNames(bins), ['a', 'b', 'other', 'missing']);
  });

  it('hold every row exactly once, missing or not, and survive JSON', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), fc.array(cell), fc.integer({ min: 1, max: 12 }), (a, b, size) => {
        for (const kind of ['quantile', 'values'] as const) {
          const bins = freezeBins(a as Cell[], { kind, bins: size });
          const revived = JSON.parse(JSON.stringify(bins)) as FrozenBins;
          assert.deepEqual(revived, bins);
          assert.deepEqual([...binCounts(revived, a as Cell[])], bins.reference);
          const period = binCounts(revived, b as Cell[]);
          assert.equal(
            period.reduce((x, y) => x + y, 0),
            b.length,
          );
          assert.equal(binNames(bins).length, period.length);
        }
      }),
      { seed: 1 },
    );
  });

  it('give scores that do not depend on other periods', () => {
    const reference = Array.from({ length: 500 }, (_, i) => (i * 7919) % 501);
    const bins = freezeBins(reference, { kind: 'quantile' });
    const first = reference.slice(0, 200).map((x) => x * 1.1);
    const alone = populationStabilityIndex(bins.reference, binCounts(bins, first));
    binCounts(bins, [1e9, -1e9]);
    assert.equal(populationStabilityIndex(bins.reference, binCounts(bins, first)), alone);
  });

  it('name values that are no numbers', () => {
    assert.throws(() => freezeBins([1, 'x'], { kind: 'quantile' }), /row 1 holds "x", not a number/);
    const bins = freezeBins([1, 2], { kind: 'quantile' });
    assert.throws(() => binCounts(bins, [true]), TypeError);
    assert.throws(() => freezeBins([1], { kind: 'quantile', bins: 0 }), RangeError);
  });

  it('measure nothing between equal shares and never go negative', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 2, max: 5 }), (r, factor) => {
        const c = r.map((n) => n * factor);
        for (const distance of [
          populationStabilityIndex,
          klDivergence,
          jensenShannonDistance,
          hellingerDistance,
          totalVariationDistance,
          lInfinityDistance,
          binnedKsStatistic,
        ]) {
          assertClose(distance(r, c), 0, 1, 1e-7);
        }
      }),
      { seed: 1 },
    );
  });

  it('obey the inequalities that bind them', () => {
    fc.assert(
      fc.property(counts, fc.nat(), (r, turn) => {
        const k = turn % r.length;
        const c = [...r.slice(k), ...r.slice(0, k)];
        const tv = totalVariationDistance(r, c);
        const hellinger = hellingerDistance(r, c);
        assert.ok(tv >= 0 && tv <= 1 + 1e-12);
        // Hellinger² ≤ TV ≤ √2 Hellinger (Le Cam)
        assert.ok(hellinger ** 2 <= tv + 1e-12 && tv <= Math.SQRT2 * hellinger + 1e-12);
        assert.ok(lInfinityDistance(r, c) <= 2 * tv + 1e-12);
        assert.ok(jensenShannonDistance(r, c, 2) <= 1 + 1e-12);
        assert.ok(binnedKsStatistic(r, c) <= tv + 1e-12);
        assertClose(jensenShannonDistance(r, c), jensenShannonDistance(c, r), 1e-9, 1e-6);
        assertClose(populationStabilityIndex(r, c), populationStabilityIndex(c, r), 1e-9, 1e-9);
      }),
      { seed: 1 },
    );
  });

  it('bound the Kolmogorov-Smirnov statistic from below by its binned form', () => {
    const sample = fc.array(number, { minLength: 5 });
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const bins = freezeBins(a, { kind: 'quantile' });
        const binned = binnedKsStatistic(bins.reference.slice(0, -1), binCounts(bins, b).slice(0, -1));
        assert.ok(binned <= kolmogorovSmirnov(a, b).statistic + 1e-12);
      }),
      { seed: 1 },
    );
  });

  it('refuse counts they cannot compare', () => {
    assert.throws(() => populationStabilityIndex([1], [1, 2]), /1 reference bins but 2 current bins/);
    assert.throws(() => shares([0, 0]), /no rows/);
    assert.throws(() => shares([-1, 2]), /count 0/);
    assert.equal(klDivergence([1, 1], [2, 0]), Number.POSITIVE_INFINITY);
  });
});
