import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { type Datatype, datatypes } from '#serving';
import { linearModel, serveModel } from '#testing/served-model';
import { createTestServer, type TestServer } from '#testing/test-server';

const sigmoid = (score: number): number => Math.fround(1 / (1 + Math.exp(-score)));

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly json: Record<string, unknown> & {
    error?: string;
    outputs?: { name: string; shape: number[]; data?: number[] }[];
  };
}

const inputs = [
  { name: 'a', datatype: 'FP32' },
  { name: 'b', datatype: 'FP64' },
  { name: 'who', datatype: 'BYTES' },
  { name: 'count', datatype: 'INT32' },
  { name: 'key', datatype: 'INT64' },
  { name: 'flag', datatype: 'BOOL' },
] as const;

const tensor = (name: string, datatype: string, data: unknown[], shape = [data.length]) => ({
  name,
  datatype,
  shape,
  data,
});

/** Two good rows; a test spoils or replaces parts of them. */
const good = () => [
  tensor('a', 'FP32', [1, 2]),
  tensor('b', 'FP64', [0.5, -1]),
  tensor('who', 'BYTES', ['ann', 'Zoë']),
  tensor('count', 'INT32', [3, 4]),
  tensor('key', 'INT64', [1, 2]),
  tensor('flag', 'BOOL', [true, false]),
];

