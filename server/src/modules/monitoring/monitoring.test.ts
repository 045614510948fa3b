import { deepEqual, equal } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { linearModel, serveModel } from '#testing/served-model';
import { createTestServer, type TestServer } from '#testing/test-server';

const endpoint = 'watched';
const start = Date.parse('2026-01-05T00:00:00Z');
const hour = 3_600_000;

describe('a monitor', () => {
  let server: TestServer;
  before(async () => {
    server = await createTestServer({}, ['api', 'worker', 'gateway']);
    const inputs = [{ name: 'x', datatype: 'FP32' as const }];
    await serveModel(server, endpoint, { model: endpoint, inputs, target: { kind: 'binary' } }, linearModel({ x: 1 }));
    for (let i = 0; i < 8; i++) {
      const body = {
        parameters: { event_time: start + i * hour * 0.5 },
        inputs: [{ name: 'x', shape: [2], datatype: 'FP32', data: [i, -i] }],
      };
      const init = { method: 'POST', body: JSON.stringify(body) };
      equal((await fetch(`${server.gatewayUrl}/v2/models/${endpoint}/infer`, init)).status, 200);
    }
  });
  after(async () => await server.close());

  const advance = async (hours: number) =>
    await server.client().advanceWatermark({
      params: { endpoint },
      body: { at: new Date(start + hours * hour).toISOString(), waitSeconds: 30 },
    });

  async function volumes(monitor: string): Promise<(number | null)[]> {
    const { values } = await server.client().readSignals({ params: { monitor }, query: { signal: 'volume' } });
    return values.toSorted((a, b) => a.at.localeCompare(b.at)).map(({ value }) => value);
  }

  async function define(monitor: string, windowSeconds: number): Promise<void> {
    const signals = [{ id: 'volume', kind: 'volume' as const, windowSeconds, minCount: 0 }];
    await server.client().putMonitor({ params: { monitor }, body: { endpoint, everySeconds: 3600, signals } });
  }

  it('that is new looks at what is in the log already, before the watermark counts as settled', async () => {
    equal((await advance(3)).settled, true);
    await define('late', 3600);
    equal((await advance(3)).settled, true);
    deepEqual(await volumes('late'), [4, 4, 4]);
  });

  it('goes on with the periods that end later', async () => {
    equal((await advance(5)).settled, true);
    deepEqual(await volumes('late'), [4, 4, 4, 4, 0]);
  });
});
