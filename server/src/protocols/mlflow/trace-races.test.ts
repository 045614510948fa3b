import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestServer, type TestServer } from '#testing/test-server';

const SPANS = 24;

describe('a trace whose parts arrive all at once', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer();
  });

  after(() => server.close());

  const post = async (path: string, body: unknown): Promise<number> => {
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': '0' },
      body: JSON.stringify(body),
    });
    await response.text();
    return response.status;
  };

  it('has every span, the sums over all of them, and what its maker said', async () => {
    const ids = ['a', 'b', 'c'].map((digit) => digit.repeat(32));
    const usage = { key: 'gen_ai.usage.input_tokens', value: { intValue: '2' } };
    const span = (traceId: string, number: number) => ({
      traceId,
      spanId: number.toString(16).padStart(16, '0'),
      ...(number === 1 ? {} : { parentSpanId: '0000000000000001' }),
      name: `span ${number}`,
      startTimeUnixNano: String(1_735_689_600_000_000_000 + number * 1_000_000),
      endTimeUnixNano: String(1_735_689_601_000_000_000 + number * 1_000_000),
      ...(number === 1 ? {} : { attributes: [usage] }),
    });
    const info = (traceId: string) => ({
      trace_id: `tr-${traceId}`,
      trace_location: { mlflow_experiment: { experiment_id: '0' } },
      request_time: '2025-01-01T00:00:05Z',
      execution_duration: '9s',
      state: 'ERROR',
    });
    const spans = Array.from({ length: SPANS }, (_, i) => i + 1);
    const statuses = await Promise.all([
      // Each request has a span of every trace, in another order each time.
      ...spans.map((number) => {
        const own = ids.map((id) => span(id, number));
        return post('/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans: number % 2 ? own : own.reverse() }] }] });
      }),
      ...ids.map((id) => post('/api/3.0/mlflow/traces', { trace: { trace_info: info(id) } })),
    ]);
    assert.deepEqual(new Set(statuses), new Set([200]));
    for (const id of ids) {
      const answer = await fetch(`${server.url}/api/3.0/mlflow/traces/get?trace_id=tr-${id}`);
      const { trace } = (await answer.json()) as {
        trace: { trace_info: Record<string, unknown>; spans: { name: string }[] };
      };
      assert.equal(trace.spans.length, SPANS);
      assert.equal(trace.spans[0]?.name, 'span 1');
      const { state, execution_duration: duration, request_time: time, trace_metadata: metadata } = trace.trace_info;
      assert.deepEqual([state, duration, time], ['ERROR', '9s', '2025-01-01T00:00:05Z']);
      const sums = JSON.parse((metadata as Record<string, string>)['mlflow.trace.tokenUsage']!) as Record<
        string,
        number
      >;
      assert.equal(sums['input_tokens'], 2 * (SPANS - 1));
    }
  });
});
