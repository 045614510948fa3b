import { PlatformError } from '@flyball/api';
import type { StepAssignment, StepReport } from '#pipelines';
import type { Config } from './config.ts';
import { createModules, type Modules } from './modules.ts';
import { openPlatform, type Platform } from './platform/platform.ts';

interface Start {
  readonly config: Config;
  readonly assignment: StepAssignment;
}

interface Program {
  readonly platform: Platform;
  readonly modules: Modules;
}

const send = (report: StepReport): void => void process.send?.(report);

/** The whole program, without listening. */
async function compose(config: Config): Promise<Program> {
  const program = `step-${process.pid}`;
  const platform = await openPlatform({ config, databaseUrl: config.databaseUrl!, program, poolSize: 3 });
  const modules = createModules(platform);
  await platform.jobs.start({ work: false });
  return { platform, modules };
}

let program: Promise<Program> | undefined;
const ending = new AbortController();

/** Does one action, and stays for another until it is told that there is none. */
async function runStep({ config, assignment }: Start): Promise<void> {
  program ??= compose(config);
  const { modules } = await program;
  await modules.pipelines.runAction(assignment, ending.signal, send);
}

async function end(): Promise<void> {
  // What could not be composed has nothing to close.
  await program?.then(
    async ({ platform }) => await platform.close(),
    () => undefined,
  );
  if (process.connected) process.disconnect();
}

process.once('SIGTERM', () => ending.abort());
// Without its worker the step belongs to somebody else.
process.once('disconnect', () => process.exit(0));
process.on('message', (message: Start | { readonly end: true }) => {
  const doing = 'end' in message ? end() : runStep(message);
  doing
    .catch((error: unknown) => {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      send({ type: 'failed', message, isOutage: error instanceof PlatformError && error.code === 'unavailable' });
    })
    .finally(() => {
      if (ending.signal.aborted) void end();
    });
});
