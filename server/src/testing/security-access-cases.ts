import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { SecurityCase } from './security-path-cases.ts';
import type { Body, Reply, SecurityStage } from './security-stage.ts';

const api = '/api/2.0/mlflow';
const proxy = '/api/2.0/mlflow-artifacts';
const json = { 'content-type': 'application/json' };

/** A route that is not built says so and does nothing; one that is must refuse. */
function refusedOrAbsent({ status, text }: Reply, wanted: number, about: string): void {
  assert.ok(status === wanted || status === 404, `${about} answers ${status}: ${text.slice(0, 200)}`);
}

const denied = ({ status, body, text }: Reply, about: string): void => {
  assert.equal(status, 403, `${about}: ${text.slice(0, 200)}`);
  assert.equal(body['error_code'], 'PERMISSION_DENIED', about);
};

/** Calls that nobody outside of the project may make, and that need no body to be refused. */
const foreign =
  (calls: (stage: SecurityStage) => readonly (readonly [string, string])[], isBuilt = true): SecurityCase =>
  async (stage) => {
    for (const [method, target] of calls(stage)) {
      const reply = await stage.as(stage.tokens.stranger, method, target, method === 'GET' ? undefined : {});
      if (isBuilt) denied(reply, `${method} ${target}`);
      else refusedOrAbsent(reply, 403, `${method} ${target}`);
    }
  };

const anonymous =
  (calls: readonly (readonly [string, string])[]): SecurityCase =>
  async ({ as }) => {
    for (const [method, target] of calls) {
      refusedOrAbsent(await as(null, method, target, method === 'GET' ? undefined : {}), 401, `${method} ${target}`);
    }
  };

/** Requests that are refused or unknown on a server without login too: there is nothing behind them. */
const absent =
  (calls: readonly (readonly [string, Body])[], wanted: number): SecurityCase =>
  async ({ raw, visits }) => {
    const before = visits();
    for (const [target, body] of calls) {
      const reply = await raw('POST', target, { headers: json, body: JSON.stringify(body) });
      refusedOrAbsent(reply, wanted, `${target} ${JSON.stringify(body)}`);
    }
    assert.equal(visits(), before);
  };

const weakUsers = (passwords: readonly string[]) =>
  absent(
    passwords.map((password) => [`${api}/users/create`, { username: 'u', password }] as const),
    400,
  );

