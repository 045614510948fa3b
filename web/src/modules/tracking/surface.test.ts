import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { surfaceOf } from './surface.ts';

describe('a surface over scattered runs', () => {
  const points = [
    { x: 1, y: 1, z: 0 },
    { x: 100, y: 1, z: 1 },
    { x: 1, y: 3, z: 2 },
    { x: 100, y: 3, z: 3 },
  ];

  it('goes through the runs and stays between them', () => {
    const { values, size, x, y, z } = surfaceOf(points);
    assert.deepEqual(
      [x, y, z],
      [
        [1, 100],
        [1, 3],
        [0, 3],
      ],
    );
    assert.deepEqual([values[0], values[size - 1], values.at(-size), values.at(-1)], [0, 1, 2, 3]);
    assert.ok(values.every((value) => value >= 0 && value <= 3));
  });

  it('has its middle where the axis has it, logarithmic too', () => {
    const middle = 30;
    assert.ok(Math.abs(surfaceOf(points).place(middle, middle)[0] - 50.5) < 1e-9);
    assert.ok(Math.abs(surfaceOf(points, true).place(middle, middle)[0] - 10) < 1e-9);
    assert.deepEqual(surfaceOf(points, true).place(0, 60)[0], 1);
  });
});