describe('open inference protocol', () => {
  let server: TestServer;
  before(async () => {
    server = await createTestServer({}, ['api', 'worker', 'gateway']);
    const target = { kind: 'binary' as const };
    await serveModel(
      server,
      'plain',
      { model: 'plain', inputs: [...inputs], target },
      linearModel({ a: 1, b: 2, count: 0.5 }),
    );
    await server.client().createProject({ body: { name: 'other' } });
  });
  after(async () => await server.close());

  async function call(path: string, init: RequestInit = {}): Promise<Answered> {
    const response = await fetch(server.gatewayUrl + path, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      json: isJson ? JSON.parse(bytes.toString()) : {},
    };
  }
  const infer = (body: unknown, headers: Record<string, string> = {}, path = '/v2/models/plain/infer') =>
    call(path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const valuesOf = ({ json }: Answered): number[] => json.outputs?.[0]?.data ?? [];
  const refused = async (body: unknown, places: RegExp): Promise<void> => {
    const { status, json } = await infer(body);
    assert.equal(status, 400, JSON.stringify(json));
    assert.match(json.error ?? '', places);
  };

  it('says what it is, and that it lives', async () => {
    for (const path of ['/v2', '/v2/']) assert.equal((await call(path)).json['name'], 'flyball');
    assert.deepEqual((await call('/v2')).json['extensions'], ['binary_tensor_data', 'statistics']);
    assert.deepEqual((await call('/v2/health/live')).json, { live: true });
    assert.deepEqual((await call('/v2/health/ready')).json, { ready: true });
    assert.deepEqual((await call('/v2/models')).json, { models: ['plain'] });
  });

  it('describes a model and its versions', async () => {
    const { json } = await call('/v2/models/plain');
    assert.deepEqual(json['versions'], ['1']);
    assert.deepEqual((json['inputs'] as unknown[])[2], { name: 'who', datatype: 'BYTES', shape: [-1] });
    assert.deepEqual(json.outputs, [{ name: 'probability', datatype: 'FP32', shape: [-1] }]);
    assert.deepEqual((await call('/v2/models/plain/versions/1')).json, json);
    assert.deepEqual((await call('/v2/models/plain/versions/1/ready')).json, { name: 'plain', ready: true });
  });

  it('answers rows in order, echoes the id, and says which version answered', async () => {
    const { status, json } = await infer({ id: 'my id', inputs: good() });
    assert.equal(status, 200);
    assert.deepEqual([json['model_name'], json['model_version'], json['id']], ['plain', '1', 'my id']);
    const [output] = json.outputs!;
    assert.deepEqual([output!.name, output!.shape], ['probability', [2]]);
    for (const [i, expected] of [sigmoid(1 + 1 + 1.5), sigmoid(2 - 2 + 2)].entries()) {
      assert.ok(Math.abs(output!.data![i]! - expected) < 1e-6);
    }
  });

  it('gives ids of its own, and tells the predictions id where the given one is taken', async () => {
    const first = await infer({ inputs: good() });
    assert.match(String(first.json['id']), /^\S{4,40}$/);
    assert.equal(first.json['parameters'], undefined);
    await infer({ id: 'taken', inputs: good() });
    const second = await infer({ id: 'taken', inputs: good().with(0, tensor('a', 'FP32', [5, 6])) });
    assert.equal(second.json['id'], 'taken');
    const { prediction_id: own } = second.json['parameters'] as { prediction_id: string };
    assert.notEqual(own, 'taken');
  });

  it('answers a repeated request as it did before, without a second prediction', async () => {
    const first = await infer({ id: 'again', inputs: good() });
    const second = await infer({ id: 'again', inputs: good() });
    assert.deepEqual(second.json, first.json);
  });

  it('takes nested data, columns of shape [rows, 1], other cases of datatypes, and null for no number', async () => {
    const body = good().with(0, { ...tensor('a', 'fp32', [1, 2]), shape: [2, 1], data: [[1], [null]] });
    const { status, json } = await infer({ inputs: body });
    assert.equal(status, 200, json.error);
    // The model takes the mean, 0, for what is missing.
    assert.ok(Math.abs(json.outputs![0]!.data![1]! - sigmoid(-2 + 2)) < 1e-6);
  });

  it('takes no rows at all', async () => {
    const { status, json } = await infer({ inputs: good().map(({ name, datatype }) => tensor(name, datatype, [])) });
    assert.equal(status, 200);
    assert.deepEqual(json.outputs![0]!.data, []);
  });

  it('takes whole numbers beyond 2^53 without rounding them', async () => {
    const text = JSON.stringify({ inputs: good() }).replace('"data":[1,2]}', '"data":[9007199254740993,2]}');
    assert.equal((await infer(text.replace('[9007199254740993,2]', '[1,2]'))).status, 200);
    const spoilt = JSON.stringify({ inputs: good().with(4, tensor('key', 'INT64', [0, 2])) });
    const { status, json } = await infer(
      spoilt.replace('"data":[0,2]', '"data":[9223372036854775807,-9223372036854775808]'),
    );
    assert.equal(status, 200, json.error);
    const beyond = await infer(spoilt.replace('"data":[0,2]', '"data":[9223372036854775808,2]'));
    assert.equal(beyond.status, 400);
    assert.match(beyond.json.error ?? '', /inputs\[4\]\.data\[0\]: 9223372036854775808 is beyond INT64/);
  });

  it('takes a matrix of all inputs where they are all numbers', async () => {
    const target = { kind: 'binary' as const };
    const columns = [
      { name: 'x', datatype: 'FP32' as const },
      { name: 'y', datatype: 'FP32' as const },
    ];
    await serveModel(server, 'matrix', { model: 'matrix', inputs: columns, target }, linearModel({ x: 1, y: -1 }));
    const body = { inputs: [tensor('input', 'FP32', [1, 2, 3, 4], [2, 2])] };
    const { status, json } = await infer(body, {}, '/v2/models/matrix/infer');
    assert.equal(status, 200, json.error);
    assert.ok(json.outputs![0]!.data!.every((value) => Math.abs(value - sigmoid(-1)) < 1e-6));
  });

  it('names every bad place of a request at once', async () => {
    await refused('not json', /not JSON/);
    await refused('[1]', /not a JSON object/);
    await refused({}, /inputs: Expected a list/);
    const places = good()
      .with(0, tensor('a', 'FP32', ['x', 2]))
      .with(3, tensor('count', 'INT32', [1.5, 2 ** 31]))
      .with(5, tensor('flag', 'BOOL', ['yes', true]));
    await refused(
      { inputs: places },
      /inputs\[0\]\.data\[0\].*inputs\[3\]\.data\[0\].*inputs\[3\]\.data\[1\].*inputs\[5\]\.data\[0\]/,
    );
    await refused({ inputs: good().slice(1) }, /The input "a" is missing/);
    await refused({ inputs: [...good(), tensor('zzz', 'FP32', [1, 2])] }, /no input "zzz"/);
    await refused({ inputs: good().with(0, tensor('a', 'FP32', [1, 2, 3])) }, /different numbers of rows/);
    await refused({ inputs: good().with(0, tensor('a', 'FP32', [1, 2], [3])) }, /inputs\[0\]\.data: 2 elements/);
    await refused(
      { inputs: good().with(0, { ...tensor('a', 'FP32', []), shape: [2], data: [[1], [2]] }) },
      /not of the shape/,
    );
    await refused({ inputs: good().with(0, tensor('a', 'FP32', [1, 2], [-2])) }, /inputs\[0\]\.shape/);
    await refused({ inputs: good().with(0, tensor('a', 'FP32', [1, 2], [1.5])) }, /inputs\[0\]\.shape/);
    await refused({ inputs: good().with(0, tensor('a', 'COMPLEX', [1, 2])) }, /inputs\[0\]\.datatype/);
    await refused({ inputs: good().with(2, tensor('who', 'FP32', [1, 2])) }, /inputs\[2\]\.datatype/);
    await refused({ inputs: good().with(2, tensor('who', 'BYTES', ['a', null])) }, /inputs\[2\]\.data\[1\]/);
    await refused({ inputs: good(), outputs: [{ name: 'other' }] }, /outputs\[0\]/);
    await refused({ inputs: good(), id: 7 }, /id: Expected a text/);
    await refused({ inputs: good(), parameters: { event_time: 'yesterday', timeout: -1 } }, /event_time.*timeout/);
  });

  it('answers other failures with the status that clients know', async () => {
    assert.equal((await infer({ inputs: good() }, {}, '/v2/models/nobody/infer')).status, 404);
    assert.equal((await infer({ inputs: good() }, {}, '/v2/models/plain/versions/9/infer')).status, 404);
    assert.equal((await infer({ inputs: good() }, {}, '/v2/models/other~plain/infer')).status, 404);
    assert.equal((await call('/v2/nothing')).status, 404);
    assert.equal((await call('/v2/models/plain/infer')).status, 405);
    assert.equal((await call('/v2/models/%E0%A4%A/ready')).status, 400);
    assert.equal((await infer({ inputs: good().with(0, tensor('a', 'FP16', [1, 2])) })).status, 501);
    const tooLarge = await call('/v2/models/plain/infer', { method: 'POST', body: new Uint8Array(65 * 1024 * 1024) });
    assert.equal(tooLarge.status, 413);
    for (const answer of [await call('/v2/nothing'), tooLarge]) assert.equal(typeof answer.json.error, 'string');
  });

  it('answers a named version past any split', async () => {
    const { status, json } = await infer({ inputs: good() }, {}, '/v2/models/plain/versions/1/infer');
    assert.equal(status, 200);
    assert.equal(json['model_version'], '1');
  });

  it('gives up after the time that a request allows', async () => {
    const slow = await infer({ inputs: good(), parameters: { timeout: 0.001 } });
    assert.ok(slow.status === 504 || slow.status === 429, `${slow.status}`);
    assert.equal((await infer({ inputs: good() }, { 'x-request-timeout-ms': 'soon' })).status, 400);
  });

  it('reads compressed bodies, and no bombs', async () => {
    const body = Buffer.from(JSON.stringify({ inputs: good() }));
    const post = (coding: string, bytes: Buffer) =>
      call('/v2/models/plain/infer', {
        method: 'POST',
        headers: { 'content-encoding': coding },
        body: new Uint8Array(bytes),
      });
    assert.equal((await post('gzip', gzipSync(body))).status, 200);
    assert.equal((await post('deflate', deflateSync(body))).status, 200);
    assert.equal((await post('gzip', body)).status, 400);
    assert.equal((await post('br', body)).status, 400);
    assert.equal((await post('gzip', gzipSync(Buffer.alloc(70 * 1024 * 1024)))).status, 413);
  });

  describe('with binary tensors', () => {
    const texts = (...values: string[]): Buffer =>
      Buffer.concat(
        values.flatMap((value) => {
          const length = Buffer.alloc(4);
          length.writeUInt32LE(Buffer.byteLength(value));
          return [length, Buffer.from(value)];
        }),
      );
    const raw: Record<string, Buffer> = {
      a: Buffer.from(Float32Array.of(1, 2).buffer),
      b: Buffer.from(Float64Array.of(0.5, -1).buffer),
      who: texts('ann', 'Zoë'),
      count: Buffer.from(Int32Array.of(3, 4).buffer),
      key: Buffer.from(BigInt64Array.of(1n, 2n ** 60n).buffer),
      flag: Buffer.from([1, 0]),
    };
    function binaryBody(names: readonly string[], more: object = {}, spoil: Record<string, Buffer> = {}) {
      const bytes = { ...raw, ...spoil };
      const header = Buffer.from(
        JSON.stringify({
          inputs: good().map((input) => {
            if (!names.includes(input.name)) return input;
            const { data: _, ...rest } = input;
            return { ...rest, parameters: { binary_data_size: bytes[input.name]!.length } };
          }),
          ...more,
        }),
      );
      const parts = inputs.filter(({ name }) => names.includes(name)).map(({ name }) => bytes[name]!);
      return { length: header.length, body: Buffer.concat([header, ...parts]) };
    }
    const post = ({ length, body }: { length: number; body: Buffer }) =>
      call('/v2/models/plain/infer', {
        method: 'POST',
        headers: { 'inference-header-content-length': String(length) },
        body: new Uint8Array(body),
      });
    const all = inputs.map(({ name }) => name);

    it('answers what came as JSON, as bytes, or mixed, alike', async () => {
      const expected = valuesOf(await infer({ inputs: good() }));
      for (const names of [all, ['who', 'flag'], ['a'], []]) {
        const answer = await post(binaryBody(names));
        assert.equal(answer.status, 200, answer.json.error);
        assert.deepEqual(valuesOf(answer), expected);
      }
    });

    it('answers in bytes where that is asked for, per request or per output', async () => {
      const expected = valuesOf(await infer({ inputs: good() }));
      const output = (binary_data: boolean) => [{ name: 'probability', parameters: { binary_data } }];
      for (const more of [{ parameters: { binary_data_output: true } }, { outputs: output(true) }]) {
        const { headers, bytes } = await post(binaryBody(all, more));
        const length = Number(headers.get('inference-header-content-length'));
        const header = JSON.parse(bytes.toString('utf8', 0, length)) as { outputs: { parameters: object }[] };
        assert.deepEqual(header.outputs[0]!.parameters, { binary_data_size: 8 });
        const values = new Float32Array(new Uint8Array(bytes.subarray(length)).buffer);
        assert.deepEqual([...values], expected);
      }
      const json = await post(binaryBody(all, { parameters: { binary_data_output: true }, outputs: output(false) }));
      assert.deepEqual(valuesOf(json), expected);
    });

    it('refuses sizes that do not fit, and says where', async () => {
      const short = binaryBody(all, {}, { a: Buffer.alloc(4) });
      assert.match((await post(short)).json.error ?? '', /inputs\[0\]: 4 bytes are not 2 elements of FP32/);
      const cut = binaryBody(all, {}, { who: texts('ann') });
      assert.match((await post(cut)).json.error ?? '', /inputs\[2\]: 1 elements of BYTES/);
      const { length, body } = binaryBody(all);
      assert.match(
        (await post({ length, body: Buffer.concat([body, Buffer.from('x')]) })).json.error ?? '',
        /1 bytes follow/,
      );
      assert.match((await post({ length, body: body.subarray(0, -1) })).json.error ?? '', /does not fit/);
      assert.equal((await post({ length: body.length + 1, body })).status, 400);
      const wrong = await call('/v2/models/plain/infer', {
        method: 'POST',
        headers: { 'inference-header-content-length': 'many' },
        body: new Uint8Array(body),
      });
      assert.equal(wrong.status, 400);
    });

    it('knows all datatypes of the protocol but the half-precision ones', () => {
      const known: Datatype[] = ['BOOL', 'BYTES', 'FP32', 'FP64', 'INT16', 'INT32', 'INT64', 'INT8'];
      assert.deepEqual(datatypes.toSorted(), [...known, 'UINT16', 'UINT32', 'UINT64', 'UINT8']);
    });
  });

  it('counts what it did', async () => {
    const { json } = await call('/v2/models/plain/stats');
    const [stats] = json['model_stats'] as { version: string; inference_count: number; execution_count: number }[];
    assert.equal(stats!.version, '1');
    assert.ok(stats!.inference_count > 2 && stats!.execution_count > 0);
    assert.equal((await call('/v2/models/stats')).status, 200);
  });

  it('refuses foreign hosts and foreign pages', async () => {
    const post = { method: 'POST', body: JSON.stringify({ inputs: good() }) };
    const origin = await call('/v2/models/plain/infer', { ...post, headers: { origin: 'https://evil.example' } });
    assert.equal(origin.status, 403);
  });
});
