import { setTimeout as sleep } from 'node:timers/promises';
import type { Story } from './story.ts';

type Run = Awaited<ReturnType<Story['flyball']['getPipelineRun']>>;

const ended = new Set(['succeeded', 'failed', 'cancelled']);

/** Waits for a run of a pipeline and says how it went. */
export async function waitForRun({ flyball }: Story, id: string): Promise<Run> {
  for (;;) {
    const run = await flyball.getPipelineRun({ params: { run: id } });
    if (ended.has(run.state)) return run;
    await sleep(100);
  }
}

export async function runPipeline(story: Story, pipeline: string): Promise<Run> {
  const { id } = await story.flyball.startPipeline({ params: { pipeline }, body: {} });
  const run = await waitForRun(story, id);
  if (run.state !== 'succeeded') {
    const broken = run.steps.find(({ state }) => state === 'failed');
    throw new Error(`Pipeline ${pipeline} ${run.state} at ${broken?.id}: ${broken?.error}`);
  }
  return run;
}
