// Searches among many runs, over MLflow's protocol, by our server and by the newest `mlflow server` on SQLite, its
// default, and on our PostgreSQL; how the cost grows with the runs; and a metric of a million points: its curve for a
// chart, its whole history, and the memory that the server takes for it. Writes bench/results/search.json.
// A million runs take 10 GB of disk for the time; FLYBALL_BENCH_MILLION=0 leaves them out.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../server/src/platform/database/embedded-postgres.ts';
import { median, round, writeReport } from './report/write-report.ts';
import { fillFlyball, fillMlflow, fillMlflowCurve, fillMlflowPostgres, KEYS } from './search/fill.ts';
import { load } from './tracking/load.ts';
import {
  peerDatabase,
  type RunningFlyball,
  type RunningServer,
  startFlyball,
  startMlflow,
} from './tracking/servers.ts';

const SIZES = [10_000, 100_000, ...(process.env['FLYBALL_BENCH_MILLION'] === '0' ? [] : [1_000_000])];
const PEER_SIZE = 100_000;
const PAGE = 100;
const REPEATS = 20;
const GROUP_REPEATS = 5;
const PEER_REPEATS = 3;
const POINTS = 1_000_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const searches: Readonly<Record<string, { readonly filter?: string; readonly order_by?: string[] }>> = {
  newest: {},
  byMetric: { order_by: ['metrics.metric_5 DESC'] },
  byMetricAscending: { order_by: ['metrics.metric_5 ASC'] },
  byParam: { order_by: ['params.param_0 ASC'] },
  byTag: { order_by: ['tags.team DESC'] },
  halfByMetric: { filter: 'metrics.metric_3 > 0.5', order_by: ['metrics.metric_5 DESC'] },
  percentByMetric: { filter: 'metrics.metric_3 > 0.99', order_by: ['metrics.metric_5 DESC'] },
  sameMetric: { filter: 'metrics.metric_3 < 0.4', order_by: ['metrics.metric_3 DESC'] },
  groupByMetric: { filter: "params.param_0 = 'group1'", order_by: ['metrics.metric_5 DESC'] },
  rareByMetric: { filter: "params.param_1 = 'rare7'", order_by: ['metrics.metric_5 DESC'] },
  notTeamByParam: { filter: "tags.team != 'team3'", order_by: ['params.param_4 DESC'] },
  threeByMetric: {
    filter: "params.param_0 = 'group1' AND metrics.metric_3 > 0.7 AND tags.team = 'team1'",
    order_by: ['metrics.metric_5 DESC'],
  },
  nothing: { filter: "metrics.metric_3 > 0.5 AND params.param_9 = 'nothing'" },
};

async function call<T>(url: string, body?: object): Promise<T> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  // A server may close a connection that was idle just when it is used again.
  const send = async () => await fetch(url, body === undefined ? {} : request);
  const answer = await send().catch(send);
  if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

const mlflowUrl = (server: RunningServer, path: string): string => `${server.url}/api/2.0/mlflow${path}`;

async function newExperiment(server: RunningServer, name: string): Promise<string> {
  return (await call<{ experiment_id: string }>(mlflowUrl(server, '/experiments/create'), { name })).experiment_id;
}

async function newRun(server: RunningServer, experiment: string): Promise<string> {
  const body = { experiment_id: experiment };
  return (await call<{ run: { info: { run_id: string } } }>(mlflowUrl(server, '/runs/create'), body)).run.info.run_id;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const quantile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.ceil(share * times.length) - 1] ?? 0;

