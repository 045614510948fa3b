import { Agent, request } from 'node:http';

export interface Call {
  readonly path: string;
  readonly body: string;
}

export interface Slice {
  readonly calls: number;
  readonly seconds: number;
  readonly failures: number;
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[];
}

function post(agent: Agent, base: URL, { path, body }: Call): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        hostname: base.hostname,
        port: base.port,
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
        answer.once('error', reject);
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Many clients, each sending one call after the other over its own connection, for some time. */
export async function load(
  url: string,
  clients: number,
  milliseconds: number,
  next: (client: number) => Call,
): Promise<Slice> {
  const base = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const latencies: number[] = [];
  let failures = 0;
  const start = performance.now();
  const one = async (client: number): Promise<void> => {
    while (performance.now() - start < milliseconds) {
      const at = performance.now();
      if ((await post(agent, base, next(client))) !== 200) failures++;
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => one(client)));
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  return { calls: latencies.length, seconds, failures, latencies: latencies.toSorted((a, b) => a - b) };
}
