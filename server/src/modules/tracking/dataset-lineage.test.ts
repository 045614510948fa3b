import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestServer, type TestServer } from '#testing/test-server';

interface Logged {
  readonly name?: string;
  readonly digest?: string;
  readonly source?: string;
  readonly tags?: Record<string, string>;
}

describe('the datasets that runs read', () => {
  let server: TestServer;
  let digest: string;

  const mlflow = async (call: string, body: object): Promise<Record<string, { info: { run_id: string } }>> => {
    const url = `${server.url}/api/2.0/mlflow/${call}`;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Record<string, { info: { run_id: string } }>;
  };

  const startRun = async (): Promise<string> =>
    (await mlflow('runs/create', { experiment_id: '0', run_name: 'reader' }))['run']!.info.run_id;

  const log = async (run_id: string, { name = 'given', tags = {}, source = '{}', digest: own = '1' }: Logged) =>
    await mlflow('runs/log-inputs', {
      run_id,
      datasets: [
        {
          dataset: { name, digest: own, source_type: 'http', source },
          tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
        },
      ],
    });

  const readBy = async (id: string) => {
    const { nodes, edges } = await server.client().getLineage({ query: { kind: 'run', id, depth: 1 } });
    return edges.map(({ from, role }) => ({ node: nodes.find((node) => node.id === from.id)!, role }));
  };

  const read = async (logged: Logged) => {
    const run = await startRun();
    await log(run, logged);
    const [found] = await readBy(run);
    return `${found!.role} ${found!.node.kind} ${found!.node.title}`;
  };

  before(async () => {
    server = await createTestServer({ publicUrl: 'http://ml.example' });
    const client = server.client();
    for (const dataset of ['flights', 'copies']) {
      await client.putDataset({ params: { dataset }, body: {} });
      const { digest: file } = await client.uploadObject({ upload: new Blob(['n\n1\n2\n']) });
      const files = [{ digest: file, name: 'a.csv', format: 'csv' as const }];
      const { version } = await client.addDatasetVersion({ params: { dataset }, body: { files } });
      digest = version!.digest.slice(0, 36);
    }
  });

  after(() => server.close());

  it('are versions of ours where a tag, an address or a digest says so exactly', async () => {
    const context = { 'mlflow.data.context': 'training' };
    const source = JSON.stringify({
      url: 'http://ml.example/api/v1/projects/default/datasets/flights/versions/1/rows',
    });
    assert.equal(await read({ source, tags: context }), 'training dataset_version flights@1');
    assert.equal(await read({ tags: { 'flyball.dataset_version': 'copies@1' } }), 'read dataset_version copies@1');
    assert.equal(await read({ name: 'flights', digest }), 'read dataset_version flights@1');
    // Two datasets have these rows, and the name is that of neither.
    assert.equal(await read({ name: 'else', digest }), 'read external_dataset else');
  });

  it('are sources from elsewhere otherwise, one for all runs that say the same', async () => {
    const source = JSON.stringify({ url: 'https://elsewhere.example/iris.csv' });
    const runs = [await startRun(), await startRun()];
    for (const run of runs) await log(run, { name: 'iris', digest: 'abc', source });
    const [first, second] = await Promise.all(runs.map(readBy));
    assert.deepEqual(first, second);
    assert.deepEqual(first![0]!.node, {
      kind: 'external_dataset',
      id: first![0]!.node.id,
      title: 'iris',
      details: { digest: 'abc', type: 'http', source },
    });
    assert.equal(await read({ tags: { 'flyball.dataset_version': 'flights@9' } }), 'read external_dataset given');
    await log(runs[0]!, { name: 'iris', digest: 'abc', source });
    assert.equal((await readBy(runs[0]!)).length, 1);
  });

  it('leave lineage with the run, and do not crowd what it shows first', async () => {
    const client = server.client();
    const run = await startRun();
    await log(run, { tags: { 'flyball.dataset_version': 'flights@1' } });
    const kinds = async () => new Set((await client.getLineage({ query: {} })).nodes.map(({ kind }) => kind));
    assert.deepEqual(await kinds(), new Set(['dataset_version']));
    await client.changeRuns({ body: { runIds: [run], stage: 'deleted' } });
    await client.purgeRuns({ body: { runIds: [run] } });
    assert.deepEqual(await client.getLineage({ query: { kind: 'run', id: run } }), { nodes: [], edges: [] });
    const { nodes } = await client.getLineage({ query: { kind: 'dataset_version', id: 'flights@1' } });
    assert.ok(nodes.length > 1);
  });

  it('stay known when a run is purged by force of which a version is left', async () => {
    const client = server.client();
    const run = await startRun();
    await log(run, { tags: { 'flyball.dataset_version': 'flights@1' } });
    await client.putArtifact({ params: { run, path: 'model/a.txt' }, upload: 'a' });
    await mlflow('registered-models/create', { name: 'kept' });
    await mlflow('model-versions/create', { name: 'kept', source: `runs:/${run}/model`, run_id: run });
    await client.changeRuns({ body: { runIds: [run], stage: 'deleted' } });
    await client.purgeRuns({ body: { runIds: [run], force: true, reason: 'a test' } });
    const { nodes } = await client.getLineage({ query: { kind: 'model_version', id: 'kept@1' } });
    assert.deepEqual(nodes.map(({ kind }) => kind).sort(), ['dataset_version', 'model_version', 'run']);
  });
});
