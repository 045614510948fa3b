import { setTimeout as sleep } from 'node:timers/promises';

/** What MLflow's client repeats: no answer at all, and these. */
const repeated = new Set([408, 429, 500, 502, 503, 504]);
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const LONGEST_TRY_MS = 30_000;
const GIVE_UP_MS = 180_000;

/** How often each way to fail was met on the way. */
export type Failures = Map<string, number>;

export interface PatientClient {
  readonly failures: Failures;
  /** The answer that acknowledges the request, after as many tries as it takes. */
  send(method: string, path: string, body?: object | Buffer): Promise<Response>;
  json<T>(method: string, path: string, body?: object): Promise<T>;
}

const causeOf = (error: unknown): string => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : String(cause);
};

async function attempt(url: string, method: string, body: object | Buffer | undefined): Promise<Response | string> {
  const isBytes = Buffer.isBuffer(body);
  try {
    const answer = await fetch(url, {
      method,
      signal: AbortSignal.timeout(LONGEST_TRY_MS),
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
      headers: body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
    });
    // What is not read to its end is not acknowledged.
    const bytes = await answer.arrayBuffer();
    if (repeated.has(answer.status)) return String(answer.status);
    return new Response(answer.status === 204 ? null : bytes, { status: answer.status });
  } catch (error) {
    return causeOf(error);
  }
}

/** Repeats requests as MLflow's client does, only faster. A refusal is an error: nothing here deserves one. */
export function createPatientClient(url: string): PatientClient {
  const failures: Failures = new Map();
  const send: PatientClient['send'] = async (method, path, body) => {
    const started = performance.now();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const answer = await attempt(`${url}${path}`, method, body);
      if (typeof answer !== 'string') {
        if (answer.ok) return answer;
        throw new Error(`${method} ${path} was refused with ${answer.status}: ${await answer.text()}`);
      }
      failures.set(answer, (failures.get(answer) ?? 0) + 1);
      if (performance.now() - started > GIVE_UP_MS) throw new Error(`${method} ${path}: ${answer}, for three minutes`);
      await sleep(pauseMs * (0.5 + Math.random() / 2));
    }
  };
  return {
    failures,
    send,
    json: async <T>(method: string, path: string, body?: object) =>
      (await (await send(method, path, body)).json()) as T,
  };
}
