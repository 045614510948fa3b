import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestServer, type TestServer } from '#testing/test-server';

describe('a path in front of all others', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer({ staticPrefix: '/ml/flow' });
  });

  after(() => server.close());

  it('is taken away, wherever it is, and goes into links', async () => {
    for (const path of [
      '/ml/flow/health',
      '/health',
      '/ml/flow/version',
      '/ml/flow/api/2.0/mlflow/experiments/get?experiment_id=0',
    ]) {
      assert.equal((await fetch(server.url + path)).status, 200, path);
    }
    for (const path of ['/ml/flowhealth', '/ml/health', '/ml/flow/ml/flow/health']) {
      assert.equal((await fetch(server.url + path)).status, 404, path);
    }
    const proxy = `${server.url}/ml/flow/api/2.0/mlflow-artifacts`;
    await fetch(`${proxy}/artifacts/a.txt`, { method: 'PUT', body: 'content' });
    const { url } = (await (await fetch(`${proxy}/presigned/a.txt`)).json()) as { url: string };
    assert.ok(url.startsWith(`${proxy}/`), url);
    assert.equal(await (await fetch(url)).text(), 'content');
  });
});
