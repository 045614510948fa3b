// npm run fuzz [-- requests [seed]]: requests to every endpoint of MLflow's protocol, made from its schema. Nothing may
// be answered with 5xx, hang, or make the server grow without bound; the same seed asks the same.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { processesOf } from './demo-processes.ts';
import { freePort } from './free-port.ts';
import { type ArbitraryRequest, arbitraryRequest, type Known } from './fuzz/arbitrary-request.ts';
import { readProtocolSchema } from './fuzz/protocol-schema.ts';

const program = path.join(import.meta.dirname, '..', 'server', 'src', 'main.ts');
const requests = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? 1);
const CLIENTS = 8;
const HANG_MS = 20_000;
const MOST_MB = 700;
/** What is not built answers so, on purpose. */
const NOT_IMPLEMENTED = 501;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function startServer(dataDir: string): Promise<{ url: string; child: ChildProcess }> {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const flags = ['--port', String(port), '--gateway-port', String(gatewayPort), '--data-dir', dataDir];
  const child = spawn(process.execPath, [program, ...flags, '--log-level', 'error'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.pipe(createWriteStream(path.join(dataDir, 'server.log')));
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const ready = await fetch(`${url}/ready`).catch(() => null);
    if (ready?.ok === true) return { url, child };
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}`);
    await sleep(100);
  }
}

interface Made {
  readonly experiment_id: string;
  readonly run: { readonly info: { readonly run_id: string } };
}

/** Makes a little of everything, and names it by the fields that ask for it. */
async function furnish(url: string): Promise<Known> {
  const post = async (place: string, body: unknown): Promise<Made> => {
    const answer = await fetch(url + place, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${place}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Made;
  };
  const { experiment_id: experiment } = await post('/api/2.0/mlflow/experiments/create', { name: 'fuzzed' });
  const made = await post('/api/2.0/mlflow/runs/create', { experiment_id: experiment });
  const run = made.run.info.run_id;
  await post('/api/2.0/mlflow/runs/log-batch', {
    run_id: run,
    metrics: [{ key: 'a', value: 1, timestamp: 1, step: 0 }],
    params: [{ key: 'b', value: 'c' }],
  });
  await post('/api/2.0/mlflow/registered-models/create', { name: 'model' });
  await post('/api/2.0/mlflow/model-versions/create', { name: 'model', source: `runs:/${run}/model`, run_id: run });
  return {
    experiment_id: [experiment, '0'],
    run_id: [run],
    run_uuid: [run],
    name: ['model', 'fuzzed'],
    version: ['1', '2'],
    key: ['a', 'b'],
    metric_key: ['a'],
    alias: ['champion'],
    stage: ['Production', 'Archived'],
  };
}

function residentMb(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) / 1024;
}

function queryOf(body: ArbitraryRequest['body']): string {
  const pairs = Object.entries(body).flatMap(([name, value]): [string, string][] =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, typeof one === 'string' ? one : JSON.stringify(one)]),
  );
  return `?${new URLSearchParams(pairs).toString().slice(0, 6_000)}`;
}

/** The answer's status, or what went wrong on the way. */
async function ask(url: string, { method, path: place, body }: ArbitraryRequest): Promise<number | string> {
  const isRead = method === 'GET';
  try {
    const answer = await fetch(url + place + (isRead ? queryOf(body) : ''), {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(HANG_MS),
      ...(isRead ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    await answer.arrayBuffer();
    return answer.status;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function makeRequests(known: Known): ArbitraryRequest[] {
  const schema = readProtocolSchema();
  const each = Math.ceil(requests / schema.endpoints.length);
  const all = schema.endpoints.flatMap((endpoint, i) =>
    fc.sample(arbitraryRequest(endpoint, schema, known), { seed: seed * 10_000 + i, numRuns: each }),
  );
  // What destroys what others ask for comes between them, not at once.
  return fc.sample(fc.shuffledSubarray(all, { minLength: all.length }), { seed, numRuns: 1 })[0]!.slice(0, requests);
}

async function fuzz(
  url: string,
  api: number,
): Promise<{ statuses: Map<number | string, number>; faults: string[]; peakMb: number }> {
  const queue = makeRequests(await furnish(url));
  const statuses = new Map<number | string, number>();
  const faults: string[] = [];
  let peakMb = 0;
  const client = async (): Promise<void> => {
    for (let request = queue.pop(); request !== undefined; request = queue.pop()) {
      const status = await ask(url, request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const isFault = typeof status === 'string' || (status >= 500 && status !== NOT_IMPLEMENTED);
      if (isFault) faults.push(`${status} ${JSON.stringify(request).slice(0, 600)}`);
      if (queue.length % 50 === 0) peakMb = Math.max(peakMb, residentMb(api));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return { statuses, faults, peakMb };
}

const dataDir = mkdtempSync(path.join(tmpdir(), 'flyball-fuzz-'));
const { url, child } = await startServer(dataDir);
try {
  const [api = 0] = processesOf(child.pid!, 'api');
  const before = residentMb(api);
  const started = performance.now();
  const { statuses, faults, peakMb } = await fuzz(url, api);
  const seconds = (performance.now() - started) / 1000;
  say(`${requests} requests, seed ${seed}: ${seconds.toFixed(0)} s, ${before.toFixed(0)} → ${peakMb.toFixed(0)} MB`);
  say([...statuses].map(([status, count]) => `${count} × ${status}`).join(', '));
  for (const fault of faults.slice(0, 20)) say(`fault: ${fault}`);
  const isSame = processesOf(child.pid!, 'api')[0] === api;
  if (!isSame) say('The server was started again meanwhile');
  if (faults.length > 0 || !isSame || peakMb > MOST_MB) process.exitCode = 1;
  say(process.exitCode === 1 ? `failed: ${faults.length} faults` : 'passed');
} finally {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  rmSync(dataDir, { recursive: true, force: true });
}
