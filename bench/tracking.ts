// Metrics ingested by our server and by the newest `mlflow server`, on SQLite, its default, and on the PostgreSQL that
// is ours, over the same protocol from the same clients: one at a time and in batches of 1,000, with 1 and 32 clients.
// Slices alternate; medians are compared.
// What PostgreSQL itself can do is measured in the same run. Writes bench/results/tracking.json.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../server/src/platform/database/embedded-postgres.ts';
import { median, round, writeReport } from './report/write-report.ts';
import { databaseLimits } from './tracking/database-limits.ts';
import { type Call, load, type Slice } from './tracking/load.ts';
import { peerDatabase, type RunningServer, startFlyball, startMlflow } from './tracking/servers.ts';

const ROUNDS = 3;
const SLICE_MS = 2_000;
const BATCH = 1_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function post<T>(server: RunningServer, path: string, body: object): Promise<T> {
  const answer = await fetch(`${server.url}/api/2.0/mlflow${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${server.name} ${path}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

interface Stage {
  readonly server: RunningServer;
  readonly experiment: string;
  readonly runs: readonly string[];
  step: number;
}

async function prepare(server: RunningServer): Promise<Stage> {
  const { experiment_id: experiment } = await post<{ experiment_id: string }>(server, '/experiments/create', {
    name: 'bench',
  });
  const runs: string[] = [];
  for (let i = 0; i < 32; i++) {
    const made = await post<{ run: { info: { run_id: string } } }>(server, '/runs/create', {
      experiment_id: experiment,
    });
    runs.push(made.run.info.run_id);
  }
  return { server, experiment, runs, step: 0 };
}

/** What one call of an operation sends, and how many metrics it carries. */
const operations = {
  logMetric: {
    metrics: 1,
    call: (stage: Stage, client: number): Call => {
      const step = stage.step++;
      const body = {
        run_id: stage.runs[client],
        key: 'loss',
        value: 1 / (step + 1),
        timestamp: 1_700_000_000_000 + step,
        step,
      };
      return { path: '/api/2.0/mlflow/runs/log-metric', body: JSON.stringify(body) };
    },
  },
  logBatch: {
    metrics: BATCH,
    call: (stage: Stage, client: number): Call => {
      const metrics = Array.from({ length: BATCH }, (_, i) => {
        const step = stage.step++;
        return { key: `m${i % 10}`, value: 1 / (step + 1), timestamp: 1_700_000_000_000 + step, step };
      });
      return { path: '/api/2.0/mlflow/runs/log-batch', body: JSON.stringify({ run_id: stage.runs[client], metrics }) };
    },
  },
  createRun: {
    metrics: 0,
    call: ({ experiment }: Stage): Call => {
      const tags = [{ key: 'mlflow.user', value: 'bench' }];
      const body = { experiment_id: experiment, start_time: Date.now(), run_name: 'bench', tags };
      return { path: '/api/2.0/mlflow/runs/create', body: JSON.stringify(body) };
    },
  },
} as const;

type Operation = keyof typeof operations;

function summary(slices: readonly Slice[], metricsPerCall: number) {
  const calls = median(slices.map((slice) => slice.calls / slice.seconds));
  const quantile = (share: number) =>
    median(slices.map(({ latencies }) => latencies[Math.floor(share * (latencies.length - 1))] ?? 0));
  return {
    callsPerSecond: round(calls),
    ...(metricsPerCall > 0 ? { metricsPerSecond: round(calls * metricsPerCall) } : {}),
    p50Ms: round(quantile(0.5)),
    p99Ms: round(quantile(0.99)),
    failures: slices.reduce((sum, { failures }) => sum + failures, 0),
  };
}

/** Slices of both servers in turn, so that what else the machine does meets both. */
async function compare(stages: readonly Stage[], operation: Operation, clients: number) {
  const { call, metrics } = operations[operation];
  const slices = stages.map((): Slice[] => []);
  for (let i = 0; i < ROUNDS; i++) {
    for (const [k, stage] of stages.entries()) {
      slices[k]!.push(await load(stage.server.url, clients, SLICE_MS, (client) => call(stage, client)));
    }
  }
  const [ours, ...theirs] = slices.map((own) => summary(own, metrics));
  const peers = theirs.map((peer, k) => {
    const { name } = stages[k + 1]!.server;
    return { name, ...peer, ratio: round(ours!.callsPerSecond / peer.callsPerSecond) };
  });
  const told = peers.map(({ name, callsPerSecond, ratio }) => `${ratio} times ${name} (${callsPerSecond}/s)`);
  process.stdout.write(`${operation} ×${clients}: ${ours!.callsPerSecond}/s, ${told.join(', ')}\n`);
  return { operation, clients, flyball: ours!, peers };
}

const folder = mkdtempSync(join(tmpdir(), 'flyball-bench-tracking-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), log: silent });
const servers: RunningServer[] = [];
try {
  servers.push(await startFlyball(join(folder, 'flyball'), postgres.url, postgres.ownerUrl));
  servers.push(await startMlflow(join(folder, 'mlflow-sqlite')));
  const peer = await peerDatabase(postgres.adminUrl, postgres.ownerUrl);
  servers.push(await startMlflow(join(folder, 'mlflow-postgres'), peer));
  const stages: Stage[] = [];
  for (const server of servers) stages.push(await prepare(server));
  const before = await databaseLimits(postgres.ownerUrl, SLICE_MS);
  const results = [];
  for (const operation of Object.keys(operations) as Operation[]) {
    for (const clients of [1, 32]) results.push(await compare(stages, operation, clients));
  }
  const after = await databaseLimits(postgres.ownerUrl, SLICE_MS);
  const limits = {
    commitsPerSecond: round((before.commitsPerSecond + after.commitsPerSecond) / 2),
    unnestRowsPerSecond: round((before.rowsPerSecond + after.rowsPerSecond) / 2),
  };
  const batches = results.find(({ operation, clients }) => operation === 'logBatch' && clients === 32);
  writeReport('tracking', {
    versions: { mlflow: servers[1]?.version },
    what: 'Calls per second over the MLflow protocol, medians of alternating slices',
    settings: {
      rounds: ROUNDS,
      sliceMs: SLICE_MS,
      metricsPerBatch: BATCH,
      mlflowWorkers: 'default',
    },
    database: {
      ...limits,
      shareOfUnnestLimit: round((batches?.flyball.metricsPerSecond ?? 0) / limits.unnestRowsPerSecond),
    },
    results,
  });
  process.stdout.write(`PostgreSQL: ${limits.commitsPerSecond} commits/s, ${limits.unnestRowsPerSecond} rows/s\n`);
} finally {
  for (const server of servers) await server.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
