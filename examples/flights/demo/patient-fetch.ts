import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 60_000;
const PAUSE_MS = 200;

const isRefused = (error: unknown): boolean =>
  error instanceof Error && (error.cause as { code?: string } | undefined)?.code === 'ECONNREFUSED';

/**
 * `fetch` for a server that may be restarted under it: repeats what surely was not done, because nobody listened or the
 * answer was 503, and what may be done twice, because it only reads or sets.
 */
export const patientFetch: typeof fetch = async (input, init = {}) => {
  const isHarmless = ['GET', 'PUT'].includes(init.method ?? 'GET') || String(input).endsWith('/watermark');
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    try {
      const answer = await fetch(input, init);
      if (answer.status !== 503 || Date.now() > deadline) return answer;
    } catch (error) {
      if (Date.now() > deadline || !(isHarmless || isRefused(error))) throw error;
    }
  }
};
