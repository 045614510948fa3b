import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemActor } from '#platform/access/actor';
import { createTestServer, type TestServer } from '#testing/test-server';

const rows = Array.from({ length: 400 }, (_, n) => {
  const late = (n * 7) % 10 < 3 + (n % 2) * 3 ? 1 : 0;
  return [new Date(Date.UTC(2001, 0, 1, n)).toISOString(), n % 2, (n * 13) % 29, late].join(',');
});

describe('a step that trains', () => {
  let server: TestServer;
  let trainingSetId: string;

  before(async () => {
    server = await createTestServer();
    const client = server.client();
    const { digest } = await client.uploadObject({ upload: ['at,odd,size,late', ...rows].join('\n') });
    await client.putDataset({ params: { dataset: 'trips' }, body: {} });
    const files = [{ digest, name: 'trips.csv', format: 'csv' as const }];
    await client.addDatasetVersion({ params: { dataset: 'trips' }, body: { files } });
    const body = {
      dataset: 'trips',
      at: 'at',
      columns: { odd: 'odd', size: 'size' },
      label: { name: 'late', sql: 'late' },
    };
    ({ id: trainingSetId } = await client.createTrainingSet({ body }));
  });
  after(async () => await server.close());

  async function train(stepId: string, attempt: number, trees = 5): Promise<Record<string, unknown>> {
    const action = server.modules.evaluation.actions.find(({ name }) => name === 'evaluation.train')!;
    const context = {
      project: 'default',
      actor: systemActor,
      pipelineRunId: '0197c5a0-0000-7000-8000-000000000000',
      stepId,
      attempt,
      signal: new AbortController().signal,
      log: () => undefined,
      progress: () => undefined,
    };
    const input = { trainingSetId, features: ['odd', 'size'], experiment: 'trips', learner: { trees } };
    return await action.run(context, input);
  }

  async function finishedRuns(): Promise<number> {
    const client = server.client();
    const { items } = await client.listExperiments({ query: {} });
    const experimentIds = items.map(({ experimentId }) => experimentId);
    const runs = await client.searchRuns({ body: { experimentIds, limit: 100 } });
    return runs.items.filter(({ status }) => status === 'FINISHED').length;
  }

  it('that was killed after its run was finished gives that run, not another one', async () => {
    const first = await train('train', 1);
    deepEqual(await train('train', 2), first);
    equal(await finishedRuns(), 1);
  });

  it('trains where it is asked something else, or is another step', async () => {
    const { runId } = await train('train', 1);
    notEqual((await train('train', 3, 6))['runId'], runId);
    notEqual((await train('other', 1))['runId'], runId);
    equal(await finishedRuns(), 3);
  });
});
