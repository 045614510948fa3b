import type { Story } from './story.ts';
import { Watch } from './watch.ts';

/** Weeks go by; the platform notices by itself what the labels say, and answers it by itself. */
export async function timePasses(story: Story) {
  const watch = new Watch(story);
  await story.replay.playUntil(Date.parse(story.calendar.betterFeatures), async (now) => await watch.look(now));
  const facts = await watch.facts();
  return { ok: facts.alerts > 0 && facts.retrainings > 0, facts: { ...facts } };
}
