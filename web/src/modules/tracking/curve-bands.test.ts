import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { curveBand } from './curve-bands.ts';

describe('a band over curves', () => {
  it('is the mean and the deviation of the sample where curves overlap', () => {
    const { mean, band } = curveBand([
      [
        [0, 1],
        [2, 3],
      ],
      [
        [0, 3],
        [1, 4],
        [2, 5],
        [3, 9],
      ],
    ]);
    assert.deepEqual(mean, [
      [0, 2],
      [1, 3],
      [2, 4],
      [3, 9],
    ]);
    assert.deepEqual(
      band.map(([x]) => x),
      [0, 1, 2],
    );
    const [, low, high] = band[1]!;
    assert.ok(Math.abs(low - (3 - Math.SQRT2)) < 1e-12 && Math.abs(high - (3 + Math.SQRT2)) < 1e-12);
  });

  it('bridges what is not a number, and is thinned when it is long', () => {
    assert.deepEqual(
      curveBand([
        [
          [0, 0],
          [1, null],
          [2, 2],
        ],
      ]).mean,
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    );
    const long = Array.from({ length: 5000 }, (_, x) => [x, x] as const);
    const { mean } = curveBand([long]);
    assert.equal(mean.length, 400);
    assert.deepEqual([mean[0], mean.at(-1)], [long[0], long.at(-1)]);
    assert.deepEqual(curveBand([]), { mean: [], band: [] });
  });
});
