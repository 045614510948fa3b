import assert from 'node:assert/strict';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Body, Reply, SecurityStage } from './security-stage.ts';

export type SecurityCase = (stage: SecurityStage) => Promise<void>;

const refused = ({ status, body, text }: Reply, message: RegExp, about = ''): void => {
  assert.equal(status, 400, `${about}: ${text.slice(0, 300)}`);
  assert.equal(body['error_code'], 'INVALID_PARAMETER_VALUE', about);
  assert.match(String(body['message']), message, about);
};

/** A version of a model of its own; the model is made when it is missing. */
async function version({ post }: SecurityStage, source: string, more: Body = {}, name = 'security'): Promise<Reply> {
  await post('/registered-models/create', { name });
  return await post('/model-versions/create', { name, source, ...more });
}

let names = 0;
const locate = async ({ post }: SecurityStage, location: string): Promise<Reply> =>
  await post('/experiments/create', { name: `located ${++names}`, artifact_location: location });

/** Sources that are refused, and answer nothing that a file afterwards. */
const badSources =
  (sources: readonly string[], message: RegExp, more: Body = {}): SecurityCase =>
  async (stage) => {
    for (const source of sources) {
      for (const run of [{}, { run_id: stage.run }]) {
        refused(await version(stage, source, { ...run, ...more }), message, source);
      }
    }
    const file = await stage.raw('GET', '/model-versions/get-artifact?path=passwd&name=security&version=1');
    assert.equal(file.status, 404);
    assert.doesNotMatch(file.text, /root:/);
  };

const badLocations =
  (locations: readonly string[]): SecurityCase =>
  async (stage) => {
    for (const location of locations) refused(await locate(stage, location), /./, location);
  };

/** Paths that the proxy refuses, whatever is asked of it. */
const badProxyPaths =
  (methods: readonly string[], paths: readonly string[]): SecurityCase =>
  async ({ raw }) => {
    for (const method of methods) {
      for (const bad of paths) {
        const target = `/api/2.0/mlflow-artifacts/artifacts/${bad}`;
        refused(await raw(method, target, method === 'PUT' ? { body: 'pwned' } : {}), /^Invalid path$/, bad);
      }
    }
    for (const name of ['pwn', 'dir', 'pwned']) assert.ok(!existsSync(path.join('/tmp', name)));
  };

/** Paths that are refused wherever a path is asked for. */
const badPaths =
  (paths: readonly string[]): SecurityCase =>
  async ({ raw, get, run }) => {
    for (const bad of paths) {
      const written = encodeURIComponent(bad);
      for (const reply of [
        await get(`/artifacts/list?run_id=${run}&path=${written}`),
        await raw('GET', `/get-artifact?run_uuid=${run}&path=${written}`),
        await raw('GET', `/model-versions/get-artifact?name=security&version=1&path=${written}`),
        await raw('GET', `/api/2.0/mlflow-artifacts/artifacts?path=${written}`),
        await raw('GET', `/api/2.0/mlflow-artifacts/presigned/${written}`),
      ]) {
        refused(reply, /^Invalid path$/, bad);
      }
    }
  };

/** A place elsewhere may be named, but is never visited, and nothing is read from it. */
const neverVisited =
  (sourceOf: (stage: SecurityStage) => string, name: string): SecurityCase =>
  async (stage) => {
    const before = stage.visits();
    assert.equal((await version(stage, sourceOf(stage), {}, name)).status, 200);
    assert.equal((await version(stage, `models:/${name}/1`, {}, name)).status, 200);
    for (const number of [1, 2]) {
      const file = await stage.raw('GET', `/model-versions/get-artifact?path=x&name=${name}&version=${number}`);
      assert.equal(file.status, 404, file.text);
    }
    assert.equal(stage.visits(), before);
  };

const remote = /^Invalid model version source: '.*'\. If supplying a source as an http, https,/s;
const source = /^Invalid model version source/;
const local = /To use a local path as a model version source/;

