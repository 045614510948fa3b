import { setTimeout as sleep } from 'node:timers/promises';
import type { PipelineDefinition, PipelineRun } from '@flyball/api';
import type { LoopWorld } from './loop-world.ts';

type Steps = PipelineDefinition['steps'][number];
type Given = Pick<Steps, 'id' | 'uses' | 'with'> & Partial<Steps>;

/** Defines a pipeline of some steps and waits for a run of it; a failed run is an error. */
export async function runPipeline({ flyball }: LoopWorld, pipeline: string, steps: Given[]): Promise<PipelineRun> {
  await flyball.putPipeline({ params: { pipeline }, body: { steps } });
  const { id } = await flyball.startPipeline({ params: { pipeline }, body: {} });
  for (;;) {
    const run = await flyball.getPipelineRun({ params: { run: id } });
    if (run.state === 'succeeded') return run;
    if (run.endedAt !== null) throw new Error(`${pipeline} ${run.state}: ${JSON.stringify(run.steps)}`);
    await sleep(20);
  }
}

/** Seconds from the order to the end of a run, as the platform has them. */
export const secondsOf = ({ createdAt, endedAt }: PipelineRun): number =>
  (Date.parse(endedAt!) - Date.parse(createdAt)) / 1000;

/** Seconds that a step was running, and the most memory that its process had. */
export function stepSample(run: PipelineRun, id: string) {
  const step = run.steps.find((one) => one.id === id)!;
  const seconds = (Date.parse(step.endedAt!) - Date.parse(step.startedAt!)) / 1000;
  return { seconds, peakMemoryMb: step.maxRssMb ?? undefined, outputs: step.outputs };
}
