import { deepEqual, equal } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Evidence } from '@flyball/api';
import { linearModel } from '#testing/served-model';
import { createTestServer, type TestServer } from '#testing/test-server';

const rows = ['at,delay,late', ...Array.from({ length: 400 }, (_, i) => row(i))].join('\n');

function row(i: number): string {
  const delay = (i * 7) % 40;
  return `${new Date(Date.UTC(2001, 0, 1, i)).toISOString()},${delay},${delay > 15 ? 1 : 0}`;
}

describe('the evidence of a version', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer();
  });

  after(async () => {
    await server?.close();
  });

  it('tells which rows the version learned from and on which it was measured, and names its run', async () => {
    const client = server.client();
    const upload = await client.uploadObject({ upload: rows });
    await client.putDataset({ params: { dataset: 'trips' }, body: {} });
    const files = [{ digest: upload.digest, name: 'trips.csv', format: 'csv' as const }];
    await client.addDatasetVersion({ params: { dataset: 'trips' }, body: { files } });
    const common = { dataset: 'trips', at: 'at', columns: { delay: 'delay' }, label: { name: 'late', sql: 'late' } };
    const middle = '2001-01-09T00:00:00.000Z';
    const learned = await client.createTrainingSet({ body: { ...common, until: middle } });
    const measured = await client.createTrainingSet({ body: { ...common, from: middle } });

    const { experimentId } = await client.createExperiment({ body: { name: 'trips' } });
    const tags = { 'mlflow.source.git.commit': 'abc' };
    const { runId } = await client.startRun({ body: { experimentId, name: 'first try', tags } });
    await client.putModel({ params: { model: 'late' }, body: {} });
    const model = await client.uploadObject({ upload: linearModel({ delay: 1 }, -15) });
    await client.createModelVersion({
      params: { model: 'late' },
      body: {
        runId,
        files: [{ path: 'model.onnx', digest: model.digest }],
        inputs: [{ name: 'delay', from: { kind: 'request', input: 'delay' } }],
        dataset: { name: 'trips', version: 1, trainingSetId: learned.id },
      },
    });
    await client.evaluate({ body: { model: 'late', version: 1, trainingSetId: measured.id } });

    const evidence = Evidence.parse(await client.getEvidence({ params: { model: 'late', version: 1 } }));
    const data = evidence.sections.find(({ kind }) => kind === 'data')?.items ?? [];
    const uses = data.map((item) => ('uses' in item ? [item.kind, item.digest.length, ...item.uses] : []));
    deepEqual(uses, [
      ['dataset_version', 64, 'training', 'evaluation'],
      ['training_set', 64, 'training'],
      ['training_set', 64, 'evaluation'],
    ]);
    const code = evidence.sections.find((section) => section.kind === 'code');
    equal(code?.items[0]?.program['mlflow.source.git.commit'], 'abc');

    const { nodes } = await client.getLineage({ query: { kind: 'model_version', id: 'late@1' } });
    equal(nodes.find(({ kind, id }) => kind === 'run' && id === runId)?.title, 'first try');
  });
});
