import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type Body, missing, mlflowCaller, refused } from '#testing/mlflow-caller';
import { createTestServer, type TestServer } from '#testing/test-server';

const START_NS = 1735689600123456789n;

/** A span of OpenTelemetry as protobuf's bytes. */
function spanBytes(traceId: string, spanId: string, name: string): Uint8Array {
  const span = new BinaryWriter();
  span.tag(1, WireType.LengthDelimited).bytes(Buffer.from(traceId, 'hex'));
  span.tag(2, WireType.LengthDelimited).bytes(Buffer.from(spanId, 'hex'));
  span.tag(5, WireType.LengthDelimited).string(name);
  span.tag(6, WireType.Varint).int32(3);
  span.tag(7, WireType.Bit64).fixed64(START_NS.toString());
  span.tag(8, WireType.Bit64).fixed64((START_NS + 5_000_000n).toString());
  const count = new BinaryWriter().tag(3, WireType.Varint).int64('-5').finish();
  const attribute = new BinaryWriter();
  attribute.tag(1, WireType.LengthDelimited).string('count').tag(2, WireType.LengthDelimited).bytes(count);
  span.tag(9, WireType.LengthDelimited).bytes(attribute.finish());
  return span.finish();
}

function requestBytes(...spans: readonly Uint8Array[]): Uint8Array {
  const scope = new BinaryWriter();
  for (const span of spans) scope.tag(2, WireType.LengthDelimited).bytes(span);
  const resource = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(scope.finish()).finish();
  return new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(resource).finish();
}

