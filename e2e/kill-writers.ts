// npm run kill-writers [-- kills]: kill -9 of the API and of PostgreSQL in turn, while 32 clients write over MLflow's
// protocol and repeat what was not acknowledged, as its clients do. Every acknowledged metric, param, tag and artifact
// must be there exactly once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf, type Role } from './demo-processes.ts';
import { freePort } from './free-port.ts';
import { findLosses } from './kill-writers/find-losses.ts';
import { createPatientClient, type PatientClient } from './kill-writers/patient-client.ts';
import { type Acknowledged, writeOn } from './kill-writers/writer.ts';

const WRITERS = 32;
const victims: readonly Role[] = ['api', 'postgres'];
/** Between the return of one victim and the death of the next: enough to write, varied so that it hits everything. */
const SHORTEST_LIFE_MS = 1_000;
const LIFE_STEP_MS = 173;
const LIFE_STEPS = 11;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Server {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

async function startServer(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'flyball-kill-writers-'));
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const main = resolve(import.meta.dirname, '..', 'server/src/main.ts');
  const flags = ['--port', String(port), '--gateway-port', String(gatewayPort), '--data-dir', folder];
  const child = spawn(process.execPath, [main, ...flags, '--log-level', 'fatal'], {
    env: { ...process.env, DATABASE_URL: '' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    stop: async () => {
      const ended = child.exitCode === null ? once(child, 'exit') : null;
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Kills one after the other, each when what died before is back. */
async function killInTurn(server: Server, client: PatientClient, kills: number): Promise<Map<Role, number>> {
  const killed = new Map<Role, number>();
  for (let i = 0; i < kills; i++) {
    await client.send('GET', '/ready');
    await sleep(SHORTEST_LIFE_MS + LIFE_STEP_MS * ((i * 7) % LIFE_STEPS));
    const role = victims[i % victims.length]!;
    const [pid] = processesOf(server.pid, role);
    if (pid === undefined) throw new Error(`There is no process of the role ${role}`);
    process.kill(pid, 'SIGKILL');
    killed.set(role, (killed.get(role) ?? 0) + 1);
    say(`kill ${i + 1}: ${role}`);
  }
  await client.send('GET', '/ready');
  return killed;
}

async function countRuns(client: PatientClient, experiment: string): Promise<number> {
  let count = 0;
  for (let token: string | undefined = ''; token !== undefined; ) {
    const body = { experiment_ids: [experiment], max_results: 1_000, ...(token === '' ? {} : { page_token: token }) };
    const page: { runs?: unknown[]; next_page_token?: string } = await client.json(
      'POST',
      '/api/2.0/mlflow/runs/search',
      body,
    );
    count += page.runs?.length ?? 0;
    token = page.next_page_token;
  }
  return count;
}

function tell(runs: readonly Acknowledged[], clients: readonly PatientClient[], storedRuns: number): void {
  const sum = (pick: (run: Acknowledged) => number) => runs.reduce((total, run) => total + pick(run), 0);
  say(
    `acknowledged: ${runs.length} runs, ${sum(({ points }) => points.length)} metrics, ` +
      `${sum(({ params }) => params.size)} params, ${sum(({ tags }) => tags.size)} tags, ` +
      `${sum(({ artifacts }) => artifacts.size)} artifacts`,
  );
  const failures = new Map<string, number>();
  for (const { failures: own } of clients) {
    for (const [kind, count] of own) failures.set(kind, (failures.get(kind) ?? 0) + count);
  }
  say(`repeated: ${[...failures].map(([kind, count]) => `${count} after ${kind}`).join(', ') || 'nothing'}`);
  // The protocol gives a run its id in the answer: a creation that was repeated may have happened twice.
  say(`runs that nobody was told of: ${storedRuns - runs.length}`);
}

async function main(): Promise<void> {
  const kills = Number(process.argv[2] ?? 20);
  const server = await startServer();
  try {
    const watcher = createPatientClient(server.url);
    await watcher.send('GET', '/ready');
    const { experiment_id: experiment } = await watcher.json<{ experiment_id: string }>(
      'POST',
      '/api/2.0/mlflow/experiments/create',
      { name: 'kill-writers' },
    );
    let isOver = false;
    const clients = Array.from({ length: WRITERS }, () => createPatientClient(server.url));
    const writing = Promise.all(clients.map(async (client, i) => await writeOn(client, experiment, i, () => isOver)));
    const killing = killInTurn(server, watcher, kills).finally(() => {
      isOver = true;
    });
    const [runs, killed] = await Promise.all([writing.then((all) => all.flat()), killing]);
    say(`killed: ${[...killed].map(([role, count]) => `${role} ${count} times`).join(', ')}`);
    tell(runs, clients, await countRuns(watcher, experiment));
    const losses: string[] = [];
    for (const run of runs) losses.push(...(await findLosses(watcher, run)));
    for (const loss of losses.slice(0, 20)) say(loss);
    say(losses.length === 0 ? 'everything acknowledged is there once' : `${losses.length} losses`);
    process.exitCode = losses.length === 0 ? 0 : 1;
  } finally {
    await server.stop();
  }
}

await main();
