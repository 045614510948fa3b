// A run of 6,000,000 metric points is deleted for good while other clients log metrics: how long that takes, what the
// others notice, and the memory of the server. Writes bench/results/purge.json.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { allRoutes, type Client, createClient } from '@flyball/api';
import pg from 'pg';
import { startEmbeddedPostgres } from '../server/src/platform/database/embedded-postgres.ts';
import { watchMemory } from './report/memory-watch.ts';
import { median, round, writeReport } from './report/write-report.ts';
import { type Call, load, type Slice } from './tracking/load.ts';
import { type RunningFlyball, startFlyball } from './tracking/servers.ts';

const POINTS = Number(process.argv[2] ?? 6_000_000);
const KEYS = 10;
const CLIENTS = 8;
const SLICE_MS = 2_000;
const SLICES_BEFORE = 10;
const PATIENCE_MS = 600_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const say = (line: string): void => void process.stdout.write(`${line}\n`);

type Flyball = Client<typeof allRoutes>;

/** A long run, its points put where the server would have put them: sending them is another bench. */
async function fill(flyball: Flyball, database: pg.Client, experimentId: string): Promise<string> {
  const { runId } = await flyball.startRun({ body: { experimentId } });
  await database.query(
    `insert into tracking.metric (run, key, timestamp_ms, step, value, is_nan)
     select r.id, 'metric ' || k, 1700000000000 + s, s, 1.0 / (s + 1), false
     from tracking.run r, generate_series(0, ${KEYS - 1}) k, generate_series(0, ${POINTS / KEYS - 1}) s
     where r.run_id = $1`,
    [runId],
  );
  await flyball.changeRuns({ body: { runIds: [runId], stage: 'deleted' } });
  return runId;
}

const summary = (slices: readonly Slice[]) => {
  const at = (share: number) =>
    median(slices.map(({ latencies }) => latencies[Math.floor(share * (latencies.length - 1))] ?? 0));
  return {
    seconds: round(slices.reduce((sum, { seconds }) => sum + seconds, 0)),
    callsPerSecond: round(median(slices.map(({ calls, seconds }) => calls / seconds))),
    p50Ms: round(at(0.5)),
    p99Ms: round(at(0.99)),
    slowestMs: round(Math.max(...slices.map(({ latencies }) => latencies.at(-1) ?? 0))),
    failures: slices.reduce((sum, { failures }) => sum + failures, 0),
  };
};

function logger(runs: readonly string[]): (client: number) => Call {
  let step = 0;
  return (client) => {
    const body = { run_id: runs[client], key: 'loss', value: 1 / ++step, timestamp: 1_700_000_000_000 + step, step };
    return { path: '/api/2.0/mlflow/runs/log-metric', body: JSON.stringify(body) };
  };
}

async function purgeOf(flyball: Flyball, subject: string) {
  const { items } = await flyball.listPurges({ query: { limit: 10 } });
  return items.find((purge) => purge.subject === subject);
}

async function measure(server: RunningFlyball, database: pg.Client) {
  const flyball = createClient(allRoutes, { url: server.url });
  const { experimentId } = await flyball.createExperiment({ body: { name: 'bench' } });
  const runs: string[] = [];
  for (let i = 0; i < CLIENTS; i++) runs.push((await flyball.startRun({ body: { experimentId } })).runId);
  const long = await fill(flyball, database, experimentId);
  say(`${POINTS} points are there`);
  const slice = async () => await load(server.url, CLIENTS, SLICE_MS, logger(runs));
  await slice();
  const before: Slice[] = [];
  for (let i = 0; i < SLICES_BEFORE; i++) before.push(await slice());
  const memory = watchMemory(server.pid, 500);
  const asked = performance.now();
  await flyball.purgeRuns({ body: { runIds: [long] } });
  const askedMs = round(performance.now() - asked);
  const during: Slice[] = [];
  let purge = await purgeOf(flyball, long);
  while (purge?.finishedAt === null && performance.now() - asked < PATIENCE_MS) {
    during.push(await slice());
    purge = await purgeOf(flyball, long);
  }
  memory.stop();
  if (purge?.points !== POINTS) throw new Error(`${purge?.points} points were deleted`);
  await sleep(1000);
  const after: Slice[] = [];
  for (let i = 0; i < SLICES_BEFORE; i++) after.push(await slice());
  const seconds = round((Date.parse(purge.finishedAt!) - Date.parse(purge.askedAt)) / 1000);
  return { askedMs, seconds, before: summary(before), during: summary(during), after: summary(after), memory };
}

const folder = mkdtempSync(join(tmpdir(), 'flyball-bench-purge-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), log: silent });
const database = new pg.Client(postgres.ownerUrl);
let server: RunningFlyball | undefined;
try {
  server = await startFlyball(join(folder, 'flyball'), postgres.url, postgres.ownerUrl);
  await database.connect();
  const { memory, ...figures } = await measure(server, database);
  const { before, during } = figures;
  const peak = (role: 'api' | 'worker') => Math.max(...memory.samples.map((sample) => sample[role]));
  const report = {
    what: `A run of ${POINTS} points is purged while ${CLIENTS} clients log metrics one at a time to other runs`,
    ...figures,
    pointsPerSecond: round(POINTS / figures.seconds),
    ratios: {
      p50: round(during.p50Ms / before.p50Ms),
      p99: round(during.p99Ms / before.p99Ms),
      calls: round(during.callsPerSecond / before.callsPerSecond),
    },
    memoryMb: {
      first: memory.samples[0],
      last: memory.samples.at(-1),
      peakApi: peak('api'),
      peakWorker: peak('worker'),
    },
  };
  writeReport('purge', { versions: {}, ...report });
  say(JSON.stringify(report, null, 2));
} finally {
  await database.end();
  await server?.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