describe("spans in OpenTelemetry's protocol", () => {
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
  const infoOf = async (traceId: string): Promise<Body> => {
    const { body } = await get(`/traces/${traceId}`);
    return (body['trace'] as { trace_info: Body }).trace_info;
  };
  const exportSpans = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    call('POST', '/v1/traces', {
      headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': experiment, ...headers },
      body: typeof body === 'string' ? body : Buffer.from(body),
    });
  const protobuf = { 'content-type': 'application/x-protobuf' };
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
    const made = await send('POST', '/experiments/create', { name: 'spans' }, 2);
    experiment = String(made.body['experiment_id']);
  });

  after(() => server.close());

  it('takes spans as JSON and gives them back with every digit', async () => {
    const traceId = hexId();
    const attributes = [
      { key: 'big', value: { intValue: '9007199254740993' } },
      { key: 'one', value: { doubleValue: 1 } },
      { key: 'nan', value: { doubleValue: 'NaN' } },
      { key: 'nothing' },
      { key: 'list', value: { arrayValue: { values: [{ boolValue: true }, text('ü\u0000')] } } },
      { key: 'mlflow.spanInputs', value: text('{"q": 1}') },
      { key: 'mlflow.spanType', value: text('LLM') },
      { key: 'mlflow.traceRequestId', value: text('tr-of-somebody-else') },
      { key: 'mlflow.traceTag.team', value: text('t') },
      { key: 'session.id', value: text('s') },
    ];
    const usage = { key: 'mlflow.chat.tokenUsage', value: text('{"input_tokens": 2, "total_tokens": 2}') };
    const root = span(traceId, 1, { attributes, status: { code: 2, message: 'no' } });
    const child = span(traceId, 2, { parentSpanId: '0000000000000001', attributes: [usage] });
    assert.deepEqual((await exportSpans(exported(root, child))).body, {});
    const { text: whole, body } = await get(`/traces/get?trace_id=tr-${traceId}`);
    const trace = body['trace'] as { trace_info: Body; spans: Body[] };
    assert.deepEqual(
      trace.spans.map(({ name }) => name),
      ['span 1', 'span 2'],
    );
    assert.match(whole, /"start_time_unix_nano":1735689600123456789,/);
    assert.match(whole, /\{"key":"big","value":\{"int_value":9007199254740993\}\}/);
    assert.match(whole, /\{"key":"one","value":\{"double_value":1\.0\}\}/);
    assert.match(whole, /\{"key":"nan","value":\{"double_value":"NaN"\}\}/);
    assert.match(whole, /\{"key":"nothing"\}/);
    assert.match(whole, /"mlflow\.traceRequestId","value":\{"string_value":"tr-0+[0-9a-f]+"\}/);
    const { trace_info: known } = trace;
    assert.deepEqual(
      [known['state'], known['request_preview'], known['execution_duration']],
      ['ERROR', '{"q": 1}', '0.005s'],
    );
    assert.equal((known['tags'] as Body)['team'], 't');
    assert.deepEqual(known['trace_metadata'], {
      'mlflow.trace.session': 's',
      'mlflow.trace.tokenUsage': '{"input_tokens": 2, "output_tokens": 0, "total_tokens": 2}',
    });
    const file = await call('GET', `/ajax-api/3.0/mlflow/get-trace-artifact?request_id=tr-${traceId}`);
    const { spans } = JSON.parse(file.text) as { spans: Body[] };
    assert.deepEqual(
      spans.map(({ name }) => name),
      ['span 1', 'span 2'],
    );
    assert.equal((spans[0]!['attributes'] as Body)['list'], '[true, "ü\ufffd"]');
  });

  it('takes spans as protobuf, packed or not, and refuses what is none', async () => {
    const ids = [hexId(), hexId(), hexId()];
    const bytes = ids.map((id) => requestBytes(spanBytes(id, '00000000000000aa', 'bytes')));
    assert.equal((await exportSpans(bytes[0]!, protobuf)).status, 200);
    assert.equal((await exportSpans(gzipSync(bytes[1]!), { ...protobuf, 'content-encoding': 'gzip' })).status, 200);
    assert.equal(
      (await exportSpans(deflateSync(bytes[2]!), { ...protobuf, 'content-encoding': 'deflate' })).status,
      200,
    );
    for (const id of ids) {
      assert.match((await get(`/traces/get?trace_id=tr-${id}`)).text, /\{"key":"count","value":\{"int_value":-5\}\}/);
    }
    refused(await exportSpans('garbage!!', protobuf), 'Invalid OpenTelemetry format');
    refused(await exportSpans('', protobuf), 'Invalid OpenTelemetry format - no spans found');
    refused(await exportSpans('{'), 'Invalid OpenTelemetry format');
    refused(await exportSpans('{"resourceSpans":'.repeat(50_000)), 'Invalid OpenTelemetry format');
    refused(await exportSpans(bytes[0]!, { 'content-type': 'text/plain' }), /^Invalid Content-Type: text\/plain/);
    refused(await exportSpans('x', { 'content-encoding': 'gzip' }), 'Failed to decompress gzip payload');
    refused(await exportSpans('x', { 'content-encoding': 'br' }), 'Unsupported Content-Encoding: br');
    missing(
      await exportSpans(exported(span(hexId(), 1)), { 'x-mlflow-experiment-id': '99999' }),
      'No Experiment with id=99999 exists',
    );
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, ' '));
    assert.equal((await exportSpans(bomb, { 'content-encoding': 'gzip' })).status, 413);
  });

  it('refuses spans that no span can be, whole requests at a time', async () => {
    const good = hexId();
    const deep = Array.from({ length: 100 }).reduce((value) => ({ arrayValue: { values: [value] } }), text('x'));
    for (const bad of [
      { traceId: '' },
      { traceId: '0'.repeat(32) },
      { spanId: 'zz' },
      { traceId: 'ab'.repeat(20) },
      { startTimeUnixNano: '99999999999999999999' },
      { startTimeUnixNano: '-1' },
      { endTimeUnixNano: {} },
      { attributes: 'x' },
      { attributes: [1] },
      { attributes: [{ key: 'a', value: { intValue: 'x' } }] },
      { attributes: [{ key: 'a', value: deep }] },
    ]) {
      const answer = await exportSpans(exported(span(good, 1), span(hexId(), 1, bad)));
      assert.equal(answer.status, 400, JSON.stringify(bad).slice(0, 100));
    }
    missing(await get(`/traces/tr-${good}`), `Trace with ID 'tr-${good}' not found.`);
  });

  it('joins what arrives in several requests, and believes the maker of a trace more than its spans', async () => {
    const traceId = hexId();
    await exportSpans(
      exported(span(traceId, 2, { parentSpanId: '01', endTimeUnixNano: String(START_NS + 9_000_000n) })),
    );
    assert.equal((await infoOf(`tr-${traceId}`))['state'], 'IN_PROGRESS');
    await exportSpans(exported(span(traceId, 1, { startTimeUnixNano: String(START_NS - 2_000_000n) })));
    const joined = await infoOf(`tr-${traceId}`);
    assert.deepEqual([joined['state'], joined['execution_duration']], ['OK', '0.011s']);
    const stats = { 'mlflow.trace.sizeStats': '{"num_spans": 3}' };
    const told = { state: 'OK', execution_duration: '7s', trace_metadata: stats };
    await send('POST', '/traces', { trace: { trace_info: info(`tr-${traceId}`, told) } });
    refused(
      await get(`/traces/get?trace_id=tr-${traceId}`),
      `Trace with ID tr-${traceId} is not fully exported yet, please try again later.`,
      'RESOURCE_DOES_NOT_EXIST',
      404,
    );
    assert.equal((await get(`/traces/get?trace_id=tr-${traceId}&allow_partial=True`)).status, 200);
    await exportSpans(exported(span(traceId, 3, { parentSpanId: '01' })));
    assert.equal((await get(`/traces/get?trace_id=tr-${traceId}`)).status, 200);
    assert.equal((await infoOf(`tr-${traceId}`))['execution_duration'], '7s');
  });
});
