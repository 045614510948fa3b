import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../examples/flights/demo/report.ts';
import { freePort } from './free-port.ts';

const program = path.join(import.meta.dirname, '..', 'examples', 'flights', 'demo', 'main.ts');

export interface DemoRun {
  readonly url: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** The report, once the story has ended; the platform keeps running. */
  report(timeoutMs: number): Promise<Report>;
  stop(): Promise<void>;
}

/** Starts the demo, shortened to its first weeks, in a folder and on ports of its own. */
export async function startDemo(): Promise<DemoRun> {
  const folder = mkdtempSync(path.join(tmpdir(), 'flyball-demo-'));
  const dataDir = path.join(folder, 'data');
  const reportFile = path.join(folder, 'report.json');
  const [port, gatewayPort] = [String(await freePort()), String(await freePort())];
  const args = [
    '--short',
    '--report',
    reportFile,
    '--port',
    port,
    '--gateway-port',
    gatewayPort,
    '--data-dir',
    dataDir,
  ];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return {
    url: `http://127.0.0.1:${port}`,
    dataDir,
    process: child,
    output: () => output,
    report: async (timeoutMs) => {
      for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(250)) {
        const text = await readFile(reportFile, 'utf8').catch(() => '');
        if (text.endsWith('}\n')) return JSON.parse(text) as Report;
        if (child.exitCode !== null) break;
      }
      throw new Error(`The demo gave no report:\n${output.slice(-4000)}`);
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      if (child.exitCode === null) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
