// Predictions per second and latency through the gateway, against a bare node:http with the same model in a child
// process: the same requests, the same load, rounds interleaved, medians. Writes bench/results/infer.json.
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EndpointDefinition } from '@flyball/api';
import { createRandom } from '@flyball/stats';
import { encodeOnnx, trainBoosting } from '@flyball/stats/learn';
import { systemActor } from '../server/src/platform/access/actor.ts';
import { createTestDatabase } from '../server/src/testing/test-database.ts';
import { addVersion, startServingProgram } from './infer/serving-program.ts';
import { median, writeReport } from './report/write-report.ts';

const here = import.meta.dirname;
const features = ['hour', 'weekday', 'distance'];
const airports = ['ATL', 'DFW', 'LAX', 'ORD', 'PHX', 'SFO', 'SEA', 'MSP'];
const rounds = Number(process.env['ROUNDS'] ?? 5);
const seconds = Number(process.env['SECONDS'] ?? 3);
/** Until both sides run compiled code. */
const WARM_UP_SECONDS = 4;
const random = createRandom(1);
const pick = (limit: number): number => Math.floor(random.uniform() * limit);

interface Measured {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** Eighty trees of depth six on what a timetable knows. */
function makeModel(): Uint8Array {
  const rows = 40_000;
  const columns = features.map(() => new Float32Array(rows));
  const labels = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const [hour, weekday, distance] = [pick(24), 1 + pick(7), 100 + pick(2500)];
    for (const [f, value] of [hour, weekday, distance].entries()) columns[f]![row] = value;
    const score = Math.sin(hour / 4) + 0.3 * weekday * Math.cos(distance / 300) - 1.5;
    labels[row] = random.uniform() < 1 / (1 + Math.exp(-score)) ? 1 : 0;
  }
  const options = { objective: 'binary', trees: 80, maxDepth: 6, learningRate: 0.1, seed: 1 } as const;
  return encodeOnnx(trainBoosting({ features, columns, labels }, options).model);
}

function makeBody(rows: number): string {
  const list = <T>(value: () => T): T[] => Array.from({ length: rows }, value);
  const tensor = (name: string, datatype: string, data: unknown[]) => ({ name, shape: [rows], datatype, data });
  return JSON.stringify({
    inputs: [
      tensor(
        'origin',
        'BYTES',
        list(() => airports[pick(airports.length)]),
      ),
      tensor(
        'destination',
        'BYTES',
        list(() => airports[pick(airports.length)]),
      ),
      tensor(
        'distance',
        'FP32',
        list(() => 100 + pick(2500)),
      ),
      tensor(
        'hour',
        'FP32',
        list(() => pick(24)),
      ),
      tensor(
        'weekday',
        'FP32',
        list(() => 1 + pick(7)),
      ),
    ],
  });
}

const endpoint = EndpointDefinition.parse({
  name: 'flight-delay',
  model: 'flight-delay',
  inputs: [
    { name: 'origin', datatype: 'BYTES' },
    { name: 'destination', datatype: 'BYTES' },
    { name: 'distance', datatype: 'FP32' },
    { name: 'hour', datatype: 'FP32' },
    { name: 'weekday', datatype: 'FP32' },
  ],
  target: { kind: 'binary', positiveAbove: 15 },
});

async function startChild(script: string, args: string[]): Promise<{ url: string; child: ChildProcess }> {
  const child = fork(script, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { url, child };
}

async function load(url: string, path: string, bodies: string, connections: number, time: number): Promise<Measured> {
  const args = [join(here, 'infer/load.ts'), url, path, bodies, String(connections), String(time)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Measured;
}

const summary = (all: readonly Measured[]) => ({
  requestsPerSecond: Math.round(median(all.map((one) => one.requestsPerSecond))),
  p50Ms: median(all.map((one) => one.p50Ms)),
  p99Ms: median(all.map((one) => one.p99Ms)),
  errors: all.reduce((sum, one) => sum + one.errors, 0),
});

async function measure(ours: string, bare: string, folder: string) {
  const results = [];
  const path = '/v2/models/flight-delay/infer';
  for (const rows of [12, 1]) {
    const bodies = join(folder, `bodies-${rows}.json`);
    writeFileSync(bodies, JSON.stringify(Array.from({ length: 512 }, () => makeBody(rows))));
    for (const connections of [1, 8, 64]) {
      const all: { ours: Measured[]; bare: Measured[] } = { ours: [], bare: [] };
      for (const url of [ours, bare]) await load(url, path, bodies, connections, WARM_UP_SECONDS);
      for (let round = 0; round < rounds; round++) {
        all.ours.push(await load(ours, path, bodies, connections, seconds));
        all.bare.push(await load(bare, path, bodies, connections, seconds));
      }
      const [a, b] = [summary(all.ours), summary(all.bare)];
      const ratio = a.requestsPerSecond / b.requestsPerSecond;
      results.push({ rows, connections, ours: a, bare: b, ratio: Math.round(ratio * 100) / 100 });
      console.log(
        `${rows} rows, ${connections} connections: ours ${a.requestsPerSecond}/s p99 ${a.p99Ms.toFixed(2)} ms, ` +
          `bare ${b.requestsPerSecond}/s p99 ${b.p99Ms.toFixed(2)} ms, ratio ${ratio.toFixed(2)}`,
      );
    }
  }
  return results;
}

const folder = mkdtempSync(join(tmpdir(), 'flyball-infer-'));
const database = await createTestDatabase();
const children: ChildProcess[] = [];
try {
  const model = makeModel();
  const modelPath = join(folder, 'model.onnx');
  writeFileSync(modelPath, model);
  const options = { databaseUrl: database.url, dataDir: join(folder, 'data') };
  const setup = await startServingProgram({ ...options, roles: [] });
  const version = await addVersion(setup, endpoint.model, model);
  const { handlers } = setup.serving;
  const { name, ...body } = endpoint;
  const call = { actor: systemActor, project: 'default', params: { project: 'default', endpoint: name }, body };
  await handlers.putEndpoint(call as never);
  await setup.serving.startRollout(systemActor, 'default', name, version);
  await setup.close();
  const gateway = join(here, 'infer/serving-program.ts');
  const ours = await startChild(gateway, [JSON.stringify({ ...options, roles: ['gateway'] })]);
  const bare = await startChild(join(here, 'infer/bare-server.ts'), [modelPath, features.join(',')]);
  children.push(ours.child, bare.child);
  while ((await fetch(`${ours.url}/v2/models/${name}/ready`)).status !== 200)
    await new Promise((r) => setTimeout(r, 50));
  const results = await measure(ours.url, bare.url, folder);
  const slowestRatio = Math.min(...results.map(({ ratio }) => ratio));
  writeReport('infer', {
    versions: {},
    model: { trees: 80, maxDepth: 6, features },
    rounds,
    secondsPerRound: seconds,
    results,
    slowestRatio,
  });
  console.log(`slowest ratio ours / bare: ${slowestRatio}`);
} finally {
  for (const child of children) child.disconnect();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
