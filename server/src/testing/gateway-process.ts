import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));

/** A gateway in a process of its own, which a test may kill; resolves when it answers. */
export async function startGatewayProcess(config: Config): Promise<ChildProcess> {
  const child = fork(program, [], {
    env: {
      PATH: process.env['PATH'] ?? '',
      FLYBALL_ROLE: 'gateway',
      FLYBALL_DATA_DIR: config.dataDir,
      FLYBALL_GATEWAY_PORT: String(config.gatewayPort),
      FLYBALL_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.send({ databaseUrl: config.databaseUrl });
  const [message] = (await once(child, 'message')) as [{ ready?: string; failed?: { message: string } }];
  if (message.ready === undefined) throw new Error(`The gateway did not start: ${message.failed?.message}`);
  return child;
}

/** Ends it as a crash would. */
export async function killProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
