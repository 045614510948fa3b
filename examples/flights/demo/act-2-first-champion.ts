import { setTimeout as sleep } from 'node:timers/promises';
import { runPipeline } from './pipeline-run.ts';
import type { Story } from './story.ts';

async function waitUntilServed({ gatewayUrl }: Story): Promise<void> {
  // A gateway that was restarted answers again after a moment.
  const isReady = async (): Promise<boolean> =>
    (await fetch(`${gatewayUrl}/v2/models/flight-delay/ready`).catch(() => null))?.ok === true;
  while (!(await isReady())) await sleep(50);
}

/** Trained on what a timetable knows, judged, approved by policy, deployed. */
export async function firstChampion(story: Story) {
  const run = await runPipeline(story, 'retrain');
  const output = (step: string): Record<string, unknown> => run.steps.find(({ id }) => id === step)?.outputs ?? {};
  const { champion } = await story.flyball.getEndpoint({ params: { endpoint: 'flight-delay' } });
  story.say(
    `  ${run.steps.length} steps; best of four windows: log loss ${Number(output('select')['metric']).toFixed(4)}`,
  );
  story.say(
    `  gates ${output('gates')['verdict']}, promotion ${output('promote')['state']}, champion: version ${champion}`,
  );
  if (champion !== null) await waitUntilServed(story);
  return { ok: champion !== null, facts: { champion, logLoss: output('select')['metric'] } };
}
