import type { StepAssignment, StepReport } from '#pipelines';
import type { Config } from './config.ts';
import { createModules } from './modules.ts';
import { openPlatform } from './platform/platform.ts';

interface Start {
  readonly config: Config;
  readonly assignment: StepAssignment;
}

const send = (report: StepReport): void => void process.send?.(report);

/** The child of a step: it composes the program without listening, does one action, reports, and ends. */
async function runStep({ config, assignment }: Start, signal: AbortSignal): Promise<void> {
  const program = `step-${process.pid}`;
  const platform = await openPlatform({ config, databaseUrl: config.databaseUrl!, program, poolSize: 3 });
  try {
    const modules = createModules(platform);
    await platform.jobs.start({ work: false });
    await modules.pipelines.runAction(assignment, signal, send);
  } finally {
    await platform.close();
  }
}

const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
// Without its worker the step belongs to somebody else.
process.once('disconnect', () => process.exit(0));
process.once('message', (start: Start) => {
  runStep(start, ending.signal).then(
    () => process.disconnect(),
    (error: unknown) => {
      send({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      process.disconnect();
    },
  );
});
