import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { rawRequest } from '../../server/src/testing/raw-request.ts';
import { sharedFile } from '../../server/src/testing/shared-vectors.ts';
import { createTestServer, type TestServer } from '../../server/src/testing/test-server.ts';

const run = promisify(execFile);
const python = process.env['FLYBALL_CLIENTS_PYTHON'] ?? '';
const table = sharedFile('reference/mlflow_endpoints.tsv');

type Endpoint = readonly [method: string, path: string];
const named = ([method, path]: Endpoint): string => `${method} ${path}`;

/** What the table, which is of an earlier version, does not know, and what scripts do without. */
const newerExtras =
  /\/mlflow\/(label-schemas|review-queues)\/|\/artifacts\/presigned-download-url$|\/scorers\/online-configs?$/;
function readTiers(file: string): Map<string, string> {
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, method = '', path = '', version = '', , tier = ''] = line.split('\t');
      const own = path.replace(/\{[^}]*\}|<[^>]*>/g, ':');
      return ['api', 'ajax-api'].map((prefix) => [`${method} /${prefix}/${version}.0${own}`, tier] as const);
    }),
  );
}

describe('the endpoints of the installed mlflow', { skip: python === '' && 'run it with npm run test:clients' }, () => {
  let server: TestServer;
  let endpoints: readonly Endpoint[];
  let version = '';

  before(async () => {
    server = await createTestServer();
    const { stdout } = await run(python, [join(import.meta.dirname, 'mlflow_endpoints.py')], {
      maxBuffer: 16 * 1024 * 1024,
      env: { PATH: process.env['PATH'] ?? '', MLFLOW_DISABLE_TELEMETRY: 'true', GIT_PYTHON_REFRESH: 'quiet' },
    });
    ({ version, endpoints } = JSON.parse(stdout.trim().split('\n').at(-1)!));
  });

  after(() => server.close());

  /** Asked for real, with a name that nothing has: what is there says anything but that there is no such endpoint. */
  async function isServed([method, path]: Endpoint): Promise<boolean> {
    const hasBody = method === 'POST' || method === 'PATCH';
    const answer = await rawRequest(server.url, path.replaceAll(':', 'x'), {
      method,
      ...(hasBody ? { headers: { 'content-type': 'application/json' }, body: '{}' } : {}),
    });
    assert.ok(answer.status < 500 || answer.status === 501, `${method} ${path} answers ${answer.status}`);
    const { error_code: code } = (answer.json ?? {}) as { error_code?: string };
    return code !== 'ENDPOINT_NOT_FOUND';
  }

  const absence = 'the tiers (../shared/reference/mlflow_endpoints.tsv) are absent: what must be there is not known';

  it('are served here when they are of tier 1 or 2', { skip: table === null && absence }, async (t) => {
    const tiers = readTiers(table!);
    const wanted = endpoints.filter((one) => ['T1', 'T2'].includes(tiers.get(named(one)) ?? ''));
    const missing: string[] = [];
    for (const one of wanted) if (!(await isServed(one))) missing.push(named(one));
    t.diagnostic(`mlflow ${version}: ${wanted.length} of its ${endpoints.length} endpoints are of tier 1 or 2`);
    assert.ok(wanted.length >= 2 * 117, `only ${wanted.length} endpoints are known`);
    assert.deepEqual(missing, []);
  });

  it('have a tier, all of them, or are known to be extras', { skip: table === null && absence }, () => {
    const tiers = readTiers(table!);
    // Routes that the reference wrote by hand are for its own pages, below `/ajax-api` alone.
    const unknown = endpoints.filter((one) => one[1].startsWith('/api/') && !tiers.has(named(one)));
    assert.deepEqual(
      unknown.map(named).filter((name) => !newerExtras.test(name)),
      ['GET /api/3.0/mlflow/server-info'],
    );
  });

  it('say that they are absent when they are of tier 3, so that clients do without', {
    skip: table === null && absence,
  }, async () => {
    const tiers = readTiers(table!);
    const served: string[] = [];
    for (const one of endpoints.filter((given) => tiers.get(named(given)) === 'T3')) {
      if (await isServed(one)) served.push(named(one));
    }
    assert.deepEqual(served, []);
  });
});
