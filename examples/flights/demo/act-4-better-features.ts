import path from 'node:path';
import { applyProject, loadProject } from '@flyball/sdk';
import { runPipeline } from './pipeline-run.ts';
import type { Story } from './story.ts';
import { waitForQuiet } from './wait-for-quiet.ts';

const improved = path.join(import.meta.dirname, '..', 'improved');

/**
 * A person brings features of the day; the challenger takes the same way, and then there is little left to retrain for.
 */
export async function betterFeatures(story: Story) {
  const { flyball, calendar, replay, watch } = story;
  await waitForQuiet(story);
  const changes = await applyProject(flyball, await loadProject(improved));
  for (const { definition, action } of changes) story.say(`  ${action}: ${definition.kind} ${definition.name}`);
  const before = await watch.facts();
  const run = await runPipeline(story, 'retrain');
  const version = Number(run.steps.find(({ id }) => id === 'register')?.outputs['version']);
  story.say(`  trained version ${version} with what is known about the day`);
  await replay.playUntil(Date.parse(calendar.badRelease), async (now) => await watch.look(now));
  const rollout = (await watch.rollouts()).find(({ candidate }) => candidate === version);
  const after = await watch.facts();
  const { champion } = await flyball.getEndpoint({ params: { endpoint: 'flight-delay' } });
  const { inputs } = await flyball.getModelVersion({ params: { model: 'flight-delay', version: champion! } });
  const served = inputs.some(({ from }) => from.kind === 'feature');
  return {
    ok: rollout?.state === 'promoted' && served,
    facts: {
      version,
      champion,
      retrainingsBefore: before.retrainings,
      retrainingsAfter: after.retrainings - before.retrainings,
    },
  };
}
