import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestServer, type TestServer } from '#testing/test-server';

const adminToken = 'the-first-administrator';

/**
 * Creates a token, uses it well and badly, and makes the server fail once; all it has logged goes to standard error.
 */
const script = `
import { createTestServer } from '#testing/test-server';
const server = await createTestServer({ auth: 'token', adminToken: '${adminToken}', logLevel: 'trace' });
const { secret } = await server.client('${adminToken}').createToken({ body: { name: 'n', role: 'admin' } });
const basic = Buffer.from('user:' + secret).toString('base64');
const leak = { headers: { authorization: 'Basic ' + basic } };
server.platform.audit.list = async () => {
  throw Object.assign(new Error('broken, Authorization: Bearer ' + secret), leak);
};
for (const authorization of ['Bearer ' + secret, 'Basic ' + basic, 'Bearer ' + secret + 'x']) {
  for (const path of ['system', 'tokens', 'projects/default/audit', 'nothing']) {
    await fetch(server.url + '/api/v1/' + path, { headers: { authorization } });
  }
}
await server.close();
process.stdout.write(JSON.stringify({ secret, basic }));
process.exit(0);
`;

describe('projects, tokens and the audit trail over HTTP', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken });
  });

  after(() => server.close());

  it('says what it is and who asks', async () => {
    const nobody = await server.client().getSystem();
    assert.deepEqual([nobody.auth, nobody.actor, nobody.role], ['token', 'anonymous', null]);
    assert.match(nobody.version, /^\d+\.\d+\.\d+/);
    assert.match(nobody.postgres!, /^\d+/);
    assert.equal(nobody.gatewayUrl, server.gatewayUrl);
    const admin = await server.client(adminToken).getSystem();
    assert.deepEqual([admin.actor, admin.role], ['admin', 'admin']);
  });

  it('creates projects once, and tells of it in the audit trail under the id of the request', async () => {
    const client = server.client(adminToken, 'second');
    const project = await client.createProject({ body: { name: 'second', title: 'Zweites 🚀' } });
    assert.deepEqual([project.name, project.title], ['second', 'Zweites 🚀']);
    await assert.rejects(client.createProject({ body: { name: 'second' } }), { code: 'conflict' });
    const { items } = await client.listAudit({ query: {} });
    assert.equal(items.length, 1);
    const [{ action, actor, subjectKind, subjectId, requestId } = assert.fail()] = items;
    assert.deepEqual([action, actor, subjectKind, subjectId], ['access.project-created', 'admin', 'project', 'second']);
    assert.match(requestId!, /^[0-9a-f-]{36}$/);
  });

  it('creates only one of two projects that are created at the same time', async () => {
    const client = server.client(adminToken);
    const tries = Array.from({ length: 8 }, async () => await client.createProject({ body: { name: 'race' } }));
    const results = await Promise.allSettled(tries);
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('refuses names that are none', async () => {
    const client = server.client(adminToken);
    for (const name of ['', '.', '..', 'a/b', 'a b', '-a', 'ä', "a'b", 'x'.repeat(201), '%2e', 'a\n']) {
      await assert.rejects(client.createProject({ body: { name } }), { code: 'invalid_input' }, name);
    }
  });

  it('creates, lists and revokes tokens without ever showing a secret again', async () => {
    const client = server.client(adminToken);
    const { secret, id } = await client.createToken({ body: { name: 'once', role: 'viewer', expiresInDays: 7 } });
    const listed = (await client.listTokens()).items.find((token) => token.id === id);
    assert.deepEqual([listed?.name, listed?.role, listed?.createdBy], ['once', 'viewer', 'admin']);
    assert.ok(!JSON.stringify(await client.listTokens()).includes(secret.slice(8)));
    assert.equal((await server.client(secret).getSystem()).actor, 'once');
    await client.revokeToken({ params: { token: id } });
    await assert.rejects(server.client(secret).getSystem(), { code: 'not_signed_in' });
  });

  it('answers 404 to tokens that are none', async () => {
    const client = server.client(adminToken);
    for (const token of ['x', '-'.repeat(36), '00000000-0000-4000-8000-000000000000', "' or 1=1 --", 'f'.repeat(36)]) {
      await assert.rejects(client.revokeToken({ params: { token } }), { code: 'not_found' }, token);
    }
  });

  it('pages through the audit trail and filters it', async () => {
    const { audit, database } = server.platform;
    const actor = { name: 'pager', kind: 'system' as const, roleIn: () => null };
    for (let i = 0; i < 7; i++) {
      await audit.record(database, {
        actor,
        project: 'default',
        action: 'test.paged',
        subject: { kind: 'n', id: String(i) },
      });
    }
    const client = server.client(adminToken);
    const seen: (string | null)[] = [];
    let pageToken: string | undefined;
    do {
      const query = { limit: 3, actor: 'pager', ...(pageToken === undefined ? {} : { pageToken }) };
      const page = await client.listAudit({ query });
      seen.push(...page.items.map(({ subjectId }) => subjectId));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    assert.deepEqual(seen, ['6', '5', '4', '3', '2', '1', '0']);
    const found = await client.listAudit({ query: { subjectKind: 'n', subjectId: '4', search: 'PAGED' } });
    assert.deepEqual(
      found.items.map(({ subjectId }) => subjectId),
      ['4'],
    );
    for (const bad of ['x', '-1', '1.5', '', '1e3', '9'.repeat(30)]) {
      await assert.rejects(client.listAudit({ query: { pageToken: bad } }), { code: 'invalid_input' }, bad);
    }
  });

  it('never logs a secret, whatever level it logs at and however it fails', async () => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd });
    const [printed, log] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    assert.equal(child.exitCode, 0, log);
    const { secret, basic } = JSON.parse(printed) as { secret: string; basic: string };
    assert.ok(log.includes('broken, Authorization'), log);
    for (const hidden of [secret, basic, adminToken]) assert.ok(!log.includes(hidden), log);
  });
});
