import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeOnnx } from './encode-onnx.ts';
import { readOnnxMetadata } from './read-onnx-metadata.ts';
import { trainBoosting } from './train-boosting.ts';

function train() {
  const columns = [0, 1, 2, 3].map((f) => Float32Array.from({ length: 400 }, (_, i) => (i * (f + 7)) % 19));
  const labels = columns[1]!.map((x) => (x > 9 ? 1 : 0));
  const features = ['count', 'price', 'größe', 'tiny'];
  return trainBoosting({ columns, labels, features }, { objective: 'binary', trees: 5 }).model;
}

describe('readOnnxMetadata', () => {
  it('reads back versions, properties, inputs and outputs', () => {
    const bytes = encodeOnnx(train(), { metadata: { note: 'a, "b" – ç' } });
    const found = readOnnxMetadata(bytes);
    assert.equal(found.irVersion, 8);
    assert.equal(found.producerName, 'flyball');
    assert.deepEqual(found.opsets, [
      { domain: '', version: 17 },
      { domain: 'ai.onnx.ml', version: 3 },
    ]);
    assert.deepEqual(JSON.parse(found.properties['flyball.features']!), ['count', 'price', 'größe', 'tiny']);
    assert.equal(found.properties['flyball.objective'], 'binary');
    assert.equal(found.properties['note'], 'a, "b" – ç');
    assert.deepEqual(found.inputs, [{ name: 'input', elementType: 'float', shape: ['N', 4] }]);
    assert.deepEqual(found.outputs, [
      { name: 'probability', elementType: 'float', shape: ['N', 1] },
      { name: 'score', elementType: 'float', shape: ['N', 1] },
    ]);
  });

  it('refuses bytes that are not a model, and every cut of one', () => {
    const bytes = encodeOnnx(train());
    assert.throws(() => readOnnxMetadata(new Uint8Array()), RangeError);
    assert.throws(() => readOnnxMetadata(Uint8Array.of(80, 75, 3, 4, 20)), RangeError);
    for (const length of [1, 5, 30, 300, bytes.length - 1]) {
      assert.throws(() => readOnnxMetadata(bytes.subarray(0, length)), RangeError, `cut at ${length}`);
    }
  });
});
