import type { Analytics, AnalyticsJob, AnalyticsSession, HeldAnalytics } from './analytics.ts';

const IDLE_MS = 60_000;

/**
 * Runs small pieces of one kind of work, one after the other, in a sandbox that stays open until nobody has needed it
 * for a while. The work removes what it leaves there; after an error the next piece gets a new sandbox.
 */
export class ReusedSandbox {
  readonly #analytics: Analytics;
  readonly #job: AnalyticsJob;
  readonly #idleMs: number;
  #held: HeldAnalytics | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(analytics: Analytics, job: AnalyticsJob, idleMs = IDLE_MS) {
    this.#analytics = analytics;
    this.#job = job;
    this.#idleMs = idleMs;
  }

  run<T>(work: (session: AnalyticsSession) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#use(work));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #use<T>(work: (session: AnalyticsSession) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    if (this.#held === undefined || this.#held.isClosed) this.#held = this.#analytics.hold(this.#job);
    const held = this.#held;
    try {
      return await held.use(work);
    } finally {
      this.#idle = setTimeout(() => void held.close().catch(() => undefined), this.#idleMs).unref();
    }
  }
}
