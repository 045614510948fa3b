import type { ChildProcess } from 'node:child_process';
import { destination, pino } from 'pino';
import { loadConfig, parseFlags } from './config.ts';
import { describeExit, exitCodes, startPhase } from './exit-code.ts';
import { type FailedMessage, runRole, type StartRole } from './run-role.ts';
import { supervise } from './supervise.ts';

export interface Program {
  readonly args: readonly string[];
  /** The script itself, to start again for each role. */
  readonly script: string;
  /** The process of the API, when it has been started already with the same arguments. */
  readonly api?: ChildProcess | undefined;
  /** Loads the code of the roles, which the supervisor does not need. */
  readonly load: () => Promise<StartRole>;
}

/** Runs the program to its end, and ends the process with a code and, when something went wrong, one sentence. */
export async function runProgram({ args, script, api, load }: Program): Promise<void> {
  try {
    const config = await startPhase('usage', () => loadConfig(parseFlags(args)));
    const log = pino({ level: config.logLevel, base: { program: config.role } }, destination(2));
    if (config.role === 'all') await supervise(config, { script, api }, log);
    else await runRole(config, config.role, load, log);
    process.exit(exitCodes.ok);
  } catch (error) {
    fail(describeExit(error));
  }
}

/** Under a supervisor the reason goes there: it decides, and prints it once. */
function fail(failed: FailedMessage['failed']): void {
  const exit = (): never => process.exit(failed.code);
  if (process.send !== undefined && process.connected) process.send({ failed } satisfies FailedMessage, exit);
  else process.stderr.write(`${failed.message}\n`, exit);
}
