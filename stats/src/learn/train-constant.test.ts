import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnx } from './encode-onnx.ts';
import { predictEnsemble } from './predict-ensemble.ts';
import { trainConstant } from './train-constant.ts';
import { treeShap } from './tree-shap.ts';

const columns = [Float32Array.of(1, 2, 3, 4, 5)];

describe('trainConstant', () => {
  it('answers with shares, mean or quantile', () => {
    const answers = (model: ReturnType<typeof trainConstant>) =>
      [...predictEnsemble(model, columns, Uint32Array.of(3))].map((x) => Math.round(x * 1e4) / 1e4);
    const labels = Float32Array.of(0, 1, 1, 0, 1);
    assert.deepEqual(answers(trainConstant({ columns, labels }, 'binary')), [0.6]);
    const weights = Float32Array.of(1, 0, 0, 1, 2);
    assert.deepEqual(answers(trainConstant({ columns, labels, weights }, 'binary')), [0.5]);
    const counts = Float32Array.of(0, 1, 2, 2, 10);
    assert.deepEqual(answers(trainConstant({ columns, labels: counts }, 'squared_error')), [3]);
    assert.deepEqual(answers(trainConstant({ columns, labels: counts }, 'poisson')), [3]);
    assert.deepEqual(answers(trainConstant({ columns, labels: counts }, 'absolute_error')), [2]);
    assert.deepEqual(answers(trainConstant({ columns, labels: counts }, 'quantile', 0.2)), [0]);
    const classes = Float32Array.of(0, 1, 2, 2, 1);
    assert.deepEqual(answers(trainConstant({ columns, labels: classes }, 'multiclass')), [0.2, 0.4, 0.4]);
  });

  it('exports, and explains by its base alone', async () => {
    const model = trainConstant({ columns, labels: Float32Array.of(0, 1, 2, 2, 1) }, 'multiclass');
    const session = await InferenceSession.create(encodeOnnx(model), { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const result = await session.run({ input: new Tensor('float32', columns[0]!, [5, 1]) });
    const probabilities = result['probability']!.data as Float32Array;
    const own = predictEnsemble(model, columns);
    assert.ok(probabilities.every((p, i) => Math.abs(p - own[i]!) < 1e-6));
    const { values, base } = treeShap(model, columns);
    assert.ok(values.every((phi) => phi === 0));
    assert.deepEqual([...base], [...model.baseScore]);
  });
});
