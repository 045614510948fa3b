import { setTimeout as sleep } from 'node:timers/promises';
import type { PipelineRun } from '@flyball/api';
import type { Command } from 'commander';
import { exitCodes } from '../exit-code.ts';
import { parseJsonArgument } from '../json-argument.ts';
import { colour, print, printTable, progressBar } from '../output.ts';
import { type Session, sessionOf } from '../session.ts';

const ended = new Set(['succeeded', 'failed', 'cancelled']);
const settled = new Set(['succeeded', 'failed', 'skipped', 'cancelled']);

async function follow(session: Session, started: PipelineRun): Promise<PipelineRun> {
  let run = started;
  const bar = progressBar(run.pipeline, run.steps.length);
  let done = 0;
  while (!ended.has(run.state)) {
    await sleep(300);
    run = await session.flyball.getPipelineRun({ params: { run: run.id } });
    const now = run.steps.filter(({ state }) => settled.has(state)).length;
    bar.add(now - done);
    done = now;
  }
  bar.end();
  return run;
}

async function showEnd(session: Session, started: PipelineRun, wait: boolean): Promise<void> {
  const run = wait ? await follow(session, started) : started;
  session.answer(run, printRun);
  if (run.state === 'failed' || run.state === 'cancelled') process.exitCode = exitCodes.verdict;
}

/** `pipeline retry` */
function addRetry(pipeline: Command): void {
  pipeline
    .command('retry')
    .description('run what failed, or a step and all that depends on it, again (exit code 8 when it fails)')
    .argument('<run>')
    .option('--from <step>', 'the step to begin with')
    .option('--no-wait', 'do not wait')
    .action(async (run: string, options: { from?: string; wait: boolean }, command: Command) => {
      const session = sessionOf(command);
      const body = options.from === undefined ? {} : { from: options.from };
      await showEnd(session, await session.flyball.retryPipelineRun({ params: { run }, body }), options.wait);
    });
}

function printRun(run: PipelineRun): void {
  print(`${run.pipeline} ${run.id} ${run.state === 'succeeded' ? colour.green(run.state) : run.state}`);
  printTable(run.steps, {
    step: (row) => row.id,
    state: (row) => row.state,
    attempt: (row) => row.attempt,
    cached: (row) => row.cache?.hit ?? false,
    error: (row) => row.error,
  });
}

/** `pipeline …` */
export function addPipelineCommands(program: Command): void {
  const pipeline = program.command('pipeline').description('pipelines and their runs');
  pipeline.command('list').action(async (_options: unknown, command: Command) => {
    const session = sessionOf(command);
    session.answer((await session.flyball.listPipelines({ query: {} })).items, (items) =>
      printTable(items, {
        name: (row) => row.name,
        version: (row) => row.version,
        steps: (row) => row.steps.length,
        'last run': (row) => row.lastRun?.state,
      }),
    );
  });
  pipeline
    .command('run')
    .description('start a run and wait for it (exit code 8 when it fails)')
    .argument('<pipeline>')
    .option('--params <json>', 'parameters as JSON', '{}')
    .option('--no-wait', 'do not wait')
    .action(async (name: string, options: { params: string; wait: boolean }, command: Command) => {
      const session = sessionOf(command);
      const params = parseJsonArgument(options.params, '--params') as Record<string, unknown>;
      const started = await session.flyball.startPipeline({ params: { pipeline: name }, body: { params } });
      await showEnd(session, started, options.wait);
    });
  addRetry(pipeline);
  pipeline
    .command('show')
    .argument('<run>')
    .action(async (run: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      session.answer(await session.flyball.getPipelineRun({ params: { run } }), printRun);
    });
  pipeline
    .command('log')
    .argument('<run>')
    .argument('<step>')
    .action(async (run: string, step: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const log = await session.flyball.readStepLog({ params: { run, step }, query: { limit: 5000 } });
      session.answer(log, ({ lines }) => {
        for (const { text } of lines) print(text);
      });
    });
  pipeline
    .command('cancel')
    .argument('<run>')
    .action(async (run: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      session.answer(await session.flyball.cancelPipelineRun({ params: { run } }), printRun);
    });
}
