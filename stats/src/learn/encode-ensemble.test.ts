import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { decodeEnsemble, encodeEnsemble } from './encode-ensemble.ts';
import { trainBoosting } from './train-boosting.ts';

const columns = [0, 1].map((f) => Float32Array.from({ length: 500 }, (_, i) => ((i * (f + 3)) % 17) / 7));
const labels = columns[0]!.map((x, i) => Math.floor(x + columns[1]![i]!) % 3);
const { model } = trainBoosting({ columns, labels, features: ['a', 'ö'] }, { objective: 'multiclass', trees: 4 });

describe('encodeEnsemble', () => {
  it('gives back the same model', () => {
    assert.deepEqual(decodeEnsemble(encodeEnsemble(model)), model);
  });

  it('encodes any bytes as base64 that Buffer reads, and reads what Buffer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString('base64'));
        assert.deepEqual(decodeBase64(encodeBase64(bytes)), Uint8Array.from(bytes));
      }),
    );
  });

  it('refuses other texts with the reason', () => {
    const encoded = JSON.parse(encodeEnsemble(model));
    const refuse = (change: object, reason: RegExp) =>
      assert.throws(() => decodeEnsemble(JSON.stringify({ ...encoded, ...change })), reason);
    assert.throws(() => decodeEnsemble('{'), /not JSON/);
    assert.throws(() => decodeEnsemble('7'), /expected an object/);
    refuse({ version: 2 }, /version 2 is unknown/);
    refuse({ objective: 'toString' }, /objective is unknown/);
    refuse({ features: [1] }, /features is not the list/);
    refuse({ nodes: [1] }, /has \d+ bytes, expected 4/);
    refuse({ value: '!!!!' }, /Not base64/);
    refuse({ cover: undefined }, /cover is missing/);
    refuse({ features: [] }, /points outside/);
    refuse({ left: encoded.featureIndex }, /points outside/);
  });
});