/** Rows about who may do what, and from where. */
export const accessCases: Readonly<Record<string, SecurityCase>> = {
  'CVE-2025-52967': absent(
    ['../../admin', 'http://169.254.169.254/'].map((at) => [
      '/ajax-api/2.0/mlflow/gateway-proxy',
      { gateway_path: at },
    ]),
    400,
  ),
  'GHSA-h7x2-h6g9-p789': absent([[`${api}/gateway/endpoints`, { api_base: 'http://10.0.0.1' }]], 400),
  'CVE-2023-6014': anonymous([['POST', `${api}/users/create`]]),
  'CVE-2024-4263': async ({ as, tokens }) => {
    const file = `${proxy}/artifacts/0/run/artifacts/x`;
    assert.equal((await as(tokens.contributor, 'PUT', file)).status, 200);
    denied(await as(tokens.contributor, 'DELETE', file), file);
    assert.equal((await as(tokens.viewer, 'GET', file)).status, 200);
  },
  'CVE-2025-1473': async ({ raw }) => {
    for (const target of ['/signup', `${api}/users/create-ui`, `${api}/experiments/create`]) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://evil.example' };
      assert.equal((await raw('POST', target, { headers, body: 'username=a&password=b' })).status, 403, target);
    }
  },
  'CVE-2025-1474': weakUsers(['', 'x']),
  'CVE-2025-11200': async (stage) => {
    await weakUsers(['short'])(stage);
    const authorization = `Basic ${Buffer.from('admin:password1234').toString('base64')}`;
    const target = `${api}/experiments/get?experiment_id=0`;
    const url = stage.guarded.url + target;
    assert.equal((await fetch(url, { headers: { authorization } })).status, 401);
  },
  'CVE-2025-14279': async ({ raw }) => {
    for (const target of [`${api}/experiments/get?experiment_id=0`, '/health', '/get-artifact', '/']) {
      assert.equal((await raw('GET', target, { headers: { host: 'evil.example:5000' } })).status, 403, target);
    }
  },
  'CVE-2023-43472': async ({ raw, get }) => {
    for (const headers of [{ 'content-type': 'text/plain', origin: 'http://evil' }, { 'content-type': 'text/plain' }]) {
      const { status } = await raw('POST', `${api}/experiments/create`, { headers, body: '{"name":"forged"}' });
      assert.ok(status === 400 || status === 403);
    }
    assert.equal((await get('/experiments/get-by-name?experiment_name=forged')).status, 404);
  },
  'CVE-2025-14297': async (stage) => {
    const { ownRun: run } = stage;
    await foreign(() => [
      ['GET', `/ajax-api/2.0/mlflow/runs/get?run_id=${run}`],
      ['POST', '/ajax-api/2.0/mlflow/runs/search'],
      ['GET', `/ajax-api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=m`],
      ['GET', `/get-artifact?run_id=${run}&path=x`],
      ['GET', `${api}/artifacts/list?run_id=${run}`],
      ['GET', `/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=${run}&metric_key=m`],
      ['GET', `/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids=${run}&metric_key=m`],
      ['POST', '/ajax-api/2.0/mlflow/experiments/search-datasets'],
      ['POST', `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run}&path=x`],
    ])(stage);
    await foreign(() => [['POST', '/graphql']], false)(stage);
  },
  'CVE-2025-15381': foreign(() => [
    ['POST', '/api/3.0/mlflow/traces/search'],
    ['GET', '/api/3.0/mlflow/traces/tr-1'],
    ['POST', `${api}/traces/delete-traces`],
    ['POST', '/api/3.0/mlflow/traces/tr-1/assessments'],
    ['PATCH', '/api/3.0/mlflow/traces/tr-1/assessments/a-1'],
  ]),
  'CVE-2026-8147': foreign(() => [
    ['POST', '/api/3.0/mlflow/traces'],
    ['PATCH', `${api}/traces/tr-1/tags`],
  ]),
  'GHSA-qqq6-8wgv-xjqg': foreign(() => [['GET', '/ajax-api/3.0/mlflow/get-trace-artifact?request_id=tr-1']]),
  'GHSA-v7w2-x9m4-3743': foreign(() => [
    ['POST', `${api}/traces/delete-traces`],
    ['GET', '/api/3.0/mlflow/traces/batchGet?trace_ids=tr-1'],
  ]),
  'CVE-2026-2652': anonymous([
    ['POST', '/v1/traces'],
    ['GET', '/ajax-api/3.0/jobs/'],
  ]),
  'CVE-2026-0545': anonymous([['POST', '/ajax-api/3.0/jobs/']]),
  'CVE-2026-2651': async (stage) => {
    const calls = ['create', 'complete', 'abort'].map((step) => ['POST', `${proxy}/mpu/${step}/a`] as const);
    await foreign(() => calls)(stage);
    for (const [method, target] of calls) denied(await stage.as(stage.tokens.viewer, method, target, {}), target);
  },
  'GHSA-46r5-x6jq-v8g6': foreign(() => [
    ['GET', '/ajax-api/2.0/mlflow/logged-models/m-1/artifacts/files?artifact_file_path=x'],
  ]),
  'GHSA-3p64-6gvh-82v5': async ({ as, tokens, ownRun: run }) => {
    for (const call of ['log-inputs', 'outputs', 'log-model']) {
      denied(await as(tokens.viewer, 'POST', `${api}/runs/${call}`, { run_id: run }), call);
    }
  },
  'PR-24354': async ({ as, tokens }) => {
    const search = async () => {
      const { body } = await as(tokens.viewer, 'POST', `${api}/runs/search`, { experiment_ids: ['0'] });
      return ((body['runs'] ?? []) as unknown[]).length;
    };
    const before = await search();
    assert.equal((await as(tokens.contributor, 'POST', `${api}/runs/create`, { experiment_id: '0' })).status, 200);
    denied(await as(tokens.viewer, 'POST', `${api}/runs/create`, { experiment_id: '0' }), 'runs/create');
    assert.equal((await search()) - before, 1);
  },
};

const seconds = async (work: () => Promise<void>): Promise<number> => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};

