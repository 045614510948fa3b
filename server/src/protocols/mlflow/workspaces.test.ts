import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Body, missing, mlflowCaller, refused } from '#testing/mlflow-caller';
import { createTestServer, type TestServer } from '#testing/test-server';

const adminToken = 'the-first-administrator';

describe('workspaces are projects', () => {
  let server: TestServer;
  let token = adminToken;
  const { call: raw } = mlflowCaller(() => server.url);

  const call = async (method: string, path: string, body?: unknown, headers: Body = {}): Promise<Answer> =>
    await raw(method, path, {
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(headers as Record<string, string>),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const workspaces = async (method: string, path = '', body?: unknown) =>
    await call(method, `/api/3.0/mlflow/workspaces${path}`, body);
  const as = async <T>(other: string, work: () => Promise<T>): Promise<T> => {
    const own = token;
    token = other;
    return await work().finally(() => {
      token = own;
    });
  };
  const tokenOf = async (role: 'viewer' | 'admin', project?: string): Promise<string> =>
    (
      await server
        .client(adminToken)
        .createToken({ body: { name: `${role} of ${project}`, role, ...(project === undefined ? {} : { project }) } })
    ).secret;

  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken });
  });

  after(() => server.close());

  it('are announced, made, read, listed and changed', async () => {
    assert.equal((await call('GET', '/api/3.0/mlflow/server-info')).body['workspaces_enabled'], true);
    const made = await workspaces('POST', '', {
      name: 'team-a',
      description: 'é',
      default_artifact_root: ' s3://b/a/ ',
    });
    const workspace = { name: 'team-a', description: 'é', default_artifact_root: 's3://b/a' };
    assert.deepEqual([made.status, made.body], [201, { workspace }]);
    assert.deepEqual((await workspaces('GET', '/team-a')).body, { workspace });
    assert.deepEqual((await workspaces('GET')).body, { workspaces: [{ name: 'default' }, workspace] });
    const changed = await workspaces('PATCH', '/team-a', { description: '', default_artifact_root: '' });
    assert.deepEqual([changed.status, changed.body], [200, { workspace: { name: 'team-a', description: '' } }]);
    const { items } = await server.client(adminToken).listProjects();
    assert.deepEqual(
      items.map(({ name }) => name),
      ['default', 'team-a'],
    );
    const audit = await server.client(adminToken, 'team-a').listAudit({ query: { limit: 10 } });
    assert.deepEqual(
      audit.items.map(({ action }) => action),
      ['access.project-changed', 'access.project-created'],
    );
  });

  it('are refused in the words of the reference', async () => {
    const named = async (name: unknown, more: Body = {}) => await workspaces('POST', '', { name, ...more });
    const taken = await named('team-a');
    refused(taken, /^Workspace 'team-a' already exists\. Error: /, 'RESOURCE_ALREADY_EXISTS');
    refused(await named('default'), "The 'default' workspace is reserved and cannot be created");
    refused(await named('a'), "Workspace name 'a' must be between 2 and 63 characters.");
    refused(await named('x'.repeat(100_000)), /must be between 2 and 63/);
    for (const bad of ['Team', 'a_b', '-a', 'a-', 'é'.repeat(3), '../x', 'a b']) {
      refused(await named(bad), /must match the pattern/);
    }
    refused(await named('ajax-api'), "Workspace name 'ajax-api' is reserved and cannot be used.");
    refused(await named(undefined), /^Missing value for required parameter 'name'/);
    refused(await named(5), /^Invalid value 5 for parameter 'name' supplied/);
    refused(await named('rooted', { default_artifact_root: 'relative' }), /Expected a URI/);
    for (const root of ['runs:/x', 's3://b/#x', 's3://b/..', 'file:///a/../..', 's3://b/?..']) {
      refused(await named('rooted', { default_artifact_root: root }), /./);
    }
    refused(await workspaces('PATCH', '/team-a', {}), 'Workspace update must have at least one key');
    missing(await workspaces('GET', '/nowhere'), "Workspace 'nowhere' not found");
    missing(await workspaces('PATCH', '/nowhere', { description: 'x' }), "Workspace 'nowhere' not found");
    missing(await workspaces('DELETE', '/nowhere'), "Workspace 'nowhere' not found");
    for (const odd of ['%00', '..%2f..', 'é', 'x'.repeat(2_000)]) {
      const { status } = await workspaces('GET', `/${odd}`);
      assert.ok(status === 400 || status === 404, `${odd}: ${status}`);
    }
    const archived = await named('archived', { trace_archival_config: { location: 's3://b' } });
    refused(archived, /not archived/, 'NOT_IMPLEMENTED', 501);
    missing(await workspaces('GET', '/archived'), "Workspace 'archived' not found");
  });

  it('choose what every call is about, and where its artifacts go', async () => {
    await workspaces('PATCH', '/team-a', { default_artifact_root: 's3://b/a' });
    const there = { 'x-mlflow-workspace': 'team-a' };
    const path = '/api/2.0/mlflow/experiments';
    const id = (await call('POST', `${path}/create`, { name: 'mine' }, there)).body['experiment_id'];
    const { body } = await call('GET', `${path}/get?experiment_id=${id}`, undefined, there);
    const experiment = body['experiment'] as Body;
    assert.deepEqual([experiment['artifact_location'], experiment['workspace']], [`s3://b/a/${id}`, 'team-a']);
    assert.equal((await call('GET', `${path}/get?experiment_id=${id}`)).status, 404);
    const nowhere = await call('GET', `${path}/get?experiment_id=${id}`, undefined, {
      'x-mlflow-workspace': 'nowhere',
    });
    missing(nowhere, "Workspace 'nowhere' not found");
  });

  it('are seen by who has a role in them, made and deleted by who administers the instance', async () => {
    const [viewer, owner] = [await tokenOf('viewer', 'team-a'), await tokenOf('admin', 'team-a')];
    const denied = (answer: Answer) => refused(answer, /needs the role/, 'PERMISSION_DENIED', 403);
    for (const secret of [viewer, owner]) {
      await as(secret, async () => {
        const seen = (await workspaces('GET')).body['workspaces'] as Body[];
        assert.deepEqual(
          seen.map(({ name }) => name),
          ['team-a'],
        );
        denied(await workspaces('GET', '/default'));
        denied(await workspaces('GET', '/nowhere'));
        denied(await workspaces('POST', '', { name: 'team-b' }));
        denied(await workspaces('DELETE', '/team-a'));
        denied(await call('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0'));
      });
    }
    await as(viewer, async () => denied(await workspaces('PATCH', '/team-a', { description: 'mine' })));
    await as(owner, async () =>
      assert.equal((await workspaces('PATCH', '/team-a', { description: 'mine' })).status, 200),
    );
    assert.equal((await raw('GET', '/api/3.0/mlflow/workspaces')).status, 401);
  });

  it('are deleted when they are empty, with the tokens that were for them', async () => {
    refused(await workspaces('DELETE', '/default'), "The 'default' workspace is reserved and cannot be deleted");
    refused(await workspaces('DELETE', '/team-a'), /'tracking\.experiment' .* still holds something/, 'INVALID_STATE');
    refused(await workspaces('DELETE', '/team-a?mode=GONE'), /^Invalid deletion mode 'GONE'/);
    assert.equal((await workspaces('GET', '/team-a')).status, 200);
    await workspaces('POST', '', { name: 'short-lived' });
    const secret = await tokenOf('admin', 'short-lived');
    await as(secret, async () => assert.equal((await workspaces('GET', '/short-lived')).status, 200));
    const gone = await workspaces('DELETE', '/short-lived');
    assert.deepEqual([gone.status, gone.text], [204, '']);
    missing(await workspaces('GET', '/short-lived'), "Workspace 'short-lived' not found");
    await as(secret, async () => assert.equal((await workspaces('GET')).status, 401));
  });
});
