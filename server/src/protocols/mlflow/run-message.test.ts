import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type Body, mlflowCaller } from '#testing/mlflow-caller';
import { createTestServer, type TestServer } from '#testing/test-server';

// NUL and lone surrogates are refused at the door; the rest is anybody's.
const value = fc
  .string({ unit: 'binary', maxLength: 60 })
  .filter((text) => !text.includes('\0') && text.isWellFormed());
const key = fc.stringMatching(/^[A-Za-z][\w .:/-]{0,18}[a-z]$/).filter((text) => !/\/[/.]|\.\./.test(text));
const number = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 1, 1e15, 1e16, 1e20, 1e21, 1e-7, 5e-324, 0.1, Number.NaN, Number.POSITIVE_INFINITY),
);
const wire = (given: number): number | string => {
  if (Number.isNaN(given)) return 'NaN';
  return Number.isFinite(given) ? given : given > 0 ? 'Infinity' : '-Infinity';
};

describe('a run of a search', () => {
  let server: TestServer;
  const { send } = mlflowCaller(() => server.url);

  before(async () => {
    server = await createTestServer();
  });
  after(() => server.close());

  async function created(): Promise<string> {
    const { body } = await send('POST', '/runs/create', { experiment_id: '0', run_name: '"ünï"\n' }, 2);
    return (body['run'] as { info: { run_id: string } }).info.run_id;
  }

  async function bothWays(run: string): Promise<[unknown, unknown]> {
    const got = await send('GET', `/runs/get?run_id=${run}`, undefined, 2);
    const filter = `attributes.run_id = '${run}'`;
    const found = await send('POST', '/runs/search', { experiment_ids: ['0'], filter }, 2);
    return [got.body['run'], (found.body['runs'] as Body[])[0]];
  }

  it('is what the run is when one asks for it, whatever was logged', async () => {
    const pairs = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });
    const metrics = fc.dictionary(key, number, { maxKeys: 4, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(pairs, pairs, metrics, async (params, tags, logged) => {
        const run = await created();
        const list = (given: Readonly<Record<string, string>>) =>
          Object.entries(given).map(([name, text]) => ({ key: name, value: text }));
        const points = Object.entries(logged).map(([name, at]) => ({
          key: name,
          value: wire(at),
          timestamp: 7,
          step: -3,
        }));
        const body = { run_id: run, params: list(params), tags: list(tags), metrics: points };
        const { status, body: answer } = await send('POST', '/runs/log-batch', body, 2);
        assert.equal(status, 200, JSON.stringify(answer));
        const [one, other] = await bothWays(run);
        assert.deepEqual(other, one);
      }),
      { numRuns: 60 },
    );
  });

  it('has no lists when nothing was logged', async () => {
    const [one, other] = await bothWays(await created());
    assert.deepEqual(other, one);
    assert.deepEqual(Object.keys((other as { data: object }).data), ['tags']);
  });
});
