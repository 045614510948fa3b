import type { Story } from './story.ts';

const DAY_MS = 86_400_000;

/** One rollout at a time: whoever wants to start another gives the one under way its days. */
export async function waitForQuiet({ flyball, replay, watch }: Story): Promise<void> {
  for (let day = 0; day < 14; day++) {
    const { activeRollout } = await flyball.getEndpoint({ params: { endpoint: 'flight-delay' } });
    if (activeRollout === null) return;
    await replay.playUntil(replay.now + DAY_MS, async (now) => await watch.look(now));
  }
}
