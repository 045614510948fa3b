import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { quoteLiteral } from '#platform/analytics/analytics';
import { killProcess, startGatewayProcess } from '#testing/gateway-process';
import { linearModel, serveModel, waitUntilReady } from '#testing/served-model';
import { createTestServer, type TestServer } from '#testing/test-server';
import { waitFor } from '#testing/wait-for';

const ROWS = 3;
const CLIENTS = 16;

interface Acknowledged {
  readonly predictions: Set<string>;
  readonly labels: Map<string, number>;
}

/** Sends until the answer is one; a dead gateway is somebody to come back to. */
async function insist(url: string, body: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    try {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      const answer = (await response.json()) as Record<string, unknown>;
      if (response.status === 200) return answer;
      assert.ok(response.status >= 500, JSON.stringify(answer));
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error));
    }
    await pause(20);
  }
}

describe('a gateway that is killed', () => {
  let server: TestServer;
  let gateway: ChildProcess;
  before(async () => {
    server = await createTestServer();
    gateway = await startGatewayProcess(server.platform.config);
    const inputs = [{ name: 'x', datatype: 'FP32' as const }];
    await serveModel(server, 'crash', { model: 'crash', inputs, target: { kind: 'binary' } }, linearModel({ x: 1 }));
  });
  after(async () => {
    await killProcess(gateway);
    await server.close();
  });

  async function client(number: number, isOver: () => boolean, known: Acknowledged): Promise<void> {
    for (let k = 0; !isOver(); k++) {
      const id = `c${number}-${k}`;
      const data = Array.from({ length: ROWS }, (_, row) => number + row);
      const answer = await insist(`${server.gatewayUrl}/v2/models/crash/infer`, {
        id,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [ROWS], data }],
      });
      // A repeated question keeps its id: had it become another prediction, it would have got another one.
      assert.equal(answer['parameters'], undefined);
      for (let row = 0; row < ROWS; row++) known.predictions.add(`${id}.${row}`);
      const labels = data.map((value, row) => ({ id: `${id}.${row}`, value: value % 2, at: Date.now() }));
      const receipt = await insist(`${server.gatewayUrl}/api/v1/projects/default/endpoints/crash/labels`, { labels });
      assert.deepEqual(receipt, { accepted: ROWS, unknown: 0, unknownIds: [] });
      for (const label of labels) known.labels.set(label.id, label.value);
    }
  }

  async function logged(kind: 'predictions' | 'labels', value: string) {
    const { serving } = server.modules;
    const files = await serving.logFiles(kind, 'default', 'crash', 0, 8.64e15);
    return await server.platform.analytics.run({ name: 'test' }, async (session) => {
      const paths: string[] = [];
      for (const [i, file] of files.entries())
        paths.push(quoteLiteral(await session.attach(`${i}.parquet`, file.path)));
      const rows = await session.rows(`select id, ${value} as value from read_parquet([${paths.join(', ')}])`);
      return rows.map((row) => [String(row['id']), Number(row['value'])] as const);
    });
  }

  it('loses no prediction and no label that it acknowledged, and doubles none', async () => {
    const known: Acknowledged = { predictions: new Set(), labels: new Map() };
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, (_, i) => client(i, () => isOver, known));
    const more = async (count: number): Promise<void> => {
      const enough = known.predictions.size + count;
      await waitFor(() => known.predictions.size >= enough);
    };
    for (const count of [30, 150, 100, 200]) {
      await more(count);
      await killProcess(gateway);
      gateway = await startGatewayProcess(server.platform.config);
    }
    await more(50);
    isOver = true;
    await Promise.all(clients);
    await waitFor(async () => {
      const { predictions, labels } = await server.client().getEndpoint({ params: { endpoint: 'crash' } });
      return predictions >= known.predictions.size && labels >= known.labels.size;
    });
    const predictions = await logged('predictions', 'prediction');
    const ids = new Set(predictions.map(([id]) => id));
    assert.equal(ids.size, predictions.length, 'each prediction once');
    assert.deepEqual(
      [...known.predictions].filter((id) => !ids.has(id)),
      [],
    );
    const labels = await logged('labels', 'value');
    const truths = new Map(labels);
    assert.equal(truths.size, labels.length, 'each label once');
    for (const [id, value] of known.labels) assert.equal(truths.get(id), value, id);
  });

  it('knows the labels that it took before, and reports those of predictions that never were', async () => {
    await waitUntilReady(server.gatewayUrl, 'crash');
    const at = Date.now();
    const receipt = await insist(`${server.gatewayUrl}/api/v1/projects/default/endpoints/crash/labels`, {
      labels: [
        { id: 'c0-0.0', value: 5, at },
        { id: 'nobody.0', value: 1, at },
        { id: 'c0-0.99', value: 1, at },
      ],
    });
    assert.deepEqual(receipt, { accepted: 1, unknown: 2, unknownIds: ['nobody.0', 'c0-0.99'] });
    await waitFor(async () => {
      const { unknownLabels } = await server.client().getEndpoint({ params: { endpoint: 'crash' } });
      return unknownLabels === 2;
    });
  });

  it('answers or says why not when a replica is killed, and starts another one', async () => {
    const statuses: number[] = [];
    let isOver = false;
    const ask = async (): Promise<void> => {
      while (!isOver) {
        const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
        const response = await fetch(`${server.gatewayUrl}/v2/models/crash/infer`, { method: 'POST', body });
        const answer = (await response.json()) as { error?: string };
        statuses.push(response.status);
        if (response.status !== 200) assert.match(answer.error ?? '', /\w/);
      }
    };
    const replicas = async () => {
      const { deployments } = await server.client().getEndpoint({ params: { endpoint: 'crash' } });
      return deployments[0]?.replicas ?? [];
    };
    await waitFor(async () => (await replicas())[0]?.state === 'ready');
    const pid = (await replicas())[0]?.pid ?? 0;
    assert.ok(pid > 1);
    const asking = Array.from({ length: 8 }, ask);
    await waitFor(() => statuses.length > 40);
    process.kill(pid, 'SIGKILL');
    await waitFor(async () => {
      const [replica] = await replicas();
      return replica?.state === 'ready' && replica.pid !== pid;
    });
    const before = statuses.length;
    await waitFor(() => statuses.length > before + 40);
    isOver = true;
    await Promise.all(asking);
    assert.deepEqual([...new Set(statuses)], [200]);
  });
});
