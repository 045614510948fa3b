import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { allRoutes, Client } from '@flyball/api';
import { createTestServer, type TestServer } from '#testing/test-server';

describe('traces in the native API', () => {
  let server: TestServer;
  let client: Client<typeof allRoutes>;
  let experimentId: string;
  let runId: string;

  const span = (name: string, id: number, parent: number | null, from: number, until: number) => ({
    traceId: 'ab'.repeat(16),
    spanId: String(id).padStart(16, '0'),
    parentSpanId: parent === null ? '' : String(parent).padStart(16, '0'),
    name,
    startTimeUnixNano: String(1_790_000_000_000_000_000n + BigInt(from) * 1_000_000n),
    endTimeUnixNano: String(1_790_000_000_000_000_000n + BigInt(until) * 1_000_000n),
    attributes: [
      { key: 'mlflow.spanType', value: { stringValue: 'TOOL' } },
      { key: 'mlflow.spanInputs', value: { stringValue: '{"q": 1}' } },
    ],
    status: id === 3 ? { code: 2, message: 'it broke' } : { code: 1 },
  });

  before(async () => {
    server = await createTestServer();
    client = server.client();
    ({ experimentId } = await client.createExperiment({ body: { name: 'traced' } }));
    ({ runId } = await client.startRun({ body: { experimentId } }));
    const spans = [span('root', 1, null, 0, 100), span('late', 3, 1, 50, 90), span('early', 2, 1, 10, 40)];
    const answer = await fetch(`${server.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': experimentId },
      body: JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans }] }] }),
    });
    assert.equal(answer.status, 200, await answer.text());
  });

  after(() => server.close());

  it('are found by experiment, filter and run', async () => {
    const all = await client.searchTraces({ body: {} });
    assert.deepEqual(
      all.items.map(({ traceId, durationMs, runId: run }) => [traceId, durationMs, run]),
      [[`tr-${'ab'.repeat(16)}`, 100, null]],
    );
    assert.equal((await client.searchTraces({ body: { experimentIds: [experimentId] } })).items.length, 1);
    assert.equal((await client.searchTraces({ body: { filter: "attributes.status = 'ERROR'" } })).items.length, 0);
    assert.equal((await client.searchTraces({ body: { runId } })).items.length, 0);
    await fetch(`${server.url}/api/2.0/mlflow/traces/link-to-run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ run_id: runId, trace_ids: [`tr-${'ab'.repeat(16)}`] }),
    });
    assert.equal((await client.searchTraces({ body: { runId } })).items.length, 1);
    await assert.rejects(client.searchTraces({ body: { filter: 'nonsense' } }), { code: 'invalid_input' });
    await assert.rejects(client.searchTraces({ body: { runId: "x' OR" } }), { code: 'invalid_input' });
  });

  it('have their spans in the order in which they began, with times from the first', async () => {
    const { spans, trace } = await client.getTrace({ params: { trace: `tr-${'ab'.repeat(16)}` } });
    assert.deepEqual(
      spans.map(({ name, offsetMs, durationMs, type, status }) => [name, offsetMs, durationMs, type, status]),
      [
        ['root', 0, 100, 'TOOL', 'OK'],
        ['early', 10, 30, 'TOOL', 'OK'],
        ['late', 50, 40, 'TOOL', 'ERROR'],
      ],
    );
    assert.equal(spans[2]!.statusMessage, 'it broke');
    assert.deepEqual(JSON.parse(spans[0]!.attributes['mlflow.spanInputs']!), { q: 1 });
    assert.equal(trace.experimentId, experimentId);
    await assert.rejects(client.getTrace({ params: { trace: 'tr-none' } }), { code: 'not_found' });
    await client.createProject({ body: { name: 'apart' } });
    const apart = server.client(undefined, 'apart');
    await assert.rejects(apart.getTrace({ params: { trace: trace.traceId } }), { code: 'not_found' });
    assert.deepEqual((await apart.searchTraces({ body: {} })).items, []);
  });

  it('have the spans that an older client keeps as a file of the trace', async () => {
    const opened = await fetch(`${server.url}/api/2.0/mlflow/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        experiment_id: experimentId,
        timestamp_ms: 1_790_000_000_000,
        request_metadata: [{ key: 'mlflow.traceInputs', value: '{"q": 1}' }],
      }),
    });
    const { trace_info: info } = (await opened.json()) as {
      trace_info: { request_id: string; tags: { key: string; value: string }[] };
    };
    const read = async () => await client.getTrace({ params: { trace: info.request_id } });
    const put = async (body: string) => {
      const place = info.tags
        .find(({ key }) => key === 'mlflow.artifactLocation')!
        .value.replace('mlflow-artifacts:', '');
      const url = `${server.url}/api/2.0/mlflow-artifacts/artifacts${place}/traces.json`;
      assert.equal((await fetch(url, { method: 'PUT', body })).status, 200);
    };
    const before = await read();
    assert.deepEqual([before.spans, before.isWhole, before.problem], [[], false, null]);
    assert.equal(before.trace.requestPreview, '{"q": 1}');
    const one = {
      name: 'old',
      start_time: 1_000_000,
      end_time: 4_000_000,
      status_code: 'OK',
      attributes: {},
      events: [],
    };
    const root = { ...one, context: { span_id: '0x1', trace_id: '0x2' }, parent_id: null };
    const child = { ...one, context: { span_id: '0x3', trace_id: '0x2' }, parent_id: '0x1', start_time: 2_000_000 };
    await put(JSON.stringify({ spans: [root, child] }));
    const { spans, isWhole, problem } = await read();
    assert.deepEqual([isWhole, problem], [true, null]);
    assert.deepEqual(
      spans.map(({ spanId, parentId, offsetMs, durationMs }) => [
        Number(spanId),
        Number(parentId),
        offsetMs,
        durationMs,
      ]),
      [
        [1, 0, 0, 3],
        [3, 1, 1, 2],
      ],
    );
    await put('nonsense');
    assert.match((await read()).problem!, /holds no spans/);
    await put(' '.repeat(17 * 2 ** 20));
    assert.match((await read()).problem!, /are shown: download it/);
  });
});