/** Rows about what requests cost. */
export const loadCases: Readonly<Record<string, SecurityCase>> = {
  'CVE-2025-0453': async ({ raw }) => {
    const query = `{${Array.from({ length: 10_000 }, (_, i) => `a${i}:mlflowGetExperiment`).join(' ')}}`;
    const body = JSON.stringify({ query });
    const taken = await seconds(async () => {
      for (const deep of [body, JSON.stringify({ query: '{a'.repeat(100) })]) {
        refusedOrAbsent(await raw('POST', '/graphql', { headers: json, body: deep }), 400, 'graphql');
      }
    });
    assert.ok(taken < 5, `${taken} s`);
  },
  'CVE-2024-6838': async ({ post }) => {
    const huge = 'x'.repeat(10_000_000);
    assert.equal((await post('/experiments/create', { name: huge })).status, 400);
    assert.equal((await post('/experiments/create', { name: 'e', artifact_location: `s3://b/${huge}` })).status, 400);
  },
  'CVE-2024-3099': async ({ post, get }) => {
    const named = async (name: string, description: string) =>
      (await post('/registered-models/create', { name, description })).status;
    assert.equal(await named('a b', 'with a space'), 200);
    const second = await named('a%20b', 'with a percent sign');
    assert.ok(second === 200 || second === 400);
    for (const [name, wanted] of [
      ['a b', 'with a space'],
      ['a%20b', second === 200 ? 'with a percent sign' : undefined],
    ] as const) {
      const { body } = await get(`/registered-models/get?name=${encodeURIComponent(name)}`);
      assert.equal((body['registered_model'] as Body | undefined)?.['description'], wanted);
    }
  },
  'DoS-regex': async ({ post, experiment }) => {
    const search = async (filter: string) => await post('/runs/search', { experiment_ids: [experiment], filter });
    for (const filter of [
      `params.a = '${'x'.repeat(1_000_000)}`,
      Array.from({ length: 10_000 }, (_, i) => `metrics.a${i} > 1`).join(' AND '),
      `params.a = ${`'"`.repeat(50_000)}`,
      `tags.a LIKE ${'%_'.repeat(100_000)}`,
    ]) {
      let status = 0;
      // 50 ms on a machine of its own; tests share theirs.
      const taken = await seconds(async () => {
        ({ status } = await search(filter));
      });
      assert.equal(status, 400, filter.slice(0, 40));
      assert.ok(taken < 1, `${taken} s for ${filter.slice(0, 40)}`);
    }
  },
  'DoS-body': async ({ raw, run }) => {
    const metrics = `{"run_id":"${run}","metrics":[${' '.repeat(200_000_000)}]}`;
    assert.equal((await raw('POST', `${api}/runs/log-batch`, { headers: json, body: metrics })).status, 413);
    const bomb = gzipSync(Buffer.alloc(100_000_000)).toString('latin1');
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
    const { status } = await raw('POST', '/v1/traces', { headers, body: bomb });
    assert.ok([400, 404, 413, 415].includes(status), String(status));
  },
};

