import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LoopWorld } from './loop-world.ts';
import { runPipeline, secondsOf } from './run-pipeline.ts';
import { compare, timed } from './stage.ts';

/** A step that has nothing to do: its training set is there already. */
async function emptyStep({ flyball }: LoopWorld) {
  const spec = {
    dataset: 'flights',
    at: 'date',
    columns: { distance: 'distance' },
    label: { name: 'late', sql: 'delay > 15' },
    sample: { rows: 100, seed: 1 },
  };
  await flyball.createTrainingSet({ body: spec });
  return { id: 'nothing', uses: 'features.training-set', with: spec };
}

/** A run of one empty step, in a new child process and in one that was kept. */
export async function pipelineStages(world: LoopWorld) {
  const step = await emptyStep(world);
  const run = async (memoryLimitMb: number) => ({
    seconds: secondsOf(await runPipeline(world, 'empty', [{ ...step, memoryLimitMb }])),
  });
  const cold = await compare({
    stage: 'pipeline run of an empty step, new child process',
    turns: 3,
    flyball: {
      what: 'order, dispatch, start of a process with the whole platform, action, result, end of the run',
      // Children are kept for steps with the same limit.
      measure: async (turn) => await run(2049 + turn),
    },
    limit: {
      what: 'a bare Node process that starts and ends',
      measure: async () => await timed(() => promisify(execFile)(process.execPath, ['-e', '0'])),
    },
  });
  await world.postgres.query('create table if not exists public.bench_commit (at timestamptz)');
  const warm = await compare({
    stage: 'pipeline run of an empty step, kept child process',
    turns: 15,
    flyball: { what: 'order, dispatch, action, result, end of the run', measure: async () => await run(2051) },
    limit: {
      what: 'four durable commits in PostgreSQL: order, start, result, end',
      measure: async () =>
        await timed(async () => {
          for (let i = 0; i < 4; i++) await world.postgres.query('insert into public.bench_commit values (now())');
        }),
    },
  });
  return [cold, warm];
}
