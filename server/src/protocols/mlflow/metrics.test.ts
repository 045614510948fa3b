import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Body, missing, mlflowCaller, refused } from '#testing/mlflow-caller';
import { createTestServer, type TestServer } from '#testing/test-server';

describe('curves of several runs at once', () => {
  let server: TestServer;
  const runs: string[] = [];
  const { call, send } = mlflowCaller(() => server.url);
  const ajax = '/ajax-api/2.0/mlflow';
  const interval = async (query: string) =>
    await call('GET', `/api/2.0/mlflow/metrics/get-history-bulk-interval?${query}`);
  const bulk = async (query: string) => await call('GET', `${ajax}/metrics/get-history-bulk?${query}`);
  const pointsOf = ({ body }: { body: Body }) => (body['metrics'] ?? []) as (Body & { step: number; run_id: string })[];

  before(async () => {
    server = await createTestServer();
    for (let i = 0; i < 2; i++) {
      const { body } = await send('POST', '/runs/create', { experiment_id: '0' }, 2);
      runs.push((body['run'] as { info: { run_id: string } }).info.run_id);
    }
    const log = async (run: string, metrics: readonly Body[]) =>
      assert.equal((await send('POST', '/runs/log-batch', { run_id: run, metrics }, 2)).status, 200);
    const steps = Array.from({ length: 1000 }, (_, step) => step);
    await log(
      runs[0]!,
      steps.map((step) => ({ key: 'loss', value: step / 2, timestamp: 5, step })),
    );
    await log(
      runs[1]!,
      [0, 7, 2000].map((step) => ({ key: 'loss', value: step === 7 ? 'NaN' : step, timestamp: 5, step })),
    );
    await log(
      runs[1]!,
      steps.slice(0, 500).map((at) => ({ key: 'flat', value: 1, timestamp: at, step: 0 })),
    );
  });

  after(() => server.close());

  it('are whole when they are short, and thinned evenly between their ends when they are long', async () => {
    const both = pointsOf(await interval(`run_ids=${runs[0]}&run_ids=${runs[1]}&metric_key=loss&max_results=5`));
    assert.deepEqual(
      both.map(({ run_id, step, value }) => [runs.indexOf(run_id), step, value]),
      [
        [0, 0, 0],
        [0, 200, 100],
        [0, 400, 200],
        [0, 600, 300],
        [0, 999, 499.5],
        [1, 0, 0],
        [1, 7, 'NaN'],
        [1, 2000, 2000],
      ],
    );
    const [point] = both;
    assert.deepEqual(point, { key: 'loss', value: 0, timestamp: 5, step: 0, run_id: runs[0] });
    for (const [limit, count, first, last] of [
      [1, 1, 999, 999],
      [2, 2, 0, 999],
      [3, 3, 0, 999],
      [7, 7, 0, 999],
      [999, 999, 0, 999],
      [1000, 1000, 0, 999],
      [2500, 1000, 0, 999],
    ] as const) {
      const found = pointsOf(await interval(`run_ids=${runs[0]}&metric_key=loss&max_results=${limit}`));
      assert.deepEqual([found.length, found[0]?.step, found.at(-1)?.step], [count, first, last], String(limit));
    }
    assert.equal(pointsOf(await interval(`run_ids=${runs[1]}&metric_key=flat&max_results=10`)).length, 10);
    const some = pointsOf(await interval(`run_ids=${runs[0]}&metric_key=loss&start_step=10&end_step=12`));
    assert.deepEqual(
      some.map(({ step }) => step),
      [10, 11, 12],
    );
    assert.deepEqual((await interval(`run_ids=${runs[0]}&metric_key=nothing`)).body, {});
  });

  it('are refused in the words of the reference', async () => {
    const asked = `run_ids=${runs[0]}&metric_key=loss`;
    refused(await interval('metric_key=loss'), /^Missing value for required parameter 'run_ids'/);
    refused(await interval(`run_ids=${runs[0]}`), /^Missing value for required parameter 'metric_key'/);
    for (const limit of [0, -1, 2501]) {
      refused(await interval(`${asked}&max_results=${limit}`), /^max_results must be between 1 and 2500\./);
    }
    refused(await interval(`${asked}&max_results=many`), /^Invalid value "many" for parameter 'max_results'/);
    refused(await interval(`${asked}&start_step=1`), /both must be specified/);
    refused(
      await interval(`${asked}&start_step=2&end_step=1`),
      'end_step must be greater than start_step. Found start_step=2 and end_step=1.',
    );
    const many = Array.from({ length: 101 }, () => `run_ids=${runs[0]}`).join('&');
    refused(await interval(`${many}&metric_key=loss`), /at most 100 run_ids\. Received 101 run_ids\./);
    missing(await interval(`${asked}&run_ids=none`), 'Run with id=none not found');
  });

  it('come whole up to a limit, run after run, for pages', async () => {
    const all = pointsOf(await bulk(`run_id=${runs[0]}&run_id=${runs[1]}&metric_key=loss`));
    assert.equal(all.length, 1003);
    assert.deepEqual(
      all.map(({ run_id }) => run_id),
      all.map(({ run_id }) => run_id).sort(),
    );
    assert.equal(pointsOf(await bulk(`run_id=${runs[0]}&metric_key=loss&max_results=3`)).length, 3);
    assert.deepEqual((await bulk('run_id=none&metric_key=loss')).body, { metrics: [] });
    refused(await bulk('metric_key=loss'), 'GetMetricHistoryBulk request must specify at least one run_id.');
    refused(await bulk(`run_id=${runs[0]}`), 'GetMetricHistoryBulk request must specify a metric_key.');
    const many = Array.from({ length: 101 }, () => 'run_id=a').join('&');
    refused(await bulk(`${many}&metric_key=m`), /cannot specify more than 100 run_ids\. Received 101 run_ids\./);
    assert.equal((await call('GET', '/api/2.0/mlflow/metrics/get-history-bulk?run_id=a&metric_key=m')).status, 404);
  });

  it('stand beside the datasets that runs of some experiments were given', async () => {
    const search = async (ids: unknown) =>
      await call('POST', `${ajax}/experiments/search-datasets`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ experiment_ids: ids }),
      });
    assert.deepEqual((await search(['0'])).body, {});
    const dataset = { name: 'rows', digest: 'abc', source_type: 'code', source: '{}' };
    const tags = [{ key: 'mlflow.data.context', value: 'training' }];
    await send(
      'POST',
      '/runs/log-inputs',
      { run_id: runs[0], datasets: [{ dataset, tags }, { dataset: { ...dataset, name: 'x' } }] },
      2,
    );
    assert.deepEqual((await search(['0', '77'])).body, {
      dataset_summaries: [
        { experiment_id: '0', name: 'rows', digest: 'abc', context: 'training' },
        { experiment_id: '0', name: 'x', digest: 'abc' },
      ],
    });
    refused(await search([]), 'SearchDatasets request must specify at least one experiment_id.');
    refused(await search(Array(21).fill('0')), /more than 20 experiment_ids\. Received 21 experiment_ids\./);
    refused(await search(['x']), /must be a valid integer/);
  });
});
