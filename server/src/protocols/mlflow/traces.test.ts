import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Body, missing, mlflowCaller, refused } from '#testing/mlflow-caller';
import { createTestServer, type TestServer } from '#testing/test-server';

const START_NS = 1735689600123456789n;

describe('traces of MLflow clients', () => {
  let server: TestServer;
  let experiment: string;
  let number = 0;

  const { call, send, get } = mlflowCaller(() => server.url);

  const hexId = (): string => (++number).toString(16).padStart(32, '0');
  const info = (traceId: string, more: Body = {}): Body => ({
    trace_id: traceId,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } },
    request_time: '2025-01-01T00:00:00.120Z',
    state: 'OK',
    ...more,
  });
  const start = async (more: Body = {}): Promise<string> => {
    const traceId = `tr-${hexId()}`;
    const { status, text } = await send('POST', '/traces', { trace: { trace_info: info(traceId, more) } });
    assert.equal(status, 200, text);
    return traceId;
  };
  const infoOf = async (traceId: string): Promise<Body> => {
    const { body } = await get(`/traces/${traceId}`);
    return (body['trace'] as { trace_info: Body }).trace_info;
  };
  const search = async (filter: string, more: Body = {}): Promise<string[]> => {
    const locations = [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } }];
    const { status, body, text } = await send('POST', '/traces/search', { locations, filter, ...more });
    assert.equal(status, 200, text);
    return ((body['traces'] ?? []) as Body[]).map(({ trace_id: id }) => String(id));
  };
  const exportSpans = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    call('POST', '/v1/traces', {
      headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': experiment, ...headers },
      body: typeof body === 'string' ? body : Buffer.from(body),
    });
  const span = (traceId: string, spanId: number, more: Body = {}): Body => ({
    traceId,
    spanId: spanId.toString(16).padStart(16, '0'),
    name: `span ${spanId}`,
    startTimeUnixNano: String(START_NS),
    endTimeUnixNano: String(START_NS + 5_000_000n),
    ...more,
  });
  const exported = (...spans: readonly Body[]): string =>
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const text = (value: string) => ({ stringValue: value });

  before(async () => {
    server = await createTestServer();
    const made = await send('POST', '/experiments/create', { name: 'traces' }, 2);
    experiment = String(made.body['experiment_id']);
  });

  after(() => server.close());

  it('keeps what a client says of a trace, and shows it as both generations of clients know it', async () => {
    const traceId = await start({
      execution_duration: '1.5s',
      client_request_id: 'c',
      request_preview: 'in',
      response_preview: 'out',
      tags: { 'mlflow.traceName': 'n' },
      trace_metadata: { m: 'x', 'mlflow.trace.tokenUsage': '{"total_tokens": 3, "z": 1}' },
    });
    const artifacts = `mlflow-artifacts:/${experiment}/traces/${traceId}/artifacts`;
    assert.deepEqual(await infoOf(traceId), {
      ...info(traceId),
      execution_duration: '1.500s',
      client_request_id: 'c',
      request_preview: 'in',
      response_preview: 'out',
      tags: { 'mlflow.traceName': 'n', 'mlflow.artifactLocation': artifacts },
      trace_metadata: {
        m: 'x',
        'mlflow.trace.tokenUsage': '{"total_tokens": 3}',
        'mlflow.trace.infoFinalized': 'true',
      },
    });
    const { body } = await get(`/traces/${traceId}/info`, 2);
    const old = body['trace_info'] as Body;
    assert.deepEqual(
      [old['request_id'], old['timestamp_ms'], old['execution_time_ms'], old['status']],
      [traceId, 1735689600120, 1500, 'OK'],
    );
    await send('POST', '/traces', { trace: { trace_info: info(traceId, { state: 'ERROR', tags: { k: 'v' } }) } });
    const changed = await infoOf(traceId);
    assert.equal(changed['state'], 'ERROR');
    assert.equal(changed['request_preview'], 'in');
    assert.deepEqual(changed['tags'], { 'mlflow.traceName': 'n', k: 'v', 'mlflow.artifactLocation': artifacts });
  });

  it('refuses what is no trace', async () => {
    const trace = (more: Body) => send('POST', '/traces', { trace: { trace_info: info(`tr-${hexId()}`, more) } });
    refused(await send('POST', '/traces', {}), /^Missing value for required parameter 'trace'/);
    refused(await send('POST', '/traces', { trace: {} }), /must be in an experiment/);
    for (const bad of [
      { state: 'NOPE' },
      { request_time: 'yesterday' },
      { request_time: '2025-13-01T00:00:00Z' },
      { execution_duration: '5' },
      { execution_duration: '999999999999999s' },
      { tags: [{ key: 'a' }] },
      { tags: { a: 'b\u0000' } },
      { trace_metadata: { a: 1 } },
      { trace_id: '' },
      { trace_id: '../x' },
      { trace_id: 'x'.repeat(51) },
      { tags: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, 'v'])) },
    ]) {
      assert.equal((await trace(bad)).status, 400, JSON.stringify(bad).slice(0, 100));
    }
    refused(
      await trace({ tags: { 'mlflow.traceName': 'n'.repeat(5000) } }),
      "'Trace name' exceeds the maximum length of 4096 characters",
    );
    const elsewhere = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '99999' } };
    missing(await trace({ trace_location: elsewhere }), 'No Experiment with id=99999 exists');
    missing(await get('/traces/none'), "Trace with ID 'none' not found.");
    missing(await get('/traces/get?trace_id=none'), 'Trace with ID none is not found.');
  });

  it('sets and deletes tags under both versions, but not those that are its own', async () => {
    const traceId = await start();
    for (const version of [2, 3]) {
      const path = `/traces/${traceId}/tags`;
      assert.deepEqual((await send('PATCH', path, { key: 'a', value: 'b' }, version)).body, {});
      assert.equal(((await infoOf(traceId))['tags'] as Body)['a'], 'b');
      assert.deepEqual((await send('DELETE', path, { key: 'a' }, version)).body, {});
      missing(
        await send('DELETE', path, { key: 'a' }, version),
        `No trace tag with key 'a' for trace with ID '${traceId}'`,
      );
      refused(
        await send('PATCH', path, { key: 'mlflow.trace.spansLocation', value: 'x' }, version),
        "Tag 'mlflow.trace.spansLocation' is immutable and cannot be set on a trace.",
      );
      refused(
        await send('PATCH', path, { key: 'a*b', value: 'x' }, version),
        /^Invalid value "a\*b" for parameter 'key'/,
      );
    }
  });

  it('opens and ends traces as clients before 3.0 do', async () => {
    const opened = await send('POST', '/traces', { experiment_id: experiment, timestamp_ms: 1000 }, 2);
    const { request_id: id, status } = opened.body['trace_info'] as Body;
    assert.match(String(id), /^[0-9a-f]{32}$/);
    assert.equal(status, 'IN_PROGRESS');
    const end = { timestamp_ms: 1500, status: 'OK', tags: [{ key: 'x', value: 'z' }] };
    const ended = (await send('PATCH', `/traces/${id}`, end, 2)).body['trace_info'] as Body;
    assert.deepEqual([ended['execution_time_ms'], ended['status']], [500, 'OK']);
    missing(await send('PATCH', '/traces/none', end, 2), "Trace with ID 'none' not found.");
    refused(await send('PATCH', `/traces/${id}`, { ...end, timestamp_ms: 9e15 }, 2), /must be a time/);
    const found = (await get(`/traces?experiment_ids=${experiment}&filter=tags.x='z'`, 2)).body['traces'] as Body[];
    assert.deepEqual(
      found.map(({ request_id: one }) => one),
      [id],
    );
  });

  it('searches by everything that MLflow documents, page by page', async () => {
    const made = await send('POST', '/experiments/create', { name: 'searched' }, 2);
    const before = experiment;
    experiment = String(made.body['experiment_id']);
    const at = (second: number) => ({ request_time: `2025-01-01T00:00:0${second}Z` });
    const one = await start({ ...at(1), execution_duration: '3s', tags: { k: 'v', 'mlflow.traceName': 'one' } });
    const two = await start({ ...at(2), state: 'ERROR', tags: { k: 'w' }, trace_metadata: { m: "it's" } });
    const three = await start({ ...at(3), trace_metadata: { 'mlflow.sourceRun': 'r'.repeat(32) } });
    const four = hexId();
    await exportSpans(exported(span(four, 1, { name: 'f', attributes: [{ key: 'a', value: text('gpt-4') }] })));
    const last = `tr-${four}`;
    for (const [filter, found] of [
      ['', [three, two, one, last]],
      ["status = 'ERROR'", [two]],
      ["trace.status IN ('ERROR', 'IN_PROGRESS')", [two]],
      ['timestamp_ms > 1735689601000 AND timestamp_ms <= 1735689603000', [three, two]],
      ['execution_time >= 3000', [one]],
      ["name = 'one'", [one]],
      ["name RLIKE '^o.e$'", [one]],
      ["tags.k != 'v'", [two]],
      ["tags.k LIKE 'V'", []],
      ["tags.`k` ILIKE 'V'", [one]],
      ['tags.k IS NULL', [three, last]],
      ["metadata.m = 'it''s'", []],
      ['request_metadata.m IS NOT NULL', [two]],
      [`run_id = '${'r'.repeat(32)}'`, [three]],
      [`request_id IN ('${one}', '${two}')`, [two, one]],
      ["span.name = 'f' AND span.status = 'UNSET'", [last]],
      ["span.name = 'f' AND span.status = 'OK'", []],
      ["span.attributes.a LIKE '%gpt%'", [last]],
      ["span.attributes.a = 'gpt-4'", [last]],
      ["trace.text LIKE '%gpt-4%'", [last]],
      ['feedback.x IS NULL', [three, two, one, last]],
    ] as const) {
      assert.deepEqual(await search(filter), found, filter);
    }
    assert.deepEqual(await search('', { order_by: ['tags.k DESC', 'timestamp ASC'] }), [two, one, last, three]);
    assert.deepEqual(await search('', { order_by: ['execution_time ASC'] }), [last, one, three, two]);
    const locations = [{ mlflow_experiment: { experiment_id: experiment } }];
    const pages: unknown[] = [];
    let token: unknown;
    do {
      const { body } = await send('POST', '/traces/search', { locations, max_results: 3, page_token: token });
      pages.push(...(body['traces'] as Body[]).map(({ trace_id: id }) => id));
      token = body['next_page_token'];
    } while (token !== undefined);
    assert.deepEqual(pages, [three, two, one, last]);
    experiment = before;
  });

  it("says in MLflow's words what cannot be searched", async () => {
    const locations = [{ mlflow_experiment: { experiment_id: experiment } }];
    for (const [filter, message] of [
      ["nope = 'x'", /^Invalid attribute key 'nope' specified\. Valid keys are '/],
      ["foo.bar = 'x'", /^Invalid entity type 'foo'\. Valid values are /],
      ["status > 'a'", /^Invalid comparator '>' not one of '/],
      ['status = 5', /attributes support comparison with numeric values\.$/],
      ["timestamp_ms IN ('5')", /^Only attributes in \{/],
      ["span.nope = 'x'", /^Invalid span attribute 'nope'\. Supported attributes: name, status, type/],
      ["span.content = 'x'", /^span\.content comparator '=' not one of/],
      ["feedback.a > 'x'", /^Expected a numeric value for feedback when using comparator '>'/],
      ["prompt = 'a'", /^Invalid prompts filter value 'a'/],
      ["status = 'OK' OR name = 'x'", /^Invalid clause\(s\) in filter string: 'OR'$/],
      ["name RLIKE '('", /^Invalid regular expression/],
      ['  ', /Could not be parsed\.$/],
    ] as const) {
      refused(await send('POST', '/traces/search', { locations, filter }), message);
    }
    refused(await send('POST', '/traces/search', { locations, order_by: ['status', 'status'] }), /duplicate fields/);
    refused(await send('POST', '/traces/search', { locations, max_results: 501 }), /^Invalid value 501 for parameter/);
    refused(await send('POST', '/traces/search', { locations, page_token: 'abc' }), /^Invalid page token,/);
  });

  it('deletes traces by id or by age, and links them to runs and prompts', async () => {
    const [one, two] = [await start(), await start()];
    const started = await send('POST', '/runs/create', { experiment_id: experiment }, 2);
    const runId = (started.body['run'] as { info: { run_id: string } }).info.run_id;
    assert.deepEqual(
      (await send('POST', '/traces/link-to-run', { trace_ids: [one, 'none'], run_id: runId }, 2)).body,
      {},
    );
    assert.deepEqual(await search(`run_id = '${runId}'`), [one]);
    refused(
      await send('POST', '/traces/link-to-run', { trace_ids: Array(101).fill('x'), run_id: runId }, 2),
      'Cannot link more than 100 traces to a run in a single request. Provided 101 traces.',
    );
    const prompts = { trace_id: two, prompt_versions: [{ name: 'p', version: '1' }] };
    assert.deepEqual((await send('POST', '/traces/link-prompts', prompts, 2)).body, {});
    assert.deepEqual(await search("prompt = 'p/1'"), [two]);
    const remove = (body: Body, version = 3) =>
      send('POST', '/traces/delete-traces', { experiment_id: experiment, ...body }, version);
    refused(await remove({}), 'Either `max_timestamp_millis` or `trace_ids` must be specified.');
    refused(
      await remove({ max_timestamp_millis: 1, max_traces: 0 }),
      '`max_traces` must be a positive integer, received 0.',
    );
    assert.deepEqual((await remove({ request_ids: [one] })).body, { traces_deleted: 1 });
    assert.deepEqual((await remove({ request_ids: [one] }, 2)).body, { traces_deleted: 0 });
    missing(await get(`/traces/${one}`), `Trace with ID '${one}' not found.`);
  });

  it('gives the files that belong to a trace: spans of clients before 3.4, and attachments', async () => {
    const traceId = await start();
    const file = (query: string) =>
      call('GET', `/ajax-api/2.0/mlflow/get-trace-artifact?request_id=${traceId}${query}`);
    assert.equal((await file('')).status, 404);
    const folder = `/api/2.0/mlflow-artifacts/artifacts/${experiment}/traces/${traceId}/artifacts`;
    await call('PUT', `${folder}/traces.json`, { body: '{"spans": []}' });
    await call('PUT', `${folder}/attachments/a.png`, { body: 'image' });
    assert.equal((await file('')).text, '{"spans": []}');
    assert.equal((await file('&path=a.png')).text, 'image');
    for (const path of ['../traces.json', '%252e%252e/traces.json', '/etc/passwd']) {
      refused(await file(`&path=${path}`), 'Invalid path');
    }
    missing(
      await get(`/traces/get?trace_id=${traceId}`),
      `The spans of trace ${traceId} are not stored in tracking store`,
    );
  });

  it('keeps each trace in its project', async () => {
    await server.client().createProject({ body: { name: 'elsewhere' } });
    const there = { 'x-mlflow-workspace': 'elsewhere' };
    const traceId = await start();
    const other = await call('GET', `/api/3.0/mlflow/traces/${traceId}`, { headers: there });
    missing(other, `Trace with ID '${traceId}' not found.`);
    missing(
      await send('PATCH', `/traces/${traceId}/tags`, { key: 'a', value: 'b' }, 3, there),
      `Trace with ID '${traceId}' not found.`,
    );
    missing(await exportSpans(exported(span(hexId(), 1)), there), `No Experiment with id=${experiment} exists`);
    const locations = [{ mlflow_experiment: { experiment_id: experiment } }];
    assert.deepEqual((await send('POST', '/traces/search', { locations }, 3, there)).body, {});
    assert.deepEqual((await send('POST', '/traces/batchGetInfos', { trace_ids: [traceId] }, 3, there)).body, {});
    const removed = await send(
      'POST',
      '/traces/delete-traces',
      { experiment_id: experiment, request_ids: [traceId] },
      3,
      there,
    );
    assert.deepEqual(removed.body, { traces_deleted: 0 });
  });
});
