import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import type { ModelRuntime } from './model-runtime.ts';

/**
 * What every model runtime must do, given a model whose prediction depends on its columns.
 * `columns` are at least two rows that it scores differently.
 */
export async function checkModelRuntime(model: ModelRuntime, columns: readonly Float32Array[]): Promise<void> {
  const rows = columns[0]!.length;
  equal(columns.length, model.features.length);
  const scores = await model.predict(columns);
  equal(scores.length, rows, 'as many predictions as rows');
  ok(scores.every(Number.isFinite), 'predictions are numbers');
  ok(new Set(scores).size > 1, 'different rows are told apart');
  for (let row = 0; row < rows; row++) {
    const alone = await model.predict(columns.map((column) => column.slice(row, row + 1)));
    equal(alone[0], scores[row], `row ${row} scores alone as it does among others`);
  }
  deepEqual(await model.predict(columns.map(() => new Float32Array())), new Float64Array(), 'no rows, no predictions');
  const missing = await model.predict(columns.map(() => Float32Array.of(Number.NaN)));
  equal(missing.length, 1, 'missing values are scored');
  await rejects(model.predict(columns.slice(1)), /columns/, 'a wrong number of columns is refused');
  const many = columns.map((column) => Float32Array.from({ length: 20_000 }, (_, i) => column[i % rows]!));
  const repeated = await model.predict(many);
  ok(
    repeated.every((score, i) => score === scores[i % rows]),
    'large batches score like small ones',
  );
}
