import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { createTestServer, type TestServer } from '#testing/test-server';

type Body = Record<string, unknown>;

describe('bounds of traces', () => {
  let server: TestServer;
  let experiment: string;
  let number = 0;

  const send = async (method: string, path: string, body?: Body): Promise<Body & { status: number }> => {
    const response = await fetch(`${server.url}/api/3.0/mlflow${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, ...((await response.json()) as Body) };
  };
  const location = () => ({ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } });
  const assessment = (more: Body = {}): Body => ({
    assessment_name: 'good',
    feedback: { value: true },
    source: { source_type: 'HUMAN', source_id: 'me' },
    ...more,
  });
  const start = async (more: Body, traceId = `tr-${++number}`): Promise<Body & { status: number }> =>
    await send('POST', '/traces', {
      trace: {
        trace_info: {
          trace_id: traceId,
          trace_location: location(),
          request_time: '2025-01-01T00:00:00Z',
          state: 'OK',
          ...more,
        },
      },
    });
  const many = (prefix: string, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, 'x']));
  const refused = ({ status, error_code: code, message }: Body, expected: RegExp) => {
    assert.deepEqual([status, code], [400, 'INVALID_PARAMETER_VALUE'], String(message));
    assert.match(String(message), expected);
  };
  const exportSpans = async (traceId: string, attributes: readonly (readonly [string, string])[], spanId = 1) => {
    const span = {
      traceId,
      spanId: spanId.toString(16).padStart(16, '0'),
      name: 'root',
      startTimeUnixNano: '1735689600000000000',
      endTimeUnixNano: '1735689600000000001',
      attributes: attributes.map(([key, value]) => ({ key, value: { stringValue: value } })),
    };
    const response = await fetch(`${server.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': experiment },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
    });
    return { status: response.status, ...((await response.json()) as Body) };
  };

  before(async () => {
    server = await createTestServer();
    const made = await fetch(`${server.url}/api/2.0/mlflow/experiments/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'bounds' }),
    });
    experiment = ((await made.json()) as { experiment_id: string }).experiment_id;
  });
  after(async () => await server.close());

  it('are the same for one request that says much and for many that say little', async () => {
    assert.equal((await start({ tags: many('a', 900) }, 'tr-full')).status, 200);
    refused(await start({ tags: many('b', 900) }, 'tr-full'), /at most 1000 tags/);
    assert.equal((await start({ tags: many('a', 990) }, 'tr-full')).status, 200);
    let answer: Body = { status: 200 };
    for (let at = 0; at < 20 && answer['status'] === 200; at++) {
      answer = await send('PATCH', '/traces/tr-full/tags', { key: `c${at}`, value: 'x' });
    }
    refused(answer, /at most 1000 tags/);
    assert.equal((await send('PATCH', '/traces/tr-full/tags', { key: 'a1', value: 'y' })).status, 200);
    const assessments = Array.from({ length: 1_000 }, () => assessment());
    assert.equal((await start({ assessments }, 'tr-judged')).status, 200);
    const one = { assessment: assessment({ trace_id: 'tr-judged' }) };
    refused(await send('POST', '/traces/tr-judged/assessments', one), /at most 1000 assessments/);
  });

  it('hold for the spans of a trace together', async () => {
    const traceId = 'a'.repeat(32);
    assert.equal((await exportSpans(traceId, [['text', 'x']], 1)).status, 200);
    const tables = server.platform.database.tables<unknown>();
    await sql`update tracing.trace set span_bytes = ${64 * 2 ** 20 - 10_000} where trace_id = ${`tr-${traceId}`}`.execute(
      tables,
    );
    assert.equal((await exportSpans(traceId, [['text', 'x']], 2)).status, 200);
    refused(await exportSpans(traceId, [['text', 'x'.repeat(10_000)]], 3), /^The spans of a trace can have at most/);
    const got = await send('GET', `/traces/get?trace_id=tr-${traceId}&allow_partial=true`);
    assert.equal((got['trace'] as { spans: unknown[] }).spans.length, 2);
  });

  it('end a page of large traces early', async () => {
    const long = 'x'.repeat(900_000);
    const assessments = Array.from({ length: 4 }, () => assessment({ rationale: long }));
    for (let at = 0; at < 6; at++) assert.equal((await start({ assessments, tags: { large: 'yes' } })).status, 200);
    const more = { assessments: [...assessments, assessment({ rationale: long })] };
    refused(await start(more), /^The tags, metadata and assessments of a trace/);
    const pages: number[] = [];
    let token: unknown;
    do {
      const page = await send('POST', '/traces/search', {
        locations: [location()],
        filter: "tags.large = 'yes'",
        max_results: 100,
        page_token: token,
      });
      pages.push((page['traces'] as unknown[]).length);
      token = page['next_page_token'];
    } while (token !== undefined);
    assert.deepEqual(pages, [5, 1]);
  });
});
