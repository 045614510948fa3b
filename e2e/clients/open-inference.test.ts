import { deepEqual, equal } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createTestServer, type TestServer } from '../../server/src/testing/test-server.ts';

const program = `
import json, sys, urllib.request, urllib.error
base = sys.argv[1]
with urllib.request.urlopen(base + '/v2') as answer:
    server = json.load(answer)
try:
    urllib.request.urlopen(base + '/v2/models/absent')
    status = 200
except urllib.error.HTTPError as error:
    status = error.code
print(json.dumps({'name': server['name'], 'status': status}))
`;

describe('a Python program at the Open Inference Protocol', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer({}, ['api', 'worker', 'gateway']);
  });

  after(async () => {
    await server?.close();
  });

  for (const door of ['gateway', 'api'] as const) {
    it(`finds the server and misses an absent model, by the ${door}`, async () => {
      const base = door === 'api' ? server.url : server.gatewayUrl;
      const python = process.env['FLYBALL_CLIENTS_PYTHON']!;
      const { stdout } = await promisify(execFile)(python, ['-c', program, base]);
      const { name, status } = JSON.parse(stdout) as { name: string; status: number };
      equal(status, 404);
      deepEqual(name.toLowerCase(), 'flyball');
    });
  }
});
