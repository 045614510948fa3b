import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const API = '/api/2.0/mlflow';
const LOGGERS = 8;
const SEARCHERS = 2;
const CARRIERS = 2;
const PAGES = 8;
const BATCH = 500;
const ARTIFACT_BYTES = 4 * 1024 * 1024;
/** People do not ask without a pause, nor do training loops log without one. */
const PAUSE_MS = { log: 20, search: 100, carry: 200, page: 2_000 } as const;
const CONTENTS = 23;
const MOST_ERRORS = 1_000;

const filters = [
  ['metrics.loss < 0.5', 'metrics.loss ASC'],
  ["params.lr = '0.01'", 'start_time DESC'],
  ["tags.team LIKE 'a%' AND metrics.loss > 0", 'params.lr DESC'],
  ['', 'metrics.accuracy DESC'],
] as const;

export type Counts = Record<'metrics' | 'batches' | 'searches' | 'uploads' | 'downloads' | 'events' | 'curves', number>;

const nothing = (): Counts => ({
  metrics: 0,
  batches: 0,
  searches: 0,
  uploads: 0,
  downloads: 0,
  events: 0,
  curves: 0,
});

/** Clients of all kinds at once; whatever does not succeed is an error, and nothing is repeated. */
export class Soak {
  readonly #url: string;
  readonly #experiment: string;
  readonly #runs: readonly string[];
  readonly #contents = Array.from({ length: CONTENTS }, () => new Uint8Array(randomBytes(ARTIFACT_BYTES)));
  #counts = nothing();
  #errors: string[] = [];
  #isOver = false;
  #step = 0;

  private constructor(url: string, experiment: string, runs: readonly string[]) {
    this.#url = url;
    this.#experiment = experiment;
    this.#runs = runs;
  }

  static async prepare(url: string): Promise<Soak> {
    const post = async <T>(path: string, body: object): Promise<T> => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}${API}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await answer.json()) as T;
    };
    const { experiment_id: experiment } = await post<{ experiment_id: string }>('/experiments/create', {
      name: 'soak',
    });
    const runs: string[] = [];
    for (let i = 0; i < LOGGERS; i++) {
      const { run } = await post<{ run: { info: { run_id: string } } }>('/runs/create', {
        experiment_id: experiment,
        tags: [{ key: 'team', value: `a${i}` }],
      });
      const run_id = run.info.run_id;
      await post('/runs/log-parameter', { run_id, key: 'lr', value: `0.0${i}` });
      runs.push(run_id);
    }
    return new Soak(url, experiment, runs);
  }

  async run(milliseconds: number) {
    this.#counts = nothing();
    this.#errors = [];
    this.#isOver = false;
    const began = performance.now();
    const many = (count: number, pauseMs: number, work: (i: number) => Promise<void>) =>
      Array.from({ length: count }, async (_, i) => {
        while (!this.#isOver) {
          await work(i).catch((error: unknown) => this.#fail(error));
          await sleep(pauseMs);
        }
      });
    const leave = new AbortController();
    const clients = [
      ...many(LOGGERS, PAUSE_MS.log, (i) => this.#log(i)),
      ...many(SEARCHERS, PAUSE_MS.search, () => this.#search()),
      ...many(CARRIERS, PAUSE_MS.carry, (i) => this.#carry(i)),
      ...many(PAGES, PAUSE_MS.page, (i) => this.#draw(i)),
      ...Array.from({ length: PAGES }, async () => await this.#follow(leave.signal)),
    ];
    await sleep(milliseconds);
    this.#isOver = true;
    leave.abort();
    await Promise.all(clients);
    return { seconds: (performance.now() - began) / 1000, counts: this.#counts, errors: this.#errors };
  }

  #fail(error: unknown): void {
    if (this.#errors.length >= MOST_ERRORS) return;
    const cause = error instanceof Error && error.cause !== undefined ? ` (${String(error.cause)})` : '';
    this.#errors.push(`${String(error)}${cause}`);
  }

  async #ask(method: string, path: string, body?: object | Uint8Array<ArrayBuffer>): Promise<Response> {
    const isBytes = body instanceof Uint8Array;
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
      headers: body === undefined || isBytes ? {} : { 'content-type': 'application/json' },
    });
    if (answer.ok) return answer;
    throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  }

  async #log(i: number): Promise<void> {
    const run_id = this.#runs[i];
    const at = (step: number) => ({ timestamp: 1_700_000_000_000 + step, step });
    const step = this.#step++;
    await (
      await this.#ask('POST', `${API}/runs/log-metric`, { run_id, key: 'loss', value: 1 / (step + 1), ...at(step) })
    ).json();
    this.#counts.metrics++;
    if (step % 50 !== 0) return;
    const metrics = Array.from({ length: BATCH }, (_, k) => ({
      key: k % 2 === 0 ? 'accuracy' : 'norm',
      value: Math.sin(step + k),
      ...at(step * BATCH + k),
    }));
    await (await this.#ask('POST', `${API}/runs/log-batch`, { run_id, metrics })).json();
    this.#counts.batches++;
  }

  async #search(): Promise<void> {
    const [filter, order] = filters[this.#counts.searches % filters.length]!;
    const body = { experiment_ids: [this.#experiment], filter, order_by: [order], max_results: 100 };
    await (await this.#ask('POST', `${API}/runs/search`, body)).json();
    this.#counts.searches++;
  }

  /** An artifact there and back; the same contents again and again: the disk of a long soak has an end. */
  async #carry(i: number): Promise<void> {
    const bytes = this.#contents[this.#counts.uploads % CONTENTS]!;
    const place = `${this.#experiment}/${this.#runs[i]}/artifacts/model-${this.#counts.uploads % 5}-${i}.bin`;
    const path = `/api/2.0/mlflow-artifacts/artifacts/${place}`;
    await (await this.#ask('PUT', path, bytes)).text();
    this.#counts.uploads++;
    const found = new Uint8Array(await (await this.#ask('GET', path)).arrayBuffer());
    this.#counts.downloads++;
    const digest = (of: Uint8Array) => createHash('sha256').update(of).digest('hex');
    if (digest(found) !== digest(bytes)) throw new Error(`${path} came back with other bytes`);
  }

  /** What an open page of a run asks for. */
  async #draw(i: number): Promise<void> {
    const run = `/api/v1/projects/default/runs/${this.#runs[i]}`;
    await (await this.#ask('GET', run)).json();
    await (await this.#ask('GET', `${run}/metrics?maxPoints=1000`)).json();
    this.#counts.curves++;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      const answer = await fetch(`${this.#url}/api/v1/projects/default/events`, { signal });
      if (!answer.ok || answer.body === null) throw new Error(`Live events: ${answer.status}`);
      const decoder = new TextDecoder();
      for await (const chunk of answer.body) {
        this.#counts.events += decoder.decode(chunk, { stream: true }).split('event: ').length - 1;
      }
      if (!this.#isOver) throw new Error('The live events ended');
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }
}
