import type { FeatureViewDefinition } from '@flyball/api';
import { KeyEvents, readFeatures } from './key-events.ts';
import { measured, planView, type ViewPlan } from './measures.ts';

/** The windows of one view over the newest events, for questions about now. */
export interface OnlineWindows {
  /** An event of a key. One that became known before it happened counts as known when it happened. */
  add(key: string, happenedMs: number, knownMs: number, row: Readonly<Record<string, number | null>>): void;
  /**
   * One value per feature of the view, in its order; NaN for none. Events that are not known at `atMs` do not exist.
   */
  read(key: string, atMs: number, into?: Float64Array): Float64Array;
  /** Forgets events that no question after this moment can reach. */
  expire(beforeMs: number): void;
  /** Events in memory. */
  readonly size: number;
}

class Windows implements OnlineWindows {
  readonly #plan: ViewPlan;
  readonly #keys = new Map<string, KeyEvents>();
  readonly #nothing = new KeyEvents(0);

  constructor(plan: ViewPlan) {
    this.#plan = plan;
  }

  get size(): number {
    let size = 0;
    for (const events of this.#keys.values()) size += events.end - events.start;
    return size;
  }

  add(key: string, happenedMs: number, knownMs: number, row: Readonly<Record<string, number | null>>): void {
    let events = this.#keys.get(key);
    if (events === undefined) {
      events = new KeyEvents(this.#plan.measures.length);
      this.#keys.set(key, events);
    }
    const values = this.#plan.measures.map((measure) => measured(measure, row));
    events.insert(happenedMs, Math.max(knownMs, happenedMs), values);
  }

  read(key: string, atMs: number, into = new Float64Array(this.#plan.features.length)): Float64Array {
    const events = this.#keys.get(key) ?? this.#nothing;
    const from = this.#plan.features.map(({ windowMs }) => events.knownBy(atMs - windowMs));
    readFeatures(this.#plan, events, { ms: atMs, to: events.knownBy(atMs), from }, into);
    return into;
  }

  expire(beforeMs: number): void {
    for (const [key, events] of this.#keys) {
      // The newest event stays as long as it says that the key is fresh.
      const last = events.known[events.end - 1]!;
      const reach = Math.max(this.#plan.longestMs, this.#plan.ttlMs);
      if (last <= beforeMs - reach) this.#keys.delete(key);
      else events.start = Math.min(events.knownBy(beforeMs - this.#plan.longestMs), events.end - 1);
    }
  }
}

/** Windows over events in memory, with exactly the meaning of the offline ones. */
export function createOnlineWindows(view: Pick<FeatureViewDefinition, 'features' | 'ttlSeconds'>): OnlineWindows {
  return new Windows(planView(view));
}