/** Rows of the table that are about places: paths, sources, locations. */
export const pathCases: Readonly<Record<string, SecurityCase>> = {
  'CVE-2023-1177': badSources(['file:///etc'], local),
  'CVE-2023-1176': async (stage) => {
    const messages: string[] = [];
    for (const given of ['/etc', '/does/not/exist']) {
      const reply = await version(stage, given);
      refused(reply, local);
      messages.push(String(reply.body['message']).replace(given, ''));
    }
    assert.equal(messages[0], messages[1]);
  },
  'CVE-2023-30172': badPaths(['../../../../etc/passwd']),
  'CVE-2023-2356': badSources(
    [
      'mlflow-artifacts://h:9/models/../../../',
      'http://h/models/../../../',
      's3a://b/a/../../../',
      'ftp://h/a/../../../',
    ],
    remote,
  ),
  'CVE-2023-2780': badSources(['file:///x\\..\\..\\..\\etc', 's3://b/..%2f..%2f', '..%2f..%2f'], source),
  'CVE-2023-6018-a': neverVisited(({ attacker }) => `http://${attacker}/api/2.0/mlflow-artifacts/artifacts/`, 'write'),
  'CVE-2023-6975': neverVisited(({ attacker }) => `ftp://${attacker}/a`, 'ftp'),
  'CVE-2023-6974': neverVisited(({ attacker }) => `http://${attacker}/redirects`, 'ssrf'),
  'CVE-2023-6909': badLocations(['s3://b/..', 's3://b/x?a/../..', 's3://b/x#/../..', '../x']),
  'CVE-2024-3848': badLocations(['http:///#/../../../../../etc/']),
  'CVE-2024-1483': async (stage) => {
    refused(await locate(stage, 'http:///#/../../../../etc/'), /./);
    await badSources(['file:///etc/'], local)(stage);
  },
  'CVE-2024-1593': badLocations(['http:///;/../../../../etc/']),
  'CVE-2024-1594': badLocations(['file:///#/../../../etc']),
  'CVE-2024-2928': async (stage) => {
    await badLocations(['s3://b/a#/../x', 'mlflow-artifacts:/a#../x'])(stage);
    await badSources(['s3://b/a#/../x', 's3://b/a#..'], source)(stage);
  },
  'CVE-2024-3573': badSources(
    ['//proc/self/root/etc', ':/etc', 'file:/etc', 'FILE:///etc', 'file:etc', 'File://localhost/etc', 'file://./etc'],
    source,
  ),
  'CVE-2024-8859': badSources(['dbfs:/R/artifacts/a%3f/../../../../../../'], source),
  'CVE-2026-2614': badSources(['file:///etc'], /source/, { tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] }),
  'CVE-2025-11201': async (stage) => {
    const { post, experiment } = stage;
    refused(await post('/registered-models/create', { name: '../../x' }), /./, 'model');
    refused(await post('/logged-models', { experiment_id: experiment, name: 'a/..' }), /./, 'logged model');
    await badPaths(['../../', 'a/../../b'])(stage);
  },
  'CVE-2023-6015': badProxyPaths(['PUT'], ['..%2f..%2ftmp%2fpwn']),
  'CVE-2023-6831': badProxyPaths(['DELETE'], ['%2e%2e%2f%2e%2e%2ftmp%2fdir']),
  'CVE-2024-1560': badProxyPaths(
    ['DELETE', 'PUT', 'GET'],
    ['%252e%252e%252f%252e%252e%252ftmp%252fdir', '%25252e%25252e%25252f%25252e%25252e%25252ftmp'],
  ),
  'CVE-2023-6753': badPaths(['..\\..\\windows\\win.ini', 'C:\\windows\\win.ini', 'c:x', '\\\\server\\share\\x']),
  'CVE-symlink-18964': async ({ raw, get, folder, run }) => {
    symlinkSync('/etc', path.join(folder, 'etc'));
    for (const asked of ['etc/passwd', 'etc']) {
      const file = await raw('GET', `/get-artifact?run_id=${run}&path=${asked}`);
      assert.equal(file.status, 404);
      assert.doesNotMatch(file.text, /root:/);
      assert.deepEqual((await get(`/artifacts/list?run_id=${run}&path=${asked}`)).body['files'], undefined);
    }
  },
  'SRC-ok-1': async (stage) => {
    for (const good of [
      'mlflow-artifacts:/models/foo///bar',
      'mlflow-artifacts:/models/',
      'mlflow-artifacts://host:9000/models/',
      'mlflow-artifacts://host:9000/models/artifact/..../',
    ]) {
      assert.equal((await version(stage, good, {}, 'good')).status, 200, good);
    }
  },
  'SRC-ok-2': async (stage) => {
    writeFileSync(path.join(stage.folder, 'model', 'MLmodel'), 'flavors: {}\n');
    for (const good of [`${stage.folder}/model/..`, `${stage.folder}/.`, `file://${stage.folder}/model`]) {
      const { status, text } = await version(stage, good, { run_id: stage.run }, 'good');
      assert.equal(status, 200, text);
    }
  },
  'SRC-bad-1': async (stage) => {
    refused(await version(stage, stage.folder), local);
    refused(await version(stage, '/etc', { run_id: stage.run }), local);
    refused(await version(stage, 'file:///etc'), local);
  },
  'SRC-bad-2': badSources(
    ['mlflow-artifacts://host:9000/models/..%2f..%2fartifacts', 'mlflow-artifacts://host:9000/models/artifact%00'],
    remote,
  ),
  'SRC-bad-3': async (stage) => {
    // A caller's mistake is a 4xx here, where the reference answers 500 and its clients repeat that for minutes.
    const reply = await version(stage, 'file://123.456.789.123/path/to/source', { run_id: stage.run });
    refused(reply, /is not a valid remote uri/);
  },
  'PATH-bad': badPaths(['../path', 'a#/../b', '%252e%252e/x', '/etc/passwd']),
};
