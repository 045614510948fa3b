import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { curvePoints, smoothed } from './curve-points.ts';

const view = { x: 'step', smooth: 0, logX: false, logY: false } as const;
const points = [
  { value: 0, step: 0, timestamp: 3000 },
  { value: 4, step: 1, timestamp: 2000 },
  { value: null, step: 2, timestamp: 5000 },
];

describe('the points of a curve', () => {
  it('stand over steps, or in the order of time', () => {
    assert.deepEqual(curvePoints(points, view), [
      [0, 0],
      [1, 4],
      [2, null],
    ]);
    assert.deepEqual(curvePoints(points, { ...view, x: 'relative' }), [
      [0, 4],
      [1, 0],
      [3, null],
    ]);
  });

  it('leave out what has no logarithm', () => {
    assert.deepEqual(curvePoints(points, { ...view, logX: true }), [
      [1, 4],
      [2, null],
    ]);
    assert.deepEqual(curvePoints(points, { ...view, logY: true })[0], [0, null]);
  });

  it('are smoothed without a pull to zero', () => {
    const flat = [0, 1, 2].map((x) => [x, 5] as const);
    for (const [, y] of smoothed(flat, 0.9)) assert.ok(Math.abs((y ?? 0) - 5) < 1e-9);
    assert.deepEqual(smoothed([[0, null]], 0.5), [[0, null]]);
  });
});
