import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '@flyball/api';
import type { Command } from 'commander';
import { exitCodes } from '../exit-code.ts';
import { colour, print } from '../output.ts';
import { type Session, sessionOf } from '../session.ts';

/** Runs one of our programs in place of this one: same terminal, same signals, same exit code. */
async function become(script: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals) => () => void child.kill(signal);
  // Ctrl-C reaches the whole process group; the child decides when it ends.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', pass('SIGTERM'));
  process.on('SIGHUP', pass('SIGHUP'));
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** The server starts without this program, see `sdk/bin`: whoever comes here has none, or only wants help. */
const noServer = (): PlatformError =>
  new PlatformError('unavailable', 'The server is not installed here; run this in a Flyball checkout');

function demoProgram(): string {
  const script = fileURLToPath(new URL('../../../../examples/flights/demo/main.ts', import.meta.url));
  if (!existsSync(script))
    throw new PlatformError('unavailable', 'The demo is not installed here; run it in a Flyball checkout');
  return script;
}

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly message: string;
}

async function examine(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, message: await look() };
  } catch (error) {
    return { check, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return await response.text();
}

async function diagnose(session: Session): Promise<Finding[]> {
  const findings = [
    await examine('node', async () => `${process.version} on ${process.platform} ${process.arch}`),
    await examine('server', async () => `${session.url} ${await fetchText(`${session.url}/health`)}`),
    await examine('database', async () => {
      await fetchText(`${session.url}/ready`);
      return 'answers';
    }),
    await examine('account', async () => {
      const system = await session.flyball.getSystem();
      return `${system.actor}, ${system.role ?? 'no role on the instance'}; Flyball ${system.version}, PostgreSQL ${system.postgres}`;
    }),
    await examine('gateway', async () => {
      await fetchText(`${session.url}/v2/health/live`);
      return 'answers';
    }),
  ];
  return findings;
}

/** `up`, `demo` and `doctor`. */
export function addProgramCommands(program: Command): void {
  program
    .command('up')
    .description('start the platform; takes the flags of docs/reference/configuration.md')
    .addHelpText(
      'after',
      '\nAmong its flags: --host, --port, --gateway-port, --data-dir, --objects, --log-level, and those of mlflow server: --default-artifact-root, --artifacts-destination, --no-serve-artifacts, --static-prefix (all of them: docs/reference/configuration.md)',
    )
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw noServer();
    });
  program
    .command('demo')
    .description('run the loop on three million real flights')
    .addHelpText('after', '\nFlags: --short, --exit, --report <file>, --port, --gateway-port, --data-dir')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_options: unknown, command: Command) => await become(demoProgram(), command.args));
  program
    .command('doctor')
    .description('look for what is wrong')
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const findings = await diagnose(session);
      session.answer(findings, (all) => {
        for (const { check, ok, message } of all) {
          print(`${ok ? colour.green('ok ') : colour.red('bad')} ${check.padEnd(9)} ${message}`);
        }
      });
      if (findings.some(({ ok }) => !ok)) process.exitCode = exitCodes.unavailable;
    });
}