interface Figures {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const summed = (times: readonly number[]): Figures => ({
  p50Ms: round(quantile(times, 0.5)),
  p95Ms: round(quantile(times, 0.95)),
});

/** Every search in turn, again and again, so that what else the machine does meets all of them. */
async function measure(server: RunningServer, experiment: string, repeats: number) {
  const times = Object.fromEntries(Object.keys(searches).map((name) => [name, [] as number[]]));
  for (let i = -1; i < repeats; i++) {
    for (const [name, search] of Object.entries(searches)) {
      const body = { experiment_ids: [experiment], max_results: PAGE, ...search };
      const time = await timed(async () => await call(mlflowUrl(server, '/runs/search'), body));
      if (i >= 0) times[name]!.push(time);
    }
  }
  const each = Object.fromEntries(Object.entries(times).map(([name, own]) => [name, summed(own)]));
  return { all: summed(Object.values(times).flat()), each };
}

/** All runs in five groups, with the mean and deviation of six metrics: what the page of groups asks. */
async function measureGroups(server: RunningServer, experiment: string): Promise<Figures> {
  const metrics = Array.from({ length: 6 }, (_, i) => `metric_${i}`);
  const body = { experimentIds: [experiment], by: ['params.param_0'], metrics };
  const url = `${server.url}/api/v1/projects/default/runs/groups`;
  const times: number[] = [];
  for (let i = -1; i < GROUP_REPEATS; i++) {
    const time = await timed(async () => await call(url, body));
    if (i >= 0) times.push(time);
  }
  return summed(times);
}

/** The process that answers: a child of the one that was started. */
function answeringProcess(parent: number): number {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const [stat, command] = ['stat', 'cmdline'].map((file) => {
      // A process may end while we look.
      return existsSync(`/proc/${name}/${file}`) ? readFileSync(`/proc/${name}/${file}`, 'utf8') : '';
    }) as [string, string];
    const isChild = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(parent);
    if (isChild && command.includes('--role\0api')) return Number(name);
  }
  return parent;
}

const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** The whole history, read and thrown away; how long, how many bytes. */
async function readHistory(server: RunningServer, run: string): Promise<{ seconds: number; bytes: number }> {
  const start = performance.now();
  const answer = await fetch(mlflowUrl(server, `/metrics/get-history?run_id=${run}&metric_key=loss`));
  let bytes = 0;
  for await (const chunk of answer.body ?? []) bytes += chunk.length;
  if (!answer.ok) throw new Error(`${server.name}: get-history answered ${answer.status}`);
  return { seconds: (performance.now() - start) / 1000, bytes };
}

async function measureHistory(server: RunningFlyball, run: string) {
  const pid = answeringProcess(server.pid);
  const before = residentMb(pid);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, residentMb(pid));
  }, 20);
  const reads = [await readHistory(server, run), await readHistory(server, run), await readHistory(server, run)];
  clearInterval(watch);
  return {
    seconds: round(median(reads.map(({ seconds }) => seconds))),
    megabytes: round(reads[0]!.bytes / 1e6),
    serverMemoryMb: { before: round(before), most: round(most) },
  };
}

/** A metric of a million points through the protocol, then what a chart and a client read of it. */
async function measureCurve(server: RunningFlyball, experiment: string) {
  const run = await newRun(server, experiment);
  let step = 0;
  while (step < POINTS) {
    await load(server.url, 1, 1_000, () => {
      const metrics = Array.from({ length: step < POINTS ? 1_000 : 0 }, () => {
        const at = step++;
        return { key: 'loss', value: 1 / (at + 1), timestamp: 1_700_000_000_000 + at, step: at };
      });
      return { path: '/api/2.0/mlflow/runs/log-batch', body: JSON.stringify({ run_id: run, metrics }) };
    });
  }
  const runs = `${server.url}/api/v1/projects/default/runs`;
  const read = async () => await call<{ curves: { points: object[] }[] }>(`${runs}/${run}/metrics?key=loss`);
  const first = await timed(read);
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) times.push(await timed(read));
  const summary: number[] = [];
  const ask = async () => await call(`${runs}/metric-summaries`, { runIds: [run] });
  for (let i = 0; i < REPEATS; i++) summary.push(await timed(ask));
  return {
    points: POINTS,
    drawn: (await read()).curves[0]!.points.length,
    curve: { firstMs: round(first), ...summed(times) },
    summary: summed(summary),
    history: await measureHistory(server, run),
  };
}

