import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import type { Config, Role } from './config.ts';
import { startPhase } from './exit-code.ts';
import { lockDataFolder } from './platform/data-folder.ts';
import type { ReadyMessage } from './run-role.ts';
import { type RoleOptions, type SupervisedRole, superviseRole } from './supervised-role.ts';

const roles = ['api', 'worker', 'gateway'] as const satisfies readonly Role[];
/** One for each role, and one for PostgreSQL. */
const MANY_CORES = 4;

type Undo = (() => void | Promise<void>)[];

/** What the roles are started with. */
interface Programs {
  readonly script: string;
  readonly api?: ChildProcess | undefined;
}

/** Runs everything until a signal: PostgreSQL unless there is one already, and each role in a process of its own. */
export async function supervise(config: Config, { script, api }: Programs, log: Logger): Promise<void> {
  const end = Promise.withResolvers<undefined>();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end.resolve(undefined));
  const undo: Undo = [() => void api?.kill('SIGKILL')];
  try {
    const folder = await startPhase('dataFolder', () => lockDataFolder(config.dataDir));
    undo.push(() => folder.release());
    await Promise.all([checkPort(config.host, config.port), checkPort(config.host, config.gatewayPort)]);
    const databaseUrl = Promise.withResolvers<string>();
    let stopDatabase = async (): Promise<void> => undefined;
    undo.push(() => stopDatabase());
    // The roles load their code while this process does, and while the database starts.
    const supervised = superviseRoles({ script, config, databaseUrl: databaseUrl.promise, log }, api);
    undo.push(async () => void (await Promise.all(supervised.map((role) => role.stop()))));
    const { startDatabase } = await import('./start-database.ts');
    const database = await startPhase('database', () => startDatabase(config, log));
    stopDatabase = database.stop;
    databaseUrl.resolve(database.url);
    const ready = await Promise.race([Promise.all(supervised.map((role) => role.ready)), end.promise]);
    if (ready === undefined) return;
    process.stdout.write(`${readyLine(config, ready)}\n`);
    await end.promise;
  } finally {
    await runAll(undo);
  }
}

/** On few cores the API, which people wait for, does not share them with what can wait for it. */
function superviseRoles(options: Omit<RoleOptions, 'role' | 'after'>, first?: ChildProcess): SupervisedRole[] {
  const [role, ...others] = roles;
  const api = superviseRole({ ...options, role, child: first });
  const after = availableParallelism() < MANY_CORES ? api.ready : undefined;
  return [api, ...others.map((role) => superviseRole({ ...options, role, after }))];
}

/** Last in, first out. */
async function runAll(undo: Undo): Promise<void> {
  for (const step of undo.reverse()) await step();
}

/** Says that a port is taken before anything else has been started. */
async function checkPort(host: string, port: number): Promise<void> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
}

/** A role that listens on any free port must say which; what nobody knows is left out. */
function readyLine(config: Config, ready: readonly ReadyMessage[]): string {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const urlOf = (role: Role, port: number): string | undefined =>
    ready.find((message) => message.ready === role)?.url ?? (port === 0 ? undefined : `http://${host}:${port}`);
  const api = urlOf('api', config.port);
  const gateway = urlOf('gateway', config.gatewayPort);
  return `Flyball is ready${api ? ` at ${api}` : ''}${gateway ? `, predictions at ${gateway}` : ''}`;
}
