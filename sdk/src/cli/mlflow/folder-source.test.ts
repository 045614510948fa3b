import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FolderSource } from './folder-source.ts';
import { FolderWriter } from './folder-writer.ts';
import type { SourceRun } from './mlflow-source.ts';

const options = { artifactRoots: [], workspace: 'default' };
const runId = 'a'.repeat(32);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('an mlruns folder', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'flyball-folder-'));
  const root = path.join(home, 'mlruns');
  const write = (name: string, content: string): void => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  };

  before(() => {
    write('7/meta.yaml', "experiment_id: '7'\nlifecycle_stage: active\nname: 'yes: \"é\"'\n");
    const uri = 'artifact_uri: file:///etc\n';
    write(`7/${runId}/meta.yaml`, `${uri}run_id: ${runId}\nrun_name: x\nstatus: 4\nstart_time: 5\nend_time: null\n`);
    write(`7/${runId}/params/deep/er`, 'two\nlines');
    write(`7/${runId}/tags/empty`, '');
    write(`7/${runId}/metrics/val/loss`, '1 0.5 0\n1 0.5 0\n2 nan 1\n3 -inf 2\nhalf a li\n4 1e-3 3\n');
    write(`7/${'b'.repeat(32)}/params/p`, 'its meta.yaml is gone');
  });

  after(() => rmSync(home, { recursive: true, force: true }));

  it('is read with its keys in folders, each point once, and tells what is broken', async () => {
    const source = await FolderSource.open(root, options);
    assert.deepEqual(
      (await all(source.experiments())).map(({ name }) => name),
      ['yes: "é"'],
    );
    const [run, ...none] = await all(source.runs('7'));
    assert.ok(run !== undefined && none.length === 0);
    assert.deepEqual(
      [run.status, run.endTime, run.params, run.tags],
      ['FAILED', null, { 'deep/er': 'two\nlines' }, { empty: '' }],
    );
    const expected = [
      [1, 0, 0.5],
      [2, 1, 'NaN'],
      [3, 2, '-Infinity'],
      [4, 3, 0.001],
    ];
    assert.deepEqual(await all(source.series(run)), [{ key: 'val/loss', points: expected }]);
    assert.equal(await source.countPoints(run), 4);
    assert.equal(source.problems.length, 2, source.problems.join('\n'));
    assert.match(source.problems.join('\n'), /b{32} has no whole meta\.yaml[\s\S]*loss: line 5 is no point/);
  });

  it('opens nothing outside, whatever it names or links to', async () => {
    const source = await FolderSource.open(root, options);
    const [run] = await all(source.runs('7'));
    const owner = { ...run!, kind: 'run' as const, id: runId };
    assert.equal(await source.files(owner), null);
    write(`7/${runId}/artifacts/own.txt`, 'mine');
    symlinkSync('/etc/hostname', path.join(root, '7', runId, 'artifacts', 'link'));
    const files = (await source.files(owner)) ?? [];
    assert.deepEqual(
      files.map(({ path: name, sizeBytes }) => [name, sizeBytes]),
      [['own.txt', 4]],
    );
    assert.match(source.problems.at(-1) ?? '', /neither a file nor a folder/);
  });

  it('is written into new folders only, and never with names that lead out', async () => {
    await assert.rejects(FolderWriter.open(root), /is not empty/);
    const target = path.join(home, 'new');
    const writer = await FolderWriter.open(target);
    const experiment = {
      experimentId: '1',
      name: 'no',
      stage: 'deleted',
      createdAt: 1,
      updatedAt: 2,
      tags: {},
    } as const;
    await writer.experiment(experiment);
    const source = await FolderSource.open(root, options);
    const run: SourceRun = { ...(await all(source.runs('7')))[0]!, experimentId: '1' };
    for (const key of ['../../out', '/etc/x', 'a/../b', 'a\\b']) {
      await assert.rejects(writer.run({ ...run, params: { [key]: 'v' } }), /cannot be the name of a file/);
      await assert.rejects(writer.series(run, { key, points: [[1, 1, 1]] }), /cannot be the name of a file/);
    }
    await writer.run(run);
    const again = await FolderSource.open(target, options);
    assert.deepEqual(await all(again.experiments()), [experiment]);
    const [read] = await all(again.runs('1'));
    assert.deepEqual({ ...read, artifactUri: '' }, { ...run, artifactUri: '' });
  });
});
