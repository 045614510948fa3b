import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Run } from '@flyball/api';
import { compareRows } from './compare-rows.ts';

const run = (runId: string, rest: Partial<Run>): Run => ({
  runId,
  experimentId: '1',
  name: runId,
  status: 'FINISHED',
  lifecycleStage: 'active',
  user: 'ada',
  startTime: 0,
  endTime: 1000,
  artifactUri: '',
  params: {},
  tags: {},
  metrics: {},
  inputs: [],
  ...rest,
});
const metric = (value: number | null) => ({ loss: { value, step: 1, timestamp: 1 } });

describe('runs side by side', () => {
  it('differ where their values do, however they are rounded', () => {
    const runs = [run('a', { metrics: metric(1 / 3) }), run('b', { metrics: metric(1 / 3 + 1e-12) })];
    const rows = compareRows(runs, []);
    const last = rows.find(({ name }) => name === 'loss (last)');
    assert.deepEqual(last?.values, ['0.333333', '0.333333']);
    assert.equal(last?.differs, true);
    assert.deepEqual(
      rows.filter(({ differs }) => differs).map(({ name }) => name),
      ['loss (last)'],
    );
  });

  it('tell what is not a number from what is not there', () => {
    const rows = compareRows([run('a', { metrics: metric(null) }), run('b', {})], []);
    assert.deepEqual(rows.find(({ name }) => name === 'loss (last)')?.values, ['NaN', '–']);
  });

  it('have datasets by use, with their digests, and no notes or names among the tags', () => {
    const input = { name: 'rows', source: '', context: 'training' };
    const tags = { 'mlflow.note.content': 'x', team: 'a' };
    const runs = [
      run('a', { inputs: [{ ...input, digest: 'd1' }], tags }),
      run('b', { inputs: [{ ...input, digest: 'd2' }] }),
    ];
    const rows = compareRows(runs, []).filter(({ section }) => section === 'Datasets' || section === 'Tags');
    assert.deepEqual(
      rows.map(({ name, values }) => [name, values]),
      [
        ['rows (training)', ['d1', 'd2']],
        ['team', ['a', '–']],
      ],
    );
  });
});
