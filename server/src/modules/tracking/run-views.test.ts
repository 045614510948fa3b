import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestServer, type TestServer } from '#testing/test-server';

describe('saved views of runs', () => {
  let server: TestServer;
  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken: 'the-administrator' });
  });
  after(() => server.close());

  it('are kept by name for their project, by those who may change things, with a trail', async () => {
    const admin = server.client('the-administrator');
    const { secret } = await admin.createToken({ body: { name: 'ada', role: 'viewer', project: 'default' } });
    const viewer = server.client(secret);
    const params = { view: 'Best of/the week' };
    const address = { filter: 'metrics.loss < 1', group: ['params.depth'] };
    await assert.rejects(viewer.saveRunView({ params, body: { address } }), { code: 'not_allowed' });
    const saved = await admin.saveRunView({ params, body: { address } });
    assert.deepEqual([saved.name, saved.address], [params.view, address]);
    await assert.rejects(admin.saveRunView({ params, body: { address: {} } }), { code: 'conflict' });
    await admin.saveRunView({ params, body: { address: { size: 25 }, replace: true } });
    const { items } = await viewer.listRunViews({});
    assert.deepEqual(
      items.map(({ name, address: kept }) => [name, kept]),
      [[params.view, { size: 25 }]],
    );
    const long = { filter: 'x'.repeat(20_001) };
    await assert.rejects(admin.saveRunView({ params, body: { address: long } }), { code: 'invalid_input' });
    await admin.createProject({ body: { name: 'apart' } });
    assert.deepEqual((await server.client('the-administrator', 'apart').listRunViews({})).items, []);
    await assert.rejects(viewer.deleteRunView({ params }), { code: 'not_allowed' });
    await admin.deleteRunView({ params });
    await assert.rejects(admin.deleteRunView({ params }), { code: 'not_found' });
    const { items: trail } = await admin.listAudit({ query: { limit: 100 } });
    const actions = trail.map(({ action }) => action).filter((action) => action.startsWith('tracking.view'));
    assert.deepEqual(actions, ['tracking.view-deleted', 'tracking.view-saved', 'tracking.view-saved']);
  });
});
