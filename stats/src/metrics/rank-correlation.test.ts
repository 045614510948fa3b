import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rankCorrelation } from './rank-correlation.ts';

describe('rank correlation', () => {
  it('has the value of the example in the reference of scipy.stats.spearmanr', () => {
    assert.ok(Math.abs(rankCorrelation([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) - 0.8207826816681233) < 1e-12);
  });

  it('is 1 for what rises together, −1 for what falls, and has none without change', () => {
    assert.equal(rankCorrelation([1, 2, 3], [10, 20, 1000]), 1);
    assert.equal(rankCorrelation([1, 2, 3], [3, 2, 1]), -1);
    assert.ok(Number.isNaN(rankCorrelation([1, 1], [1, 2])));
    assert.throws(() => rankCorrelation([1], [1, 2]), RangeError);
  });

  it('is symmetric and does not change under what keeps the order', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
      minLength: 2,
    });
    fc.assert(
      fc.property(pairs, (points) => {
        const [a, b] = [points.map(([x]) => x), points.map(([, y]) => y)];
        const found = rankCorrelation(a, b);
        if (Number.isNaN(found)) return;
        assert.ok(Math.abs(found) <= 1 + 1e-12);
        assert.ok(Math.abs(found - rankCorrelation(b, a)) < 1e-12);
        assert.ok(
          Math.abs(
            found -
              rankCorrelation(
                a.map((x) => x ** 3),
                b,
              ),
          ) < 1e-12,
        );
      }),
    );
  });
});
