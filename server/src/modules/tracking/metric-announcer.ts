import type { Platform } from '#platform/platform';

const FLUSH_MS = 200;
const MOST_KEYS = 100;
/** When many runs log at the same time, each is told of less often. */
const MOST_RUNS = 20;

interface News {
  readonly project: string;
  readonly keys: Set<string>;
}

/**
 * Tells live pages that runs have new points: at most five times a second for each run, whatever the rate of logging.
 */
export class MetricAnnouncer {
  readonly #platform: Pick<Platform, 'database' | 'events' | 'log'>;
  readonly #news = new Map<string, News>();
  #timer: NodeJS.Timeout | undefined;
  #publishing: Promise<void> = Promise.resolve();

  constructor(platform: Pick<Platform, 'database' | 'events' | 'log'>) {
    this.#platform = platform;
  }

  add(project: string, runId: string, keys: Iterable<string>): void {
    let news = this.#news.get(runId);
    if (news === undefined) {
      news = { project, keys: new Set() };
      this.#news.set(runId, news);
    }
    for (const key of keys) {
      if (news.keys.size >= MOST_KEYS) break;
      news.keys.add(key);
    }
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** Waits for what is being told. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#publishing;
    await this.#publish([...this.#news]);
    this.#news.clear();
  }

  #flush(): void {
    const batch = [...this.#news].slice(0, MOST_RUNS);
    for (const [runId] of batch) this.#news.delete(runId);
    this.#publishing = this.#publish(batch).finally(() => {
      this.#timer = this.#news.size > 0 ? setTimeout(() => this.#flush(), FLUSH_MS) : undefined;
    });
  }

  async #publish(batch: readonly (readonly [string, News])[]): Promise<void> {
    if (batch.length === 0) return;
    const { database, events, log } = this.#platform;
    try {
      await database.transaction(async (trx) => {
        for (const [runId, { project, keys }] of batch) {
          await events.publish(trx, { project, name: 'tracking.metrics-logged', payload: { runId, keys: [...keys] } });
        }
      });
    } catch (error) {
      // Points are durable already; a page that missed the news shows them when it is next told.
      log.warn({ err: error }, 'live metrics could not be announced');
    }
  }
}