/** Rows about what becomes of content that others wrote. */
export const contentCases: Readonly<Record<string, SecurityCase>> = {
  'tar-15031': async ({ raw, open }) => {
    const folder = `${proxy}/artifacts/tar`;
    const archive = 'bm90IHJlYWxseSBhIHRhciwgYnV0IG5hbWVkIGxpa2Ugb25l';
    assert.equal((await raw('PUT', `${folder}/x.tar.gz`, { body: archive })).status, 200);
    const { body } = await raw('GET', `${proxy}/artifacts?path=tar`);
    assert.deepEqual(
      (body['files'] as Body[]).map((file) => file['path']),
      ['x.tar.gz'],
    );
    const made = await raw('POST', `${api}/registered-models/create`, { headers: json, body: '{"name":"tar"}' });
    assert.equal(made.status, 200);
    const source = JSON.stringify({ name: 'tar', source: 'mlflow-artifacts:/tar' });
    await raw('POST', `${api}/model-versions/create`, { headers: json, body: source });
    const { files } = await open.client().getModelVersion({ params: { model: 'tar', version: 1 } });
    assert.deepEqual(
      files.map((file) => file.path),
      ['x.tar.gz'],
    );
  },
  'CVE-2024-0520': async ({ post, run, attacker, visits }) => {
    const before = visits();
    const dataset = {
      name: 'd',
      digest: '1',
      source_type: 'http',
      source: JSON.stringify({ url: `http://${attacker}/x` }),
    };
    assert.equal((await post('/runs/log-inputs', { run_id: run, datasets: [{ dataset, tags: [] }] })).status, 200);
    assert.equal(visits(), before);
  },
  'CVE-2023-6568': async ({ raw }) => {
    const headers = { 'content-type': '<script>alert(1)</script>' };
    const reply = await raw('POST', `${api}/experiments/create`, { headers, body: '{}' });
    assert.ok(reply.status >= 400 && reply.status < 500);
    assert.doesNotMatch(reply.text, /<script>/);
    assert.match(reply.headers['content-type'] ?? '', /^application\/json/);
  },
  'CVE-2024-27132': async ({ raw }) => {
    for (const name of ['page.html', 'image.svg', 'page.xhtml', 'a.js', 'no-name', 'x.HTML']) {
      const target = `${proxy}/artifacts/xss/${name}`;
      await raw('PUT', target, { headers: { 'content-type': 'text/html' }, body: '<script>alert(1)</script>' });
      const { headers } = await raw('GET', target);
      assert.match(headers['content-disposition'] ?? '', /^attachment/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.match(String(headers['content-security-policy']), /sandbox; default-src 'none'/);
    }
  },
  'CVE-2024-27133': async ({ post, get, run }) => {
    const markup = '{"a":"<img src=x onerror=alert(1)>"}';
    const dataset = {
      name: '<b>d</b>',
      digest: '2',
      source_type: 'local',
      source: '{}',
      schema: markup,
      profile: markup,
    };
    assert.equal((await post('/runs/log-inputs', { run_id: run, datasets: [{ dataset }] })).status, 200);
    const { headers } = await get(`/runs/get?run_id=${run}`);
    assert.match(headers['content-type'] ?? '', /^application\/json/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
  },
  'CVE-2026-33865': async ({ raw, open }) => {
    const yaml = 'flavors: !!js/function "function () { throw 1 }"\n';
    await raw('PUT', `${proxy}/artifacts/yaml/MLmodel`, { body: yaml });
    await raw('POST', `${api}/registered-models/create`, { headers: json, body: '{"name":"yaml"}' });
    const source = JSON.stringify({ name: 'yaml', source: 'mlflow-artifacts:/yaml' });
    assert.equal((await raw('POST', `${api}/model-versions/create`, { headers: json, body: source })).status, 200);
    // Kept and given out as the text it is: nothing here reads YAML.
    const { files } = await open.client().getModelVersion({ params: { model: 'yaml', version: 1 } });
    assert.equal(files[0]?.path, 'MLmodel');
    const file = await raw('GET', '/model-versions/get-artifact?name=yaml&version=1&path=MLmodel');
    assert.deepEqual([file.text, file.headers['content-type']], [yaml, 'text/plain']);
  },
  'PR-21175': async ({ post, get, run }) => {
    const tag = { run_id: run, key: 'mlflow.source.name', value: 'javascript:alert(1)' };
    assert.equal((await post('/runs/set-tag', tag)).status, 200);
    const { headers } = await get(`/runs/get?run_id=${run}`);
    assert.match(headers['content-type'] ?? '', /^application\/json/);
  },
  'CVE-2024-370xx': async ({ raw, open }) => {
    const pwned = path.join(open.dataDir, 'pwned');
    await raw('PUT', `${proxy}/artifacts/pickle/model.pkl`, { body: `cos\nsystem\n(S'touch ${pwned}'\ntR.` });
    await raw('POST', `${api}/registered-models/create`, { headers: json, body: '{"name":"pickle"}' });
    const source = JSON.stringify({ name: 'pickle', source: 'mlflow-artifacts:/pickle' });
    assert.equal((await raw('POST', `${api}/model-versions/create`, { headers: json, body: source })).status, 200);
    const version = await open.client().getModelVersion({ params: { model: 'pickle', version: 1 } });
    assert.equal(version.scan.verdict, 'malicious');
    assert.ok(!existsSync(pwned));
  },
  'CVE-2025-15379': async ({ raw, open }) => {
    const pwned = path.join(open.dataDir, 'pwned-2');
    await raw('PUT', `${proxy}/artifacts/env/requirements.txt`, { body: `numpy; touch ${pwned}\n` });
    await raw('POST', `${api}/registered-models/create`, { headers: json, body: '{"name":"env"}' });
    const source = JSON.stringify({ name: 'env', source: 'mlflow-artifacts:/env' });
    await raw('POST', `${api}/model-versions/create`, { headers: json, body: source });
    assert.ok(!existsSync(pwned));
  },
  'CVE-2026-0596': async ({ post, raw, open }) => {
    const pwned = path.join(open.dataDir, 'pwned-3');
    const name = `x'; touch ${pwned}; '`;
    await post('/registered-models/create', { name });
    await post('/model-versions/create', { name: 'env', source: `models:/${name}/1` });
    const model = { endpoint: 'e', model: name, version: 1 };
    await raw('PUT', '/api/v1/projects/default/endpoints/e', { headers: json, body: JSON.stringify(model) });
    assert.ok(!existsSync(pwned));
  },
};
