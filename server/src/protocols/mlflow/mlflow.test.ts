import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestServer, type TestServer } from '#testing/test-server';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
  readonly headers: Headers;
}

type Body = Record<string, unknown>;

describe('the door for MLflow clients', () => {
  let server: TestServer;
  let experiment: string;
  let run: string;

  const call = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(server.url + path, { method, ...init });
    const text = await response.text();
    let body: Body = {};
    try {
      body = JSON.parse(text) as Body;
    } catch {
      // Not JSON.
    }
    return { status: response.status, body, text, headers: response.headers };
  };
  const send = (method: string, path: string, body: unknown) =>
    call(method, `/api/2.0/mlflow${path}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const post = (path: string, body: unknown) => send('POST', path, body);
  const get = (path: string) => call('GET', `/api/2.0/mlflow${path}`);
  const refused = (answer: Answer, message: string, code = 'INVALID_PARAMETER_VALUE', status = 400) =>
    assert.deepEqual([answer.status, answer.body], [status, { error_code: code, message }]);

  before(async () => {
    server = await createTestServer();
    experiment = String((await post('/experiments/create', { name: 'door' })).body['experiment_id']);
    const started = await post('/runs/create', { experiment_id: experiment, run_name: 'r', start_time: 5 });
    run = (started.body['run'] as { info: { run_id: string } }).info.run_id;
  });

  after(() => server.close());

  it('answers under both prefixes and through doubled slashes', async () => {
    for (const path of ['/api/2.0/mlflow', '/ajax-api/2.0/mlflow', '//api//2.0/mlflow']) {
      assert.equal((await call('GET', `${path}/runs/get?run_id=${run}`)).status, 200, path);
    }
    assert.match((await call('GET', '/version')).text, /^\d+\.\d+\.\d+$/);
    assert.equal((await call('GET', '/health')).text, 'OK');
    const info = (await call('GET', '/api/3.0/mlflow/server-info')).body;
    assert.deepEqual([info['store_type'], info['workspaces_enabled']], ['SqlStore', true]);
  });

  it('says of what is not built that there is no such endpoint', async () => {
    for (const path of [
      '/api/3.0/mlflow/traces/metrics',
      '/api/2.0/mlflow/nothing',
      '/ajax-api/2.0/mlflow/gateway-proxy',
    ]) {
      const { status, body } = await call('POST', path, {
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      assert.deepEqual([status, body['error_code']], [404, 'ENDPOINT_NOT_FOUND'], path);
    }
  });

  it('sends only what is there: no empty lists, no end before the end', async () => {
    const { body } = await get(`/runs/get?run_id=${run}`);
    const artifacts = `mlflow-artifacts:/${experiment}/${run}/artifacts`;
    assert.deepEqual(body, {
      run: {
        info: {
          run_uuid: run,
          run_id: run,
          experiment_id: experiment,
          run_name: 'r',
          user_id: '',
          status: 'RUNNING',
          start_time: 5,
          artifact_uri: artifacts,
          lifecycle_stage: 'active',
        },
        data: { tags: [{ key: 'mlflow.runName', value: 'r' }] },
        inputs: {},
        outputs: {},
      },
    });
    assert.deepEqual((await post('/runs/search', { experiment_ids: [experiment], filter: "tags.a = 'b'" })).body, {});
    assert.deepEqual((await post('/runs/search', {})).body, {});
  });

  it("tells what is wrong with a request in MLflow's words", async () => {
    const hint = ' See the API docs for more information about request parameters.';
    refused(
      await post('/runs/log-metric', { run_id: run, value: 1, timestamp: 1 }),
      `Missing value for required parameter 'key'.${hint}`,
    );
    const wrong = { run_id: run, key: 'm', value: 'abc', timestamp: 1 };
    refused(
      await post('/runs/log-metric', wrong),
      `Invalid value "abc" for parameter 'value' supplied:  Hint: Value was of type 'str'.${hint}`,
    );
    const batch = {
      run_id: run,
      metrics: [
        { key: 'a', value: 1, timestamp: 1 },
        { value: 1, timestamp: 1 },
      ],
    };
    refused(await post('/runs/log-batch', batch), `Missing value for required parameter 'metrics[1].key'.${hint}`);
    refused(
      await post('/runs/set-tag', { run_id: run, key: 'a*b', value: '1' }),
      'Invalid value "a*b" for parameter \'key\' supplied: Names may only contain alphanumerics, underscores (_), ' +
        'dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).',
    );
    refused(await get('/runs/get?run_id=nothing'), 'Run with id=nothing not found', 'RESOURCE_DOES_NOT_EXIST', 404);
    const twice = await post('/experiments/create', { name: 'door' });
    assert.deepEqual([twice.status, twice.body['error_code']], [400, 'RESOURCE_ALREADY_EXISTS']);
    refused(
      await post('/runs/search', { experiment_ids: ['x'] }),
      "Invalid experiment ID 'x'. Experiment ID must be a valid integer.",
    );
  });

  it('reads bodies as leniently as MLflow, and no others', async () => {
    const name = JSON.stringify(JSON.stringify({ name: 'wrapped twice' }));
    const path = '/api/2.0/mlflow/experiments/create';
    const json = { 'content-type': 'application/json; charset=utf-8' };
    assert.equal((await call('POST', path, { headers: json, body: name })).status, 200);
    assert.equal((await call('POST', path, { headers: json, body: '{"name":' })).status, 400);
    assert.equal((await call('POST', path, { headers: json, body: '[1]' })).status, 400);
    const form = await call('POST', path, { headers: { 'content-type': 'text/plain' }, body: '{"name":"x"}' });
    refused(form, "Bad Request. Content-Type must be one of ['application/json'].");
    for (const method of ['PATCH', 'DELETE']) {
      const init = { headers: { 'content-type': 'text/plain' }, body: '{"name":"x"}' };
      assert.equal(
        (await call(method, `/api/2.0/mlflow/registered-models/${method === 'PATCH' ? 'update' : 'delete'}`, init))
          .status,
        400,
      );
    }
    const both = await post('/runs/log-metric', { run_id: run, runId: run, key: 'm', value: 1, timestamp: 1 });
    refused(both, "Request specifies both 'run_id' and 'runId'; provide only one of them.");
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    assert.equal((await call('POST', path, { headers: json, body: `{"name":${deep}}` })).status, 400);
    const huge = await call('POST', path, { headers: json, body: `{"name":"${'x'.repeat(40 * 1024 * 1024)}"}` });
    assert.equal(huge.status, 413);
    assert.equal((await post('/experiments/create', { name: 'a\u0000b' })).status, 400);
    assert.equal(
      (await post('/runs/log-metric', { run_id: run, key: 'm', value: 1, timestamp: '9'.repeat(30) })).status,
      400,
    );
  });

  it('keeps NaN apart from numbers, and infinities within them', async () => {
    for (const [step, value] of [Number.NaN, 'NaN', 'Infinity', '-Infinity', 1.5].entries()) {
      const given = typeof value === 'number' && Number.isNaN(value) ? 'NaN' : value;
      assert.equal(
        (await post('/runs/log-metric', { run_id: run, key: 'n', value: given, timestamp: 7, step })).status,
        200,
      );
    }
    const { body } = await get(`/metrics/get-history?run_id=${run}&metric_key=n`);
    const points = body['metrics'] as { value: unknown; step: number }[];
    assert.deepEqual(
      points.map(({ step, value }) => [step, value]),
      [
        [0, 'NaN'],
        [1, 'NaN'],
        [2, Number.MAX_VALUE],
        [3, -Number.MAX_VALUE],
        [4, 1.5],
      ],
    );
  });

  it('streams artifacts both ways and never lets a browser run them', async () => {
    const path = `/api/2.0/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/pages/a%20b.html`;
    const content = '<script>alert(1)</script>';
    assert.equal((await call('PUT', path, { headers: { 'content-type': 'text/html' }, body: content })).status, 200);
    for (const place of [path, `/get-artifact?run_id=${run}&path=pages/a%20b.html`]) {
      const { text, headers } = await call('GET', place);
      assert.equal(text, content);
      assert.match(headers.get('content-disposition') ?? '', /^attachment/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('content-security-policy') ?? '', /sandbox/);
    }
    const listed = (await get(`/artifacts/list?run_id=${run}&path=pages`)).body;
    assert.deepEqual(listed['files'], [{ path: 'pages/a b.html', is_dir: false, file_size: content.length }]);
    assert.equal((await call('GET', path.replace('a%20b', 'nothing'))).status, 404);
  });

  it('refuses every path that leads out of the store, however it is written', async () => {
    const base = '/api/2.0/mlflow-artifacts/artifacts';
    for (const path of [
      '..%2f..%2ftmp%2fpwn',
      '%2e%2e%2f%2e%2e%2ftmp%2fdir',
      '%252e%252e%252f%252e%252e%252ftmp%252fdir',
      '%25252e%25252e%25252fx',
      '..%5c..%5cwindows%5cwin.ini',
      'C:%5cwindows%5cwin.ini',
      'a%23/b',
      'a%00b',
    ]) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await call(method, `${base}/${path}`, method === 'PUT' ? { body: 'x' } : {});
        refused(answer, 'Invalid path');
      }
    }
    for (const path of ['../path', 'a%23/../b', '%25252e%25252e/x', '/etc/passwd']) {
      refused(await get(`/artifacts/list?run_id=${run}&path=${path}`), 'Invalid path');
      refused(await call('GET', `/get-artifact?run_uuid=${run}&path=${path}`), 'Invalid path');
    }
  });

  it('refuses sources and locations that could mean another place', async () => {
    await post('/registered-models/create', { name: 'sources' });
    const version = (source: string, more: Body = {}) =>
      post('/model-versions/create', { name: 'sources', source, ...more });
    for (const source of [
      'file:///etc',
      '/etc',
      '/does/not/exist',
      '//proc/self/root/etc',
      ':/etc',
      'file:/etc',
      'FILE:///etc',
      'file:etc',
      'file:///x\\..\\..\\etc',
      'mlflow-artifacts://h:9/models/../../../',
      'http://h/models/../../../',
      's3a://b/a/../../../',
      'ftp://h/a/../../../',
      'dbfs:/R/artifacts/a%3f/../../../../../../',
      's3://b/a/..%2f..%2fx',
      's3://b/x#/../../etc',
      's3://b/artifact%00',
      'file://123.456.789.123/path',
      'mlflow-artifacts://host:9000/models/..%2f..%2fartifacts',
    ]) {
      for (const more of [{}, { run_id: run }, { tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] }]) {
        const { status, body } = await version(source, more);
        assert.deepEqual([status, body['error_code']], [400, 'INVALID_PARAMETER_VALUE'], source);
      }
    }
    const there = await version('/etc');
    assert.equal(there.body['message'], String((await version('/tmp')).body['message']).replace('/tmp', '/etc'));
    for (const source of [
      'mlflow-artifacts:/models/foo///bar',
      'mlflow-artifacts:/models/',
      'mlflow-artifacts://host:9000/models/artifact/..../',
      'http://attacker/api/2.0/mlflow-artifacts/artifacts/',
      's3://bucket/model',
    ]) {
      assert.equal((await version(source)).status, 200, source);
    }
    for (const location of [
      'http:///#/../../etc',
      'http:///;/../../etc',
      'file:///#/../etc',
      's3://b/a?x=a/../..',
      's3://b/../x',
      'runs:/x',
    ]) {
      assert.equal(
        (await post('/experiments/create', { name: location, artifact_location: location })).status,
        400,
        location,
      );
    }
  });

  it('registers the files of a run, scans them, and serves them by version', async () => {
    const base = `/api/2.0/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/model`;
    await call('PUT', `${base}/MLmodel`, { body: 'flavors: {}\n' });
    await call('PUT', `${base}/model.pkl`, { body: "cos\nsystem\n(S'echo pwned'\ntR." });
    await post('/registered-models/create', { name: 'scanned' });
    const made = await post('/model-versions/create', { name: 'scanned', source: `runs:/${run}/model`, run_id: run });
    assert.equal(made.status, 200);
    const version = await server.client().getModelVersion({ params: { model: 'scanned', version: 1 } });
    assert.equal(version.scan.verdict, 'malicious');
    assert.deepEqual(
      version.files.map(({ path }) => path),
      ['MLmodel', 'model.pkl'],
    );
    const file = await call('GET', '/model-versions/get-artifact?name=scanned&version=1&path=MLmodel');
    assert.equal(file.text, 'flavors: {}\n');
    const outside = await call('GET', '/model-versions/get-artifact?name=scanned&version=1&path=../x');
    refused(outside, 'Invalid path');
  });

  it('never answers a mistake of the caller with a 5xx', async () => {
    await post('/experiments/delete', { experiment_id: experiment });
    refused(
      await post('/experiments/update', { experiment_id: experiment, new_name: 'x' }),
      'Cannot rename a non-active experiment.',
      'INVALID_STATE',
    );
    await post('/experiments/restore', { experiment_id: experiment });
    const shifted = { name: 'scanned', version: '1', stage: 'Archived', archive_existing_versions: true };
    assert.equal((await post('/model-versions/transition-stage', shifted)).status, 400);
  });

  it('speaks for the project that the workspace header names', async () => {
    await server.client().createProject({ body: { name: 'elsewhere' } });
    const at = (workspace: string) => ({ headers: { 'x-mlflow-workspace': workspace } });
    const path = `/api/2.0/mlflow/runs/get?run_id=${run}`;
    assert.equal((await call('GET', path, at('elsewhere'))).status, 404);
    assert.equal((await call('GET', path, at('default'))).status, 200);
    refused(await call('GET', path, at('nowhere')), "Workspace 'nowhere' not found", 'RESOURCE_DOES_NOT_EXIST', 404);
    assert.equal((await call('GET', path, at('../x'))).status, 400);
  });
});
