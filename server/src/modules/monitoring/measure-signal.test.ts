import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measure, referenceFrom, type SignalDefinition, type Window } from './measure-signal.ts';
import type { ProductionRows } from './production-rows.ts';

const values = Float64Array.from({ length: 400 }, (_, i) => i % 20);

const rows: ProductionRows = {
  at: Float64Array.from(values, (_, i) => i),
  prediction: values.map((value) => value / 20),
  championPrediction: values.map((value) => value / 20),
  label: values.map((value) => (value > 10 ? 1 : 0)),
  failed: new Float64Array(400),
  latencyMs: new Float64Array(400).fill(5),
  inputs: new Map([['distance', values]]),
};

const whole: Window = { rows, from: 0, until: 400 };
const nothing: Window = { rows, from: 400, until: 400 };

describe('measuring a signal', () => {
  for (const kind of ['psi', 'ks', 'prediction_psi', 'missing_share', 'error_share', 'log_loss', 'auc'] as const) {
    it(`gives no value of ${kind} where nothing was asked, even if nothing is enough`, () => {
      const signal: SignalDefinition = { id: 'a', kind, column: 'distance', windowSeconds: 60, minCount: 0 };
      const reference = referenceFrom(whole, signal);
      assert.notEqual(reference, null);
      assert.deepEqual(measure(nothing, signal, reference), { value: null, count: 0 });
    });
  }
});
