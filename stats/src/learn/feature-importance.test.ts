import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom } from '../sampling/random.ts';
import { gainImportance, permutationImportance } from './feature-importance.ts';
import { trainBoosting } from './train-boosting.ts';
import { trainConstant } from './train-constant.ts';

const { uniform: random } = createRandom(31);
const columns = Array.from({ length: 4 }, () => Float32Array.from({ length: 4000 }, () => random()));
const labels = columns[0]!.map((x, i) => Math.floor(3 * (0.7 * x + 0.3 * columns[1]![i]!)));

describe('feature importance', () => {
  it('ranks what the labels depend on first, by gain and by permutation', () => {
    for (const objective of ['multiclass', 'squared_error'] as const) {
      const { model } = trainBoosting({ columns, labels }, { objective, trees: 20 });
      const gains = gainImportance(model);
      assert.ok(Math.abs(gains.reduce((a, b) => a + b, 0) - 1) < 1e-12);
      assert.ok(gains[0]! > gains[1]! && gains[1]! > 5 * Math.max(gains[2]!, gains[3]!));
      const { rise } = permutationImportance(model, { columns, labels }, { repeats: 3 });
      assert.ok(rise[0]! > rise[1]! && rise[1]! > 5 * Math.max(rise[2]!, rise[3]!, 0.0001), `${objective}: ${rise}`);
    }
  });

  it('gives the same answer for the same seed', () => {
    const { model } = trainBoosting({ columns, labels }, { objective: 'squared_error', trees: 5 });
    const run = (seed: number) => permutationImportance(model, { columns, labels }, { seed });
    assert.deepEqual(run(1), run(1));
    assert.notDeepEqual(run(1).rise, run(2).rise);
  });

  it('is zero for a model that uses no feature', () => {
    const model = trainConstant({ columns, labels }, 'squared_error');
    assert.deepEqual([...gainImportance(model)], [0, 0, 0, 0]);
    assert.deepEqual([...permutationImportance(model, { columns, labels }).rise], [0, 0, 0, 0]);
  });
});
