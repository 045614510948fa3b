import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Body, missing, mlflowCaller, refused } from '#testing/mlflow-caller';
import { createTestServer, type TestServer } from '#testing/test-server';
import { waitFor } from '#testing/wait-for';

const adminToken = 'the-first-administrator';

describe('workspaces are deleted with what is in them, or leave it to the default one', () => {
  let server: TestServer;
  const { call: raw } = mlflowCaller(() => server.url);

  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken });
  });

  after(() => server.close());

  const request = async (workspace: string, method: string, path: string, body?: unknown, token = adminToken) =>
    await raw(method, path, {
      headers: {
        authorization: `Bearer ${token}`,
        'x-mlflow-workspace': workspace,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const ask = async (workspace: string, path: string, body?: unknown): Promise<Body> => {
    const answer = await request(workspace, body === undefined ? 'GET' : 'POST', `/api/2.0/mlflow${path}`, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };
  const remove = async (name: string, mode: string, token = adminToken): Promise<Answer> =>
    await request('default', 'DELETE', `/api/3.0/mlflow/workspaces/${name}?mode=${mode}`, undefined, token);
  const exists = async (name: string) =>
    (await request('default', 'GET', `/api/3.0/mlflow/workspaces/${name}`)).status === 200;
  const make = async (name: string): Promise<Answer> =>
    await request('default', 'POST', '/api/3.0/mlflow/workspaces', { name });
  const actionsOf = async (project: string): Promise<string[]> =>
    (await server.platform.audit.list({ project, limit: 100 })).map(({ action }) => action);

  /** An experiment with a run, a file, a trace, and a model made of them. */
  async function fill(workspace: string, names: { experiment: string; model: string }) {
    await make(workspace);
    const experiment = (await ask(workspace, '/experiments/create', { name: names.experiment }))[
      'experiment_id'
    ] as string;
    const made = (await ask(workspace, '/runs/create', { experiment_id: experiment, start_time: 1 }))['run'] as Body;
    const { run_id: run, artifact_uri: uri } = made['info'] as { run_id: string; artifact_uri: string };
    const metrics = Array.from({ length: 50 }, (_, step) => ({ key: 'loss', value: step, timestamp: step, step }));
    await ask(workspace, '/runs/log-batch', { run_id: run, metrics, params: [{ key: 'p', value: '1' }] });
    const folder = uri.replace('mlflow-artifacts:/', '');
    const put = await raw('PUT', `/api/2.0/mlflow-artifacts/artifacts/${folder}/model/MLmodel`, {
      headers: { authorization: `Bearer ${adminToken}`, 'x-mlflow-workspace': workspace },
      body: `flavors: {}\nof: ${workspace}\n`,
    });
    assert.equal(put.status, 200, put.text);
    await ask(workspace, '/registered-models/create', { name: names.model });
    await ask(workspace, '/model-versions/create', { name: names.model, source: `${uri}/model`, run_id: run });
    await ask(workspace, '/registered-models/alias', { name: names.model, alias: 'champion', version: '1' });
    const trace = { trace_id: `tr-${run}`, trace_location: location(experiment), request_time: '2026-01-01T00:00:00Z' };
    const traced = await request(workspace, 'POST', '/api/3.0/mlflow/traces', {
      trace: { trace_info: { ...trace, state: 'OK' } },
    });
    assert.equal(traced.status, 200, traced.text);
    return { experiment, run, folder, model: names.model, trace: trace.trace_id };
  }
  const location = (id: string) => ({ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: id } });

  it('move: everything is in the default workspace afterwards', async () => {
    const made = await fill('leaving', { experiment: 'of-leaving', model: 'leaving-model' });
    await ask('leaving', '/experiments/delete', {
      experiment_id: (await ask('leaving', '/experiments/create', { name: 'in-trash' }))['experiment_id'],
    });
    assert.equal((await remove('leaving', 'SET_DEFAULT')).status, 204);
    assert.equal(await exists('leaving'), false);
    const { experiment } = await ask('default', `/experiments/get?experiment_id=${made.experiment}`);
    assert.equal((experiment as Body)['name'], 'of-leaving');
    const { metrics } = await ask('default', `/metrics/get-history?run_id=${made.run}&metric_key=loss`);
    assert.equal((metrics as unknown[]).length, 50);
    await ask('default', '/runs/log-metric', { run_id: made.run, key: 'loss', value: 1, timestamp: 99, step: 99 });
    const version = await ask('default', `/registered-models/alias?name=${made.model}&alias=champion`);
    assert.equal((version['model_version'] as Body)['run_id'], made.run);
    const file = await request('default', 'GET', `/api/2.0/mlflow-artifacts/artifacts/${made.folder}/model/MLmodel`);
    assert.match(file.text, /of: leaving/);
    assert.equal((await request('default', 'GET', `/api/3.0/mlflow/traces/${made.trace}`)).status, 200);
    const graph = await server.client(adminToken).getLineage({ query: { kind: 'run', id: made.run, limit: 10 } });
    assert.ok(graph.edges.some(({ to }) => to.id === `${made.model}@1`));
    const [event] = await server.platform.audit.list({
      project: 'leaving',
      action: 'access.project-deleted',
      limit: 1,
    });
    const { mode, moved } = event!.details as { mode: string; moved: Record<string, number> };
    assert.deepEqual(
      [mode, moved['experiments'], moved['runs'], moved['models'], moved['traces']],
      ['move', 2, 1, 1, 1],
    );
    assert.ok((await actionsOf('leaving')).includes('tracking.run-started'));
    assert.equal((await make('leaving')).status, 201);
  });

  it('move: names that are taken are all said, and nothing moves', async () => {
    await fill('clashing', { experiment: 'clash', model: 'clash-model' });
    await ask('default', '/experiments/create', { name: 'clash' });
    await ask('default', '/experiments/delete', {
      experiment_id: ((await ask('default', '/experiments/get-by-name?experiment_name=clash'))['experiment'] as Body)[
        'experiment_id'
      ],
    });
    await ask('default', '/registered-models/create', { name: 'clash-model' });
    const answer = await remove('clashing', 'SET_DEFAULT');
    refused(
      answer,
      "Cannot reassign resources from workspace 'clashing' to 'default': the following names already exist in the " +
        "default workspace and would cause conflicts:\n  - experiments: 'clash'\n  - registered_models: 'clash-model'\n" +
        'Rename or remove the conflicting resources before retrying.',
      'INVALID_STATE',
    );
    await ask('clashing', '/registered-models/get?name=clash-model');
  });

  it('refuse what would be lost with them or dangle, and name it', async () => {
    await make('with-data');
    const client = server.client(adminToken, 'with-data');
    await client.putDataset({ params: { dataset: 'flights' }, body: { expectations: [] } });
    for (const mode of ['CASCADE', 'SET_DEFAULT']) {
      refused(await remove('with-data', mode), /it holds 'data\.dataset' \("flights"\)/, 'INVALID_STATE');
    }
    refused(await remove('with-data', 'RESTRICT'), /'data\.dataset' \("flights"\) still holds/, 'INVALID_STATE');
    assert.ok(await exists('with-data'));
  });

  it('cascade: everything is out of sight at once and gone soon', async () => {
    const made = await fill('doomed', { experiment: 'of-doomed', model: 'doomed-model' });
    const { secret } = await server
      .client(adminToken)
      .createToken({ body: { name: 'one of doomed', role: 'admin', project: 'doomed' } });
    refused(await remove('doomed', 'CASCADE', secret), /needs the role/, 'PERMISSION_DENIED', 403);
    assert.equal((await remove('doomed', 'CASCADE')).status, 204);
    missing(await remove('doomed', 'CASCADE'), "Workspace 'doomed' not found");
    missing(
      await request('doomed', 'GET', `/api/2.0/mlflow/runs/get?run_id=${made.run}`),
      "Workspace 'doomed' not found",
    );
    assert.equal((await request('doomed', 'GET', '/api/3.0/mlflow/workspaces', undefined, secret)).status, 401);
    await waitFor(async () => (await actionsOf('doomed')).includes('access.project-purged'));
    const { pool } = server.platform.database;
    for (const [table, where, value] of [
      ['platform.project', 'name', 'doomed'],
      ['tracking.run', 'run_id', made.run],
      ['tracking.experiment', 'project', 'doomed'],
      ['tracking.artifact', 'project', 'doomed'],
      ['registry.model', 'project', 'doomed'],
      ['registry.version', 'project', 'doomed'],
      ['tracing.trace', 'trace_id', made.trace],
      ['data.lineage_node', 'project', 'doomed'],
    ]) {
      const { rows } = await pool.query(`select from ${table} where ${where} = $1`, [value]);
      assert.equal(rows.length, 0, table);
    }
    const { rows } = await pool.query('select points, finished_at from tracking.purge where subject = $1', [made.run]);
    assert.equal(Number(rows[0].points), 50);
    const actions = await actionsOf('doomed');
    for (const action of ['access.project-deleted', 'registry.model-deleted', 'tracking.experiment-purged']) {
      assert.ok(actions.includes(action), action);
    }
    assert.equal((await make('doomed')).status, 201);
  });

  it('cascade: what a request under way has added, and nobody would delete, brings the workspace back', async () => {
    const { pool } = server.platform.database;
    await make('kept');
    const late = await pool.connect();
    await late.query('begin');
    await late.query("insert into data.dataset (project, name) values ('kept', 'late')");
    const removing = remove('kept', 'CASCADE');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await late.query('commit');
    late.release();
    // It waited for the request, and saw what that had made.
    refused(await removing, /'data\.dataset' \("late"\)/, 'INVALID_STATE');
    await pool.query("delete from data.dataset where project = 'kept'");
    await pool.query("update platform.project set deleted_at = now(), deleted_by = 'me' where name = 'kept'");
    await pool.query("insert into data.dataset (project, name) values ('kept', 'later')");
    await server.platform.jobs.send('platform.project-deletion', {});
    await waitFor(async () => await exists('kept'));
    assert.ok((await actionsOf('kept')).includes('access.project-kept'));
  });

  it('refuse modes that there are not', async () => {
    await make('lasting');
    for (const mode of ['cascade', 'GONE', '', '__proto__', 'x'.repeat(5_000), '%00', 'CASCADE&mode=RESTRICT']) {
      refused(await remove('lasting', mode), /^Invalid deletion mode/);
    }
    for (const mode of ['CASCADE', 'SET_DEFAULT']) {
      refused(await remove('default', mode), "The 'default' workspace is reserved and cannot be deleted");
      missing(await remove('nowhere', mode), "Workspace 'nowhere' not found");
    }
    assert.ok(await exists('lasting'));
  });
});
