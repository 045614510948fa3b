import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ErrorBody } from '@flyball/api';
import { type RawAnswer, rawRequest } from '#testing/raw-request';
import { createTestServer, type TestServer } from '#testing/test-server';

const adminToken = 'the-first-administrator';

describe('who may do what over HTTP', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken });
    await server.client(adminToken).createProject({ body: { name: 'alpha' } });
    await server.client(adminToken).createProject({ body: { name: 'beta' } });
  });

  after(() => server.close());

  const ask = async (target: string, authorization?: string): Promise<RawAnswer> =>
    await rawRequest(server.url, target, authorization === undefined ? {} : { headers: { authorization } });

  it('asks for credentials where a role is needed, in a way that tools understand', async () => {
    const answer = await ask('/api/v1/projects/alpha/audit');
    assert.equal(answer.status, 401);
    assert.equal((answer.json as ErrorBody).code, 'not_signed_in');
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="flyball"');
    assert.equal((await ask('/api/v1/projects')).status, 401);
    assert.equal((await ask('/api/v1/system')).status, 200);
  });

  it('asks before it reads the body', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await rawRequest(server.url, '/api/v1/projects', { method: 'POST', headers, body: '{ not json' });
    assert.equal(answer.status, 401);
  });

  it('refuses wrong credentials also where none are needed', async () => {
    assert.equal((await ask('/api/v1/system', 'Bearer wrong')).status, 401);
  });

  it('keeps holders of a token of one project out of the others, and of the instance', async () => {
    const body = { name: 'alpha admin', role: 'admin', project: 'alpha' } as const;
    const { secret } = await server.client(adminToken).createToken({ body });
    const authorization = `Bearer ${secret}`;
    assert.equal((await ask('/api/v1/projects/alpha/audit', authorization)).status, 200);
    assert.equal((await ask('/api/v1/projects/beta/audit', authorization)).status, 403);
    // Whether a project exists is nobody's business who may not see it.
    assert.equal((await ask('/api/v1/projects/missing/audit', authorization)).status, 403);
    assert.equal((await ask('/api/v1/tokens', authorization)).status, 403);
    const client = server.client(secret);
    assert.deepEqual(
      (await client.listProjects()).items.map(({ name }) => name),
      ['alpha'],
    );
    await assert.rejects(client.createProject({ body: { name: 'gamma' } }), { code: 'not_allowed' });
    await assert.rejects(client.createToken({ body: { name: 'more', role: 'admin' } }), { code: 'not_allowed' });
    assert.equal((await client.getSystem()).role, null);
  });

  it('cannot be talked into another project by how the path is written', async () => {
    const body = { name: 'alpha viewer', role: 'viewer', project: 'alpha' } as const;
    const { secret } = await server.client(adminToken).createToken({ body });
    for (const target of [
      'alpha/../beta/audit',
      'alpha%2F..%2Fbeta/audit',
      'ALPHA/audit',
      'alpha%00/audit',
      '//beta/audit',
      '%62eta/audit',
      'beta/audit?project=alpha',
    ]) {
      const answer = await ask(`/api/v1/projects/${target}`, `Bearer ${secret}`);
      assert.ok([403, 404].includes(answer.status), `${target}: ${answer.status}`);
    }
  });
});
