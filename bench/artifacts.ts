// Artifacts through our proxy and through a plain node:http file server, in the same run from the same client, and one
// large artifact both ways while the memory of our server is watched. Writes bench/results/artifacts.json.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../server/src/platform/database/embedded-postgres.ts';
import { download, upload } from './artifacts/transfer.ts';
import { startFlyball } from './tracking/servers.ts';

const MB = 1024 * 1024;
const ROUNDS = Number(process.env['FLYBALL_BENCH_ROUNDS'] ?? 7);
const FILE_BYTES = Number(process.env['FLYBALL_BENCH_FILE_MB'] ?? 128) * MB;
const LARGE_BYTES = Number(process.env['FLYBALL_BENCH_LARGE_MB'] ?? 5 * 1024) * MB;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
const round = (value: number): number => Number(value.toPrecision(3));

interface FileServer {
  readonly name: string;
  readonly url: string;
}

async function startPlain(folder: string, mode: 'quick' | 'durable'): Promise<FileServer & { child: ChildProcess }> {
  mkdirSync(folder, { recursive: true });
  const child = fork(join(import.meta.dirname, 'artifacts', 'plain-server.ts'), [folder, mode]);
  const [port] = (await once(child, 'message')) as [number];
  return { name: `plain ${mode}`, url: `http://127.0.0.1:${port}`, child };
}

/** The process of our API among the children of this one's children. */
function apiProcess(folder: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      // Its first process has the folder among its arguments, later ones have it from the supervisor.
      if (/--role api/.test(line) && (line + environment).includes(folder)) return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error('The process of the API is not there');
}

const rssMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** The most memory a process has while something is done. */
async function peakDuring(pid: number, work: () => Promise<number>) {
  const before = rssMb(pid);
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, rssMb(pid));
  }, 20);
  try {
    const seconds = await work();
    return { seconds: round(seconds), beforeMb: round(before), growthMb: round(peak - before) };
  } finally {
    clearInterval(timer);
  }
}

/** Both ways in turn through every server, so that what else the machine does meets all. */
async function compare(servers: readonly FileServer[]) {
  const seconds = servers.map(() => ({ upload: [] as number[], download: [] as number[] }));
  for (let i = 0; i < ROUNDS; i++) {
    for (const [k, { url }] of servers.entries()) seconds[k]!.upload.push(await upload(`${url}/f${i}`, FILE_BYTES));
    for (const [k, { url }] of servers.entries()) seconds[k]!.download.push(await download(`${url}/f${i}`, FILE_BYTES));
  }
  return servers.map(({ name }, k) => ({
    name,
    uploadMbPerSecond: round(FILE_BYTES / MB / median(seconds[k]!.upload)),
    downloadMbPerSecond: round(FILE_BYTES / MB / median(seconds[k]!.download)),
  }));
}

const folder = mkdtempSync(join(process.env['FLYBALL_BENCH_FOLDER'] ?? tmpdir(), 'flyball-bench-artifacts-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), log: silent });
const ends: (() => unknown)[] = [() => postgres.stop()];
try {
  const home = join(folder, 'flyball');
  const flyball = await startFlyball(home, postgres.url, postgres.ownerUrl);
  ends.push(() => flyball.stop());
  const plain = [
    await startPlain(join(folder, 'quick'), 'quick'),
    await startPlain(join(folder, 'durable'), 'durable'),
  ];
  for (const { child } of plain) ends.push(() => child.disconnect());
  const ours = { name: 'flyball', url: `${flyball.url}/api/2.0/mlflow-artifacts/artifacts/bench` };
  const load = loadavg()[0];
  const results = await compare([ours, ...plain]);
  const [own, quick, durable] = results as [(typeof results)[0], (typeof results)[0], (typeof results)[0]];
  const ratios = {
    uploadToDurable: round(own.uploadMbPerSecond / durable.uploadMbPerSecond),
    uploadToQuick: round(own.uploadMbPerSecond / quick.uploadMbPerSecond),
    download: round(own.downloadMbPerSecond / Math.max(quick.downloadMbPerSecond, durable.downloadMbPerSecond)),
  };
  process.stdout.write(`${JSON.stringify(results)}\n${JSON.stringify(ratios)}\n`);
  const pid = apiProcess(home);
  const up = await peakDuring(pid, () => upload(`${ours.url}/large`, LARGE_BYTES));
  const down = await peakDuring(pid, () => download(`${ours.url}/large`, LARGE_BYTES));
  process.stdout.write(`large: up ${JSON.stringify(up)}, down ${JSON.stringify(down)}\n`);
  const report = {
    what: 'Artifacts in MB per second, medians of alternating rounds, and the memory of the API under a large one',
    at: new Date().toISOString(),
    machine: { cpus: cpus().length, model: cpus()[0]?.model, node: process.version, loadAtStart: load },
    settings: { rounds: ROUNDS, fileMb: FILE_BYTES / MB, largeMb: LARGE_BYTES / MB },
    results,
    ratios,
    wanted: { ratio: 0.7, growthMb: 150 },
    large: { upload: up, download: down },
  };
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
  writeFileSync(join(import.meta.dirname, 'results', 'artifacts.json'), `${JSON.stringify(report, null, 2)}\n`);
} finally {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
}
