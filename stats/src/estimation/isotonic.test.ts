import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertClose } from '../testing/assert-close.ts';
import { applyIsotonic, fitIsotonic } from './isotonic.ts';

describe('isotonic fit', () => {
  it('pools violators and averages equal inputs', () => {
    assert.deepEqual(fitIsotonic([0.1, 0.2, 0.3], [0, 1, 0]), { inputs: [0.1, 0.2, 0.3], outputs: [0, 0.5, 0.5] });
    assert.deepEqual(fitIsotonic([2, 1, 1], [1, 0, 1]), { inputs: [1, 2], outputs: [0.5, 1] });
  });

  it('interpolates between inputs and is constant beyond them', () => {
    const map = { inputs: [0, 1, 3], outputs: [0.2, 0.6, 1] };
    const values = [...applyIsotonic(map, [-5, 0, 0.5, 1, 2, 3, 9])];
    [0.2, 0.2, 0.4, 0.6, 0.8, 1, 1].forEach((expected, i) => void assertClose(values[i]!, expected, 1e-12));
    assert.ok(Number.isNaN(applyIsotonic(map, [Number.NaN])[0]!));
  });

  it('never decreases, keeps the mean, and no other block average fits between its neighbours', () => {
    const row = fc.record({ x: fc.nat(8), y: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        const x = rows.map((r) => r.x);
        const y = rows.map((r) => r.y);
        const { inputs, outputs } = fitIsotonic(x, y);
        for (let i = 1; i < inputs.length; i++) {
          assert.ok(inputs[i]! > inputs[i - 1]!);
          assert.ok(outputs[i]! >= outputs[i - 1]!);
        }
        const fitted = applyIsotonic({ inputs, outputs }, x);
        const total = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
        assertClose(total(fitted), total(y), 1e-9, 1e-3);
        // First-order optimality: residuals are orthogonal to the fit.
        assertClose(total(y.map((value, i) => (value - fitted[i]!) * fitted[i]!)), 0, 1e-9, 1);
      }),
      { seed: 1 },
    );
  });
});
