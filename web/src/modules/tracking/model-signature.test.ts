import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readModelDescription } from './model-signature.ts';

describe('the description of a model', () => {
  it('has the signature, also where the file folds its lines', () => {
    const found = readModelDescription(`artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
  sklearn:
    pickled_model: model.pkl
mlflow_version: 3.1.0
signature:
  inputs: '[{"type": "double", "name": "sepal length", "required": true}, {"type":
    "long", "name": "count", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: '[{"name": "k", "type": "integer", "default": 3, "shape": null}]'
`);
    assert.deepEqual(found?.flavors, ['python_function', 'sklearn']);
    assert.deepEqual(found?.inputs, [
      { name: 'sepal length', type: 'double', required: true },
      { name: 'count', type: 'long', required: false },
    ]);
    assert.deepEqual(found?.outputs, [{ name: '0', type: 'int64 [-1]', required: true }]);
    assert.deepEqual(found?.params, [{ name: 'k', type: 'integer', required: false }]);
    assert.deepEqual(found?.facts, [
      ['mlflow_version', '3.1.0'],
      ['artifact_path', 'model'],
    ]);
  });

  it('is none of other texts, and lacks a signature that is none', () => {
    for (const text of ['', '- a', 'a: [', 'flavors: 1']) assert.equal(readModelDescription(text), null);
    assert.equal(readModelDescription('flavors: {}\nsignature: {inputs: "{"}')?.inputs, null);
  });
});
