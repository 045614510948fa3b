// A mixed soak: clients log metrics and batches, search runs, send and fetch artifacts, and pages follow live events
// and draw curves, all at the same time, for ten minutes or FLYBALL_SOAK_SECONDS. Fails when anything fails. Prints the
// first and the last memory of the server and writes bench/results/soak.json.
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../server/src/platform/database/embedded-postgres.ts';
import { watchMemory } from './report/memory-watch.ts';
import { round, writeReport } from './report/write-report.ts';
import { Soak } from './soak/soak.ts';
import { type RunningFlyball, startFlyball } from './tracking/servers.ts';

const SECONDS = Number(process.env['FLYBALL_SOAK_SECONDS'] ?? 600);
/** Until caches are filled and code is compiled, memory grows for good reasons. */
const WARM_SECONDS = 20;
const HEAP_EVERY_MS = 30_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What the API's JavaScript holds: resident memory alone does not tell a leak from an allocator that keeps pages. */
async function readHeap(url: string) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const megabytes = (name: string) =>
    Math.round(Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1]) / 2 ** 20);
  return { usedMb: megabytes('nodejs_heap_size_used_bytes'), externalMb: megabytes('nodejs_external_memory_bytes') };
}

const folder = mkdtempSync(join(tmpdir(), 'flyball-bench-soak-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), log: silent });
let server: RunningFlyball | undefined;
try {
  server = await startFlyball(join(folder, 'flyball'), postgres.url, postgres.ownerUrl);
  const soak = await Soak.prepare(server.url);
  await soak.run(WARM_SECONDS * 1000);
  const memory = watchMemory(server.pid, 5_000);
  const { url } = server;
  const heaps = [await readHeap(url)];
  const heapTimer = setInterval(() => void readHeap(url).then((heap) => heaps.push(heap)), HEAP_EVERY_MS);
  const { seconds, counts, errors } = await soak.run(SECONDS * 1000);
  memory.stop();
  clearInterval(heapTimer);
  const [first, last] = [memory.samples[0], memory.samples.at(-1)];
  const half = memory.samples.slice(memory.samples.length >> 1);
  const report = {
    what: 'Mixed soak: logging, searches, artifacts both ways, live pages',
    seconds: round(seconds),
    warmSeconds: WARM_SECONDS,
    loadAtEnd: round(loadavg()[0] ?? 0),
    counts,
    errors,
    memoryMb: {
      first,
      last,
      peak: Math.max(...memory.samples.map(({ api }) => api)),
      peakOfSecondHalf: Math.max(...half.map(({ api }) => api)),
      apiHeaps: heaps,
      samples: memory.samples.filter((_, i) => i % 6 === 0),
    },
  };
  writeReport('soak', { versions: {}, ...report });
  say(`heap of the API at first ${JSON.stringify(heaps[0])}, at last ${JSON.stringify(heaps.at(-1))}`);
  say(`memory at first ${JSON.stringify(first)}, at last ${JSON.stringify(last)}`);
  say(`${JSON.stringify(counts)} in ${report.seconds} s, ${errors.length} errors`);
  for (const error of errors.slice(0, 20)) say(error);
  process.exitCode = errors.length === 0 ? 0 : 1;
} finally {
  await server?.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
