import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertClose } from '../testing/assert-close.ts';
import { logSumExp, mean, sum, variance } from './sum.ts';

describe('sums', () => {
  it('does not lose small terms beside large ones', () => {
    assert.equal(sum([1, 1e100, 1, -1e100]), 2);
    assert.equal(sum(new Float64Array(1e6).fill(0.1)), 1e5);
    assert.equal(sum([]), 0);
    assert.equal(sum([Number.POSITIVE_INFINITY, 1]), Number.POSITIVE_INFINITY);
  });

  it('does not depend on the order of the terms', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true })), (values) => {
        assertClose(sum(values), sum(values.toReversed()), 1e-12, 1e-3);
      }),
      { seed: 1 },
    );
  });

  it('gives mean and variance', () => {
    assert.equal(mean([1, 2, 6]), 3);
    assertClose(variance([1, 2, 3, 4]), 5 / 3, 1e-15);
    assert.equal(variance([1, 2, 3, 4], 0), 1.25);
    assertClose(variance([1e9 + 1, 1e9 + 2, 1e9 + 3]), 1, 1e-15);
    assert.ok(Number.isNaN(variance([1])));
  });

  it('adds exponentials without overflow', () => {
    assertClose(logSumExp([1000, 1000]), 1000 + Math.LN2, 1e-15);
    assert.equal(logSumExp([]), Number.NEGATIVE_INFINITY);
    assert.equal(logSumExp([Number.NEGATIVE_INFINITY, 0]), 0);
  });
});
