import type { allRoutes, Client } from '@flyball/api';

const trips = ['at,known_at,place,delay', ...Array.from({ length: 50 }, (_, i) => row(i))].join('\n');

function row(i: number): string {
  const at = new Date(Date.UTC(2001, 0, 1, i)).toISOString();
  const knownAt = new Date(Date.UTC(2001, 0, 1, i + 1)).toISOString();
  return `${at},${knownAt},${i % 3 === 0 ? 'north' : 'south'},${(i * 7) % 40}`;
}

async function addData(client: Client<typeof allRoutes>): Promise<string[]> {
  const { digest } = await client.uploadObject({ upload: trips });
  await client.putEntity({ params: { entity: 'a' }, body: { key: 'place' } });
  await client.putDataset({
    params: { dataset: 'a' },
    body: { timeColumn: 'at', expectations: [{ kind: 'between', column: 'delay', max: 30, severity: 'warning' }] },
  });
  const files = [{ digest, name: 'trips.csv', format: 'csv' as const }];
  const { validation } = await client.addDatasetVersion({ params: { dataset: 'a' }, body: { files } });
  const source = { dataset: 'a', key: 'place', happenedAt: 'at', knownAt: 'known_at' };
  const features = [{ name: 'a', aggregate: 'mean' as const, of: { column: 'delay' }, windowSeconds: 7200 }];
  await client.putFeatureView({ params: { view: 'a' }, body: { entity: 'a', source, features } });
  const { id } = await client.createTrainingSet({
    body: {
      dataset: 'a',
      at: 'at',
      columns: { delay: 'delay' },
      label: { name: 'late', sql: 'delay > 15' },
      features: [{ view: 'a', feature: 'a', key: 'place', as: 'mean_delay' }],
    },
  });
  return [digest, id, ...(validation === null ? [] : [validation.id])];
}

async function addModel(client: Client<typeof allRoutes>, digest: string): Promise<string[]> {
  const { experimentId } = await client.createExperiment({ body: { name: 'a' } });
  const { runId } = await client.startRun({ body: { experimentId, name: 'a' } });
  await client.logBatch({ params: { run: runId }, body: { metrics: [{ key: 'a', value: 1 }] } });
  await client.putArtifact({ params: { run: runId, path: 'a' }, upload: 'artifact' });
  await client.putModel({ params: { model: 'a' }, body: {} });
  const inputs = [{ name: 'a', from: { kind: 'request' as const, input: 'a' } }];
  const files = [{ path: 'a', digest }];
  await client.createModelVersion({ params: { model: 'a' }, body: { flavor: 'other', files, runId, inputs } });
  return [experimentId, runId];
}

async function addLoop(client: Client<typeof allRoutes>): Promise<string[]> {
  await client.putEndpoint({
    params: { endpoint: 'a' },
    body: { model: 'a', inputs: [{ name: 'a', datatype: 'FP32' }], target: { kind: 'binary' } },
  });
  await client.putPipeline({
    params: { pipeline: 'a' },
    body: { steps: [{ id: 'a', command: ['nothing-of-that-name'] }] },
  });
  const { id } = await client.startPipeline({ params: { pipeline: 'a' }, body: {} });
  await client.putMonitor({
    params: { monitor: 'a' },
    body: { endpoint: 'a', signals: [{ id: 'a', kind: 'volume' }], rules: [{ id: 'a', signal: 'a', bound: 1 }] },
  });
  await client.putPolicy({ params: { policy: 'a' }, body: { model: 'a' } });
  return [id];
}

/** A project in which there is one thing of each kind, called `a`; answers the ids of those that have no name. */
export async function populateProject(client: Client<typeof allRoutes>): Promise<string[]> {
  const [digest = '', ...data] = await addData(client);
  return [digest, ...data, ...(await addModel(client, digest)), ...(await addLoop(client))];
}
