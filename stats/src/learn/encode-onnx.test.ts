import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createRandom } from '../sampling/random.ts';
import { encodeOnnx } from './encode-onnx.ts';
import { predictEnsemble, predictScores } from './predict-ensemble.ts';
import { trainBoosting } from './train-boosting.ts';
import type { BoostingObjective } from './tree-ensemble.ts';

const oneThread = { intraOpNumThreads: 1, interOpNumThreads: 1 } as const;

/** Columns of small counts, prices in cents, real numbers and missing values: many rows lie exactly on thresholds. */
function tableOf(rows: number, seed: number): Float32Array[] {
  const { uniform: random } = createRandom(seed);
  const column = (draw: () => number) =>
    Float32Array.from({ length: rows }, () => (random() < 0.1 ? Number.NaN : draw()));
  return [
    column(() => Math.floor(random() * 12)),
    column(() => Math.floor(random() * 2000) / 100),
    column(() => random() * 2 - 1),
    column(() => 0.1 + Math.floor(random() * 3) * 5e-10),
  ];
}

function labelsOf(columns: readonly Float32Array[], classes: number): Float32Array {
  return columns[0]!.map((x, i) => {
    const raw =
      (Number.isNaN(x) ? 7 : x) / 3 + (columns[2]![i]! > 0 ? 2 : 0) + (Number.isNaN(columns[1]![i]!) ? 1.5 : 0);
    return Math.floor(raw) % classes;
  });
}

function matrixOf(columns: readonly Float32Array[]): Float32Array {
  const rows = columns[0]!.length;
  const matrix = new Float32Array(rows * columns.length);
  for (const [f, column] of columns.entries()) {
    for (const [i, x] of column.entries()) matrix[i * columns.length + f] = x;
  }
  return matrix;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

function train(objective: BoostingObjective, classes: number) {
  const columns = tableOf(3000, 11);
  const features = ['count', 'price', 'größe', 'tiny'];
  return trainBoosting({ columns, labels: labelsOf(columns, classes), features }, { objective, trees: 30, maxDepth: 5 })
    .model;
}

describe('encodeOnnx', () => {
  const columns = tableOf(5000, 12);
  const matrix = new Tensor('float32', matrixOf(columns), [5000, 4]);

  it('gives the scores and probabilities of our own prediction, rows on thresholds and missing values included', async () => {
    const model = train('binary', 2);
    const session = await InferenceSession.create(encodeOnnx(model), oneThread);
    const result = await session.run({ input: matrix });
    assert.deepEqual(result['probability']!.dims, [5000, 1]);
    const probabilities = result['probability']!.data as Float32Array;
    assert.ok(largestDifference(probabilities, predictEnsemble(model, columns)) < 1e-6);
    assert.ok(largestDifference(result['score']!.data as Float32Array, predictScores(model, columns)) < 5e-6);
  });

  it('gives one probability per class', async () => {
    const model = train('multiclass', 3);
    const session = await InferenceSession.create(encodeOnnx(model), oneThread);
    const result = await session.run({ input: matrix });
    assert.deepEqual(result['probability']!.dims, [5000, 3]);
    const probabilities = result['probability']!.data as Float32Array;
    assert.ok(largestDifference(probabilities, predictEnsemble(model, columns)) < 1e-6);
  });

  for (const objective of ['squared_error', 'poisson', 'absolute_error', 'quantile'] as const) {
    it(`gives the predicted value for ${objective}`, async () => {
      const model = train(objective, 5);
      const session = await InferenceSession.create(encodeOnnx(model), oneThread);
      const result = await session.run({ input: matrix });
      const predictions = result['prediction']!.data as Float32Array;
      assert.ok(largestDifference(predictions, predictEnsemble(model, columns)) < 1e-5);
    });
  }

  it('takes one input per feature, as a column or as a vector', async () => {
    const model = train('binary', 2);
    for (const columnRank of [1, 2] as const) {
      const bytes = encodeOnnx(model, { inputs: 'columns', columnRank });
      const session = await InferenceSession.create(bytes, oneThread);
      assert.deepEqual(session.inputNames, ['count', 'price', 'größe', 'tiny']);
      const dims = columnRank === 1 ? [5000] : [5000, 1];
      const feeds = Object.fromEntries(columns.map((x, f) => [model.features[f]!, new Tensor('float32', x, dims)]));
      const result = await session.run(feeds);
      const probabilities = result['probability']!.data as Float32Array;
      assert.ok(largestDifference(probabilities, predictEnsemble(model, columns)) < 1e-6);
    }
  });

  it('accepts a batch without rows', async () => {
    const session = await InferenceSession.create(encodeOnnx(train('binary', 2)), oneThread);
    const result = await session.run({ input: new Tensor('float32', new Float32Array(0), [0, 4]) });
    assert.deepEqual(result['probability']!.dims, [0, 1]);
  });

  it('keeps names that collide with its own apart', async () => {
    const data = { columns: columns.slice(0, 2), labels: labelsOf(columns, 2) };
    const options = { objective: 'binary', trees: 2 } as const;
    const { model } = trainBoosting({ ...data, features: ['flyball_matrix', 'flyball_axis'] }, options);
    const session = await InferenceSession.create(encodeOnnx(model, { inputs: 'columns', columnRank: 1 }), oneThread);
    const vector = (f: number) => new Tensor('float32', columns[f]!, [5000]);
    const result = await session.run({ flyball_matrix: vector(0), flyball_axis: vector(1) });
    const probabilities = result['probability']!.data as Float32Array;
    assert.ok(largestDifference(probabilities, predictEnsemble(model, columns.slice(0, 2))) < 1e-6);
  });
});
