import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { linearModel } from '#testing/served-model';
import { createTestServer, type TestServer } from '#testing/test-server';

const adminToken = 'the-first-administrator';
const endpoint = 'arrivals';
const model = 'arrivals';

describe('promotion under a policy', () => {
  let server: TestServer;
  const tokens = new Map<string, string>();

  const as = (name: string) => server.client(tokens.get(name));

  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken }, ['api', 'worker', 'gateway']);
    for (const [name, role] of [
      ['maker', 'contributor'],
      ['ann', 'approver'],
      ['bob', 'approver'],
      ['cy', 'approver'],
    ] as const) {
      const { secret } = await server.client(adminToken).createToken({ body: { name, role, project: 'default' } });
      tokens.set(name, secret);
    }
    const maker = as('maker');
    const { digest } = await maker.uploadObject({ upload: linearModel({ a: 1 }) });
    await maker.putModel({ params: { model }, body: {} });
    for (let i = 0; i < 4; i++) {
      const files = [{ path: 'model.onnx', digest }];
      await maker.createModelVersion({ params: { model }, body: { files, tags: { i: String(i) } } });
    }
    const inputs = [{ name: 'a', datatype: 'FP32' as const }];
    await as('ann').putEndpoint({ params: { endpoint }, body: { model, inputs, target: { kind: 'binary' } } });
    const body = { model, approvedBy: 'person' as const, approvals: 2 };
    await server.client(adminToken).putPolicy({ params: { policy: 'two-people' }, body });
  });
  after(async () => await server.close());

  it('does not let an approver roll a version out past it', async () => {
    await assert.rejects(as('ann').startRollout({ params: { endpoint }, body: { version: 1 } }), {
      code: 'not_allowed',
      message: /"two-people" lets only approved versions .* arrivals@1 is not approved/,
    });
    const { items } = await as('ann').listRollouts({ params: { endpoint }, query: {} });
    assert.deepEqual(items, []);
  });

  it('waits for as many others as the policy wants, then starts the rollout', async () => {
    const asked = await as('ann').requestPromotion({ body: { model, version: 1, endpoint, reason: 'the first' } });
    assert.equal(asked.state, 'pending');
    const decide = async (who: string, decision: 'approve' | 'reject') =>
      await as(who).decideApproval({ params: { approval: asked.id }, body: { decision, reason: 'looked at it' } });
    await assert.rejects(decide('ann', 'approve'), { code: 'not_allowed', message: /Somebody else must decide/ });
    assert.equal((await decide('bob', 'approve')).state, 'pending');
    await assert.rejects(decide('bob', 'approve'), { code: 'conflict', message: /decided already/ });
    await assert.rejects(
      as('maker').decideApproval({ params: { approval: asked.id }, body: { decision: 'approve', reason: '' } }),
      {
        code: 'not_allowed',
      },
    );
    const approved = await decide('cy', 'approve');
    assert.equal(approved.state, 'approved');
    assert.ok(approved.rolloutId !== null);
    const { champion } = await as('ann').getEndpoint({ params: { endpoint } });
    assert.equal(champion, 1);
  });

  it('keeps a rejected version out', async () => {
    const asked = await as('ann').requestPromotion({ body: { model, version: 2, endpoint, reason: '' } });
    const body = { decision: 'reject' as const, reason: 'the data are old' };
    assert.equal((await as('bob').decideApproval({ params: { approval: asked.id }, body })).state, 'rejected');
    await assert.rejects(as('bob').startRollout({ params: { endpoint }, body: { version: 2 } }), {
      code: 'not_allowed',
    });
  });

  it('rejects at once what lacks a gate, and says which', async () => {
    const body = { model, requiredGates: ['ranks'], approvedBy: 'policy' as const };
    await server.client(adminToken).putPolicy({ params: { policy: 'two-people' }, body });
    const asked = await as('ann').requestPromotion({ body: { model, version: 3, endpoint, reason: '' } });
    assert.equal(asked.state, 'rejected');
    const missing = asked.findings.filter(({ ok }) => !ok).map(({ rule }) => rule);
    assert.deepEqual(missing, ['gate ranks']);
  });

  it('lets a version come back that was approved before', async () => {
    const body = { model, approvedBy: 'policy' as const };
    await server.client(adminToken).putPolicy({ params: { policy: 'two-people' }, body });
    const asked = await as('ann').requestPromotion({ body: { model, version: 4, endpoint, reason: '' } });
    assert.equal(asked.state, 'approved');
    const params = { rollout: asked.rolloutId! };
    await as('ann').decideRollout({ params, body: { decision: 'roll_back', reason: 'changed my mind' } });
    const again = await as('ann').startRollout({ params: { endpoint }, body: { version: 4 } });
    assert.equal(again.candidate, 4);
  });
});
