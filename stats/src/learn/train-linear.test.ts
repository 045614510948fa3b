import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createRandom } from '../sampling/random.ts';
import { encodeLinearOnnx } from './encode-linear-onnx.ts';
import { linearScores, predictLinear } from './linear-model.ts';
import { trainLinear } from './train-linear.ts';

function sample(rows: number, seed: number) {
  const { uniform: random } = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const columns = [
    Float32Array.from({ length: rows }, () => 1000 + 5 * normal()),
    Float32Array.from({ length: rows }, () => normal()),
    new Float32Array(rows).fill(7),
  ];
  const score = (i: number) => 0.5 + (columns[0]![i]! - 1000) / 5 - 2 * columns[1]![i]!;
  return { columns, score, random, normal };
}

describe('trainLinear', () => {
  it('finds the coefficients that made the labels', () => {
    const { columns, score, random } = sample(60_000, 1);
    const labels = Float32Array.from({ length: 60_000 }, (_, i) => (random() < 1 / (1 + Math.exp(-score(i))) ? 1 : 0));
    const model = trainLinear({ columns, labels }, { objective: 'binary' });
    assert.ok(Math.abs(model.intercept - 0.5) < 0.05);
    for (const [f, expected] of [1, -2, 0].entries()) {
      assert.ok(Math.abs(model.coefficients[f]! - expected) < 0.08, `${f}: ${model.coefficients[f]}`);
    }
  });

  it('has no gradient left at the solution, penalty included', () => {
    const { columns, score, random } = sample(3000, 2);
    const labels = Float32Array.from({ length: 3000 }, (_, i) => (random() < 1 / (1 + Math.exp(-score(i))) ? 1 : 0));
    const weights = Float32Array.from(labels, (_, i) => 0.5 + (i % 4));
    const model = trainLinear({ columns, labels, weights }, { objective: 'binary', l2: 30 });
    const probabilities = predictLinear(model, columns);
    const residual = labels.map((y, i) => (y - probabilities[i]!) * weights[i]!);
    assert.ok(Math.abs(residual.reduce((a, b) => a + b, 0)) < 1e-2);
    for (const f of [0, 1]) {
      const standard = columns[f]!.map((x) => (x - model.mean[f]!) / model.scale[f]!);
      const pull = standard.reduce((sum, z, i) => sum + z * residual[i]!, 0) - 30 * model.coefficients[f]!;
      assert.ok(Math.abs(pull) < 1e-2, `feature ${f}: ${pull}`);
    }
  });

  it('solves least squares', () => {
    const { columns, score, normal } = sample(5000, 3);
    const labels = Float32Array.from({ length: 5000 }, (_, i) => score(i) + 0.01 * normal());
    const model = trainLinear({ columns, labels }, { objective: 'squared_error', l2: 0 });
    const predictions = predictLinear(model, columns);
    assert.ok(labels.every((y, i) => Math.abs(y - predictions[i]!) < 0.06));
  });

  it('takes the mean for missing values', () => {
    const { columns, score } = sample(2000, 4);
    const labels = Float32Array.from({ length: 2000 }, (_, i) => (score(i) > 0 ? 1 : 0));
    columns[1]!.fill(Number.NaN, 0, 500);
    const model = trainLinear({ columns, labels }, { objective: 'binary' });
    const missing = [Float32Array.of(1003), Float32Array.of(Number.NaN), Float32Array.of(7)];
    const atMean = [Float32Array.of(1003), Float32Array.of(model.mean[1]!), Float32Array.of(7)];
    assert.ok(Math.abs(linearScores(model, missing)[0]! - linearScores(model, atMean)[0]!) < 1e-6);
  });

  it('stays finite when the classes are separable and when there is one class only', () => {
    const columns = [Float32Array.of(1, 2, 3, 4)];
    for (const labels of [Float32Array.of(0, 0, 1, 1), Float32Array.of(1, 1, 1, 1)]) {
      const model = trainLinear({ columns, labels }, { objective: 'binary', l2: 0 });
      assert.ok(predictLinear(model, columns).every((p, i) => Math.abs(p - labels[i]!) < 0.01));
    }
  });

  it('looks at a sample of many rows only', () => {
    const { columns, score } = sample(30_000, 5);
    const labels = Float32Array.from({ length: 30_000 }, (_, i) => score(i));
    const model = trainLinear({ columns, labels }, { objective: 'squared_error', maxRows: 1000, l2: 0 });
    assert.ok(Math.abs(model.coefficients[1]! + 2) < 0.1);
  });

  it('gives the same answers through ONNX, missing values included', async () => {
    const { columns, score } = sample(2000, 6);
    const labels = Float32Array.from({ length: 2000 }, (_, i) => (score(i) > 0 ? 1 : 0));
    columns[0]!.fill(Number.NaN, 100, 300);
    const model = trainLinear(
      { columns, labels, features: ['big', 'small', 'still'] },
      { objective: 'binary', l2: 10 },
    );
    const bytes = encodeLinearOnnx(model, { inputs: 'columns' });
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const feeds = columns.map((x, f) => [model.features[f]!, new Tensor('float32', x, [2000, 1])] as const);
    const result = await session.run(Object.fromEntries(feeds));
    const probabilities = result['probability']!.data as Float32Array;
    const own = predictLinear(model, columns);
    assert.ok(probabilities.every((p, i) => Math.abs(p - own[i]!) < 1e-5));
  });

  it('names what is wrong', () => {
    const data = { columns: [Float32Array.of(1, 2)], labels: Float32Array.of(0, 5) };
    assert.throws(() => trainLinear(data, { objective: 'binary', l2: -1 }), /l2: expected a number from 0, got -1/);
    assert.throws(() => trainLinear(data, { objective: 'binary' }), /labels\[1\]: expected a class from 0 to 1, got 5/);
  });
});
