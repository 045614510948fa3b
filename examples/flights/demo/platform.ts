import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Flyball } from '@flyball/sdk';
import { patientFetch } from './patient-fetch.ts';

export interface RunningPlatform {
  readonly flyball: Flyball;
  readonly url: string;
  readonly gatewayUrl: string;
  /** Ends when the platform does. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

export interface PlatformOptions {
  readonly dataDir: string;
  readonly port: string;
  readonly gatewayPort: string;
}

function serverProgram(): string {
  const require = createRequire(import.meta.url);
  return path.join(path.dirname(require.resolve('@flyball/server/package.json')), 'bin', 'server.mjs');
}

async function waitUntilReady(flyball: Flyball, url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) throw new Error(`The platform ended with exit code ${child.exitCode}`);
    const ready = await fetch(`${url}/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    const gateway = await fetch(`${url}/v2/health/live`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready && gateway) {
      await flyball.getSystem();
      return;
    }
    await sleep(50);
  }
  throw new Error('The platform was not ready within 30 s');
}

/** Starts the platform in a folder of its own, fresh. */
export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  await rm(options.dataDir, { recursive: true, force: true });
  await mkdir(options.dataDir, { recursive: true });
  const args = ['--port', options.port, '--gateway-port', options.gatewayPort, '--data-dir', options.dataDir];
  const child = spawn(process.execPath, [serverProgram(), ...args, '--log-level', 'warn'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  // Whoever stops the demo stops its platform too, which is in a group of its own.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().then(() => process.exit(process.exitCode ?? 130)));
  }
  const url = `http://127.0.0.1:${options.port}`;
  const flyball = connect({ url, fetch: patientFetch });
  await waitUntilReady(flyball, url, child);
  return {
    flyball,
    url,
    gatewayUrl: `http://127.0.0.1:${options.gatewayPort}`,
    ended,
    stop,
  };
}

async function parentOf(pid: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(text.replace(/^.*\) /s, '').split(' ')[1] ?? 0);
}

async function proportionalMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss: +(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}

/** Memory of a process and all that it started, shared pages counted once; 0 where the system does not tell. */
export async function memoryMb(root: number): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const parents = new Map(await Promise.all(pids.map(async (pid) => [Number(pid), await parentOf(pid)] as const)));
  const family = new Set([root]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
  }
  const sizes = await Promise.all([...family].map(proportionalMb));
  return sizes.reduce((sum, size) => sum + size, 0);
}