/** The peer on its default store. */
async function measureSqlite(server: RunningServer, file: string) {
  const experiment = await newExperiment(server, 'bench search');
  const run = await newRun(server, experiment);
  fillMlflow(file, experiment, PEER_SIZE);
  const found = await measure(server, experiment, PEER_REPEATS);
  fillMlflowCurve(file, run, POINTS);
  const history = await readHistory(server, run).catch(() => null);
  return { runs: PEER_SIZE, ...found, historySeconds: history && round(history.seconds) };
}

async function measurePostgres(server: RunningServer, url: string) {
  const experiment = await newExperiment(server, 'bench search');
  await fillMlflowPostgres(url, experiment, PEER_SIZE);
  return { runs: PEER_SIZE, ...(await measure(server, experiment, PEER_REPEATS)) };
}

/** How many times longer the peer takes for each search. */
function ratiosOf(ours: Readonly<Record<string, Figures>>, theirs: Readonly<Record<string, Figures>>) {
  const names = Object.keys(searches);
  const ratios = Object.fromEntries(names.map((name) => [name, round(theirs[name]!.p50Ms / ours[name]!.p50Ms)]));
  return { ...ratios, median: round(median(Object.values(ratios))) };
}

const folder = mkdtempSync(join(tmpdir(), 'flyball-bench-search-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), log: silent });
const servers: RunningServer[] = [];
const adminUrl = new URL(postgres.adminUrl);
adminUrl.pathname = new URL(postgres.ownerUrl).pathname;
try {
  const flyball = await startFlyball(join(folder, 'flyball'), postgres.url, postgres.ownerUrl);
  servers.push(flyball);
  const sizes = [];
  for (const runs of SIZES) {
    const experiment = await newExperiment(flyball, `search ${runs}`);
    await fillFlyball(adminUrl.href, experiment, runs);
    const found = await measure(flyball, experiment, REPEATS);
    sizes.push({ runs, ...found, groups: await measureGroups(flyball, experiment) });
    process.stdout.write(`${runs} runs: p50 ${found.all.p50Ms} ms, p95 ${found.all.p95Ms} ms\n`);
  }
  const curve = await measureCurve(flyball, await newExperiment(flyball, 'curve'));
  process.stdout.write(`${POINTS} points: ${JSON.stringify(curve)}\n`);
  const sqlite = await startMlflow(join(folder, 'mlflow'));
  servers.push(sqlite);
  const onSqlite = await measureSqlite(sqlite, join(folder, 'mlflow', 'mlflow.db'));
  const peerUrl = await peerDatabase(postgres.adminUrl, postgres.ownerUrl);
  const other = await startMlflow(join(folder, 'mlflow-postgres'), peerUrl);
  servers.push(other);
  const onPostgres = await measurePostgres(other, peerUrl);
  const { each } = sizes.find(({ runs }) => runs === PEER_SIZE)!;
  const ratios = { sqlite: ratiosOf(each, onSqlite.each), postgres: ratiosOf(each, onPostgres.each) };
  writeReport('search', {
    versions: { mlflow: sqlite.version },
    what: 'Milliseconds of a search for runs over the MLflow protocol by one client, and of reading a long metric',
    settings: {
      page: PAGE,
      keysPerRun: { metrics: KEYS, params: KEYS, tags: 4 },
      repeats: REPEATS,
      mlflowRepeats: PEER_REPEATS,
      searches,
    },
    flyball: { sizes, curve },
    mlflow: { sqlite: onSqlite, postgres: onPostgres },
    ratios,
  });
  process.stdout.write(
    `mlflow, ${PEER_SIZE} runs: p50 ${onSqlite.all.p50Ms} and ${onPostgres.all.p50Ms} ms; ratios ${JSON.stringify(ratios)}\n`,
  );
} finally {
  for (const server of servers) await server.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
