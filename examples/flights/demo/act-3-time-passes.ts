import type { Story } from './story.ts';

/** Weeks go by; the platform notices by itself what the labels say, and answers it by itself. */
export async function timePasses({ replay, watch, calendar }: Story) {
  await replay.playUntil(Date.parse(calendar.betterFeatures), async (now) => await watch.look(now));
  const facts = await watch.facts();
  return { ok: facts.alerts > 0 && facts.retrainings > 0, facts: { ...facts } };
}
