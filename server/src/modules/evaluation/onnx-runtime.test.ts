import { ok, rejects } from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeOnnx, predictEnsemble, trainBoosting } from '@flyball/stats/learn';
import { checkModelRuntime } from './check-model-runtime.ts';
import { loadOnnx } from './load-onnx.ts';

const rows = 400;
const columns = [
  Float32Array.from({ length: rows }, (_, i) => i % 17),
  Float32Array.from({ length: rows }, (_, i) => (i % 5 === 0 ? Number.NaN : i / rows)),
];
const labels = Float64Array.from({ length: rows }, (_, i) => (i % 17 > 8 ? 1 : 0));

describe('the ONNX runtime', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flyball-onnx-'));
  });
  after(async () => await rm(folder, { recursive: true, force: true }));

  const { model } = trainBoosting({ columns, labels, features: ['a', 'b'] }, { objective: 'binary', trees: 20 });

  for (const inputs of ['matrix', 'columns'] as const) {
    it(`does what every runtime must, with ${inputs} as inputs`, async () => {
      const file = path.join(folder, `${inputs}.onnx`);
      await writeFile(file, encodeOnnx(model, { inputs }));
      const runtime = await loadOnnx(file);
      await checkModelRuntime(
        runtime,
        columns.map((column) => column.slice(0, 40)),
      );
      const expected = predictEnsemble(model, columns);
      const scores = await runtime.predict(columns);
      ok(scores.every((score, i) => Math.abs(score - expected[i]!) < 1e-6));
      await runtime.close();
    });
  }

  it('refuses what is no model, with a sentence', async () => {
    const file = path.join(folder, 'bad.onnx');
    await writeFile(file, 'not a model');
    await rejects(loadOnnx(file), { code: 'invalid_input' });
  });
});
