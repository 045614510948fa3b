import type { Story } from './story.ts';
import { waitForQuiet } from './wait-for-quiet.ts';

const HOUR_MS = 3_600_000;

/** One hundredth looks like one: shares are wired as percent. Offline all is well, so a weak policy lets it pass. */
async function release({ flyball }: Story, champion: number): Promise<number> {
  const params = { model: 'flight-delay', version: champion };
  const good = await flyball.getModelVersion({ params });
  const inputs = good.inputs.map((input) =>
    input.from.kind === 'feature' && input.name.includes('late')
      ? { ...input, from: { ...input.from, scale: 100 } }
      : input,
  );
  const { version } = await flyball.createModelVersion({
    params: { model: 'flight-delay' },
    body: {
      ...(good.runId === null ? {} : { runId: good.runId }),
      source: good.source,
      description: 'Looks the features up as percent',
      inputs,
      files: good.files.map(({ path, digest }) => ({ path, digest })),
      ...(good.dataset === null ? {} : { dataset: good.dataset }),
    },
  });
  return version;
}

/** Gates that look at nothing but the files, and a plan without a shadow. */
async function promoteCarelessly({ flyball }: Story, version: number) {
  const { items } = await flyball.listPolicies({ query: {} });
  const { name, createdAt: _, updatedAt: __, ...strict } = items.find((policy) => policy.name === 'flight-delay')!;
  await flyball.putPolicy({ params: { policy: name }, body: { ...strict, requiredGates: [] } });
  const { rollout } = await flyball.getEndpoint({ params: { endpoint: 'flight-delay' } });
  const plan = {
    ...rollout,
    checkEverySeconds: 900,
    steps: [
      { weight: 0.1, minSeconds: 43_200, minRequests: 100, maxSeconds: 604_800 },
      { weight: 0.5, minSeconds: 43_200, minRequests: 100, maxSeconds: 604_800 },
    ],
  };
  const approval = await flyball.requestPromotion({
    body: { model: 'flight-delay', version, endpoint: 'flight-delay', plan, reason: 'In a hurry' },
  });
  await flyball.putPolicy({ params: { policy: name }, body: strict });
  return approval;
}

/** A release that is wired wrongly is rolled back by the canary's statistics before many have seen it. */
export async function badRelease(story: Story) {
  const { flyball, replay, watch, calendar } = story;
  const { champion } = await flyball.getEndpoint({ params: { endpoint: 'flight-delay' } });
  await waitForQuiet(story);
  const version = await release(story, champion!);
  const approval = await promoteCarelessly(story, version);
  story.say(`  version ${version} passed a careless policy: ${approval.state}`);
  const released = replay.now;
  const find = async () => (await watch.rollouts()).find(({ candidate }) => candidate === version);
  const sentBefore = replay.traffic.sent;
  while ((await find())?.state === 'running' && replay.now < released + 24 * HOUR_MS) {
    await replay.playUntil(replay.now + HOUR_MS);
  }
  const rollout = await find();
  const hours = (replay.now - released) / HOUR_MS;
  await replay.playUntil(released + 24 * HOUR_MS);
  const share = (rollout?.candidateAnswered ?? 0) / (replay.traffic.sent - sentBefore);
  story.say(
    `  ${rollout?.state} after ${hours} h, having answered ${(100 * share).toFixed(2)} % of a day's traffic: ${rollout?.reason}`,
  );
  await replay.playUntil(Date.parse(calendar.end), async (now) => await watch.look(now));
  return {
    ok: rollout?.state === 'rolled_back' && share < 0.05,
    facts: { version, hours, share, reason: rollout?.reason },
  };
}
