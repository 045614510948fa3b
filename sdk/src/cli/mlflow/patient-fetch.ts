import { setTimeout as sleep } from 'node:timers/promises';

/** Of servers that are busy, restart or are replaced. Not 500: MLflow says that of mistakes, too. */
const passing = new Set([408, 429, 502, 503, 504]);
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Half a minute of pauses in all: a restart is over by then. */
const MOST_TRIES = 7;

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** What is worth another try: no answer at all, or one that may pass. */
export async function withPatience(
  send: () => Promise<Response>,
  { tries = MOST_TRIES, firstPauseMs = FIRST_PAUSE_MS } = {},
): Promise<Response> {
  for (let tried = 1; ; tried++) {
    const pauseMs = firstPauseMs * 2 ** (tried - 1);
    try {
      const answer = await send();
      if (!passing.has(answer.status) || tried >= tries) return answer;
      await answer.body?.cancel();
      const asked = Number(answer.headers.get('retry-after') ?? 0) * 1000;
      await sleep(Math.min(Math.max(pauseMs, Number.isFinite(asked) ? asked : 0), LONGEST_PAUSE_MS));
    } catch (error) {
      // Not a deadline of ours, nor a mistake in what is sent.
      const isLost = error instanceof TypeError && codeOf(error.cause) !== 'ERR_INVALID_URL' && error.cause != null;
      if (!isLost || tried >= tries) throw error;
      await sleep(pauseMs);
    }
  }
}

/** `fetch` for calls that may be repeated: those whose body is no stream. */
export const patientFetch: typeof fetch = async (input, init) => {
  if (input instanceof Request || init?.body instanceof ReadableStream) return await fetch(input, init);
  return await withPatience(async () => await fetch(input, init));
};
