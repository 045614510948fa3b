import type { FeatureViewDefinition } from '@flyball/api';
import { measured, type PlannedFeature, planView, type ViewPlan } from './measures.ts';

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

const FIRST_CAPACITY = 16;

/** Events of one key in the order in which they became known, with running sums. */
class KeyEvents {
  known: Float64Array = new Float64Array(FIRST_CAPACITY);
  happened: Float64Array = new Float64Array(FIRST_CAPACITY);
  readonly values: Float64Array[];
  /** Sums and counts over all events before a position. */
  readonly sums: Float64Array[];
  readonly counts: Float64Array[];
  start = 0;
  end = 0;

  constructor(measures: number) {
    const columns = (extra: number) => Array.from({ length: measures }, () => new Float64Array(FIRST_CAPACITY + extra));
    this.values = columns(0);
    this.sums = columns(1);
    this.counts = columns(1);
  }

  /** How many events were known at a moment, counted from position 0. */
  knownBy(atMs: number): number {
    let low = this.start;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.known[middle]! <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(happened: number, known: number, values: readonly number[]): void {
    if (this.end === this.known.length) this.#makeRoom();
    const at = this.knownBy(known);
    for (const column of [this.known, this.happened, ...this.values]) column.copyWithin(at + 1, at, this.end);
    this.known[at] = known;
    this.happened[at] = happened;
    for (const [m, value] of values.entries()) this.values[m]![at] = value;
    this.end++;
    this.#sumFrom(at);
  }

  #sumFrom(at: number): void {
    for (let m = 0; m < this.values.length; m++) {
      const [values, sums, counts] = [this.values[m]!, this.sums[m]!, this.counts[m]!];
      for (let i = at; i < this.end; i++) {
        const value = values[i]!;
        const missing = Number.isNaN(value);
        sums[i + 1] = sums[i]! + (missing ? 0 : value);
        counts[i + 1] = counts[i]! + (missing ? 0 : 1);
      }
    }
  }

  /** Moves the events to the front, and into longer columns when they fill most of the room. */
  #makeRoom(): void {
    const length = this.end - this.start;
    const capacity = length * 2 > this.known.length ? this.known.length * 2 : this.known.length;
    const moved = (column: Float64Array, extra = 0): Float64Array => {
      const fresh = new Float64Array(capacity + extra);
      fresh.set(column.subarray(this.start, this.end + extra));
      return fresh;
    };
    this.known = moved(this.known);
    this.happened = moved(this.happened);
    for (let m = 0; m < this.values.length; m++) {
      this.values[m] = moved(this.values[m]!);
      this.sums[m] = moved(this.sums[m]!, 1);
      this.counts[m] = moved(this.counts[m]!, 1);
    }
    this.start = 0;
    this.end = length;
  }
}

/** Minimum, maximum or newest value in a range; NaN when there is none. */
function scan(aggregate: PlannedFeature['aggregate'], values: Float64Array, from: number, to: number): number {
  let found = Number.NaN;
  for (let i = to - 1; i >= from; i--) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    if (aggregate === 'last') return value;
    if (Number.isNaN(found) || (aggregate === 'min' ? value < found : value > found)) found = value;
  }
  return found;
}

function knownClock(feature: PlannedFeature, events: KeyEvents, from: number, to: number): number {
  const { aggregate, measure } = feature;
  if (measure < 0) return to - from;
  const count = events.counts[measure]![to]! - events.counts[measure]![from]!;
  if (aggregate === 'count') return count;
  if (count === 0) return Number.NaN;
  if (aggregate !== 'sum' && aggregate !== 'mean') return scan(aggregate, events.values[measure]!, from, to);
  const sum = events.sums[measure]![to]! - events.sums[measure]![from]!;
  return aggregate === 'sum' ? sum : sum / count;
}

/** What happened in the window, as far as it is known: known events whose other clock is in the window too. */
function happenedClock(feature: PlannedFeature, events: KeyEvents, from: number, to: number, atMs: number): number {
  const { aggregate, measure, windowMs } = feature;
  const chosen: number[] = [];
  for (let i = from; i < to; i++) {
    const happened = events.happened[i]!;
    if (happened > atMs - windowMs && happened <= atMs) chosen.push(measure < 0 ? 1 : events.values[measure]![i]!);
  }
  const present = chosen.filter((value) => !Number.isNaN(value));
  if (aggregate === 'count') return present.length;
  if (present.length === 0) return Number.NaN;
  const sum = present.reduce((total, value) => total + value, 0);
  if (aggregate === 'sum') return sum;
  if (aggregate === 'mean') return sum / present.length;
  return scan(aggregate, Float64Array.from(present), 0, present.length);
}

class Windows implements OnlineWindows {
  readonly #plan: ViewPlan;
  readonly #keys = new Map<string, KeyEvents>();

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
    const { features, ttlMs } = this.#plan;
    const events = this.#keys.get(key);
    const to = events === undefined ? 0 : events.knownBy(atMs);
    const isKnown = events !== undefined && to > events.start;
    const isStale = ttlMs > 0 && !(isKnown && atMs - events.known[to - 1]! <= ttlMs);
    if (events === undefined || !isKnown || isStale) {
      for (const [f, { aggregate }] of features.entries()) into[f] = aggregate === 'count' && !isStale ? 0 : Number.NaN;
      return into;
    }
    for (const [f, feature] of features.entries()) {
      const from = events.knownBy(atMs - feature.windowMs);
      const aggregate = feature.clock === 'known' ? knownClock : happenedClock;
      into[f] = aggregate(feature, events, from, to, atMs);
    }
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

/**
 * Windows over events in memory, with exactly the meaning of the offline ones.
 *
 * Without a known event a count is 0 and everything else nothing; past its time to live nothing has a value.
 */
export function createOnlineWindows(view: Pick<FeatureViewDefinition, 'features' | 'ttlSeconds'>): OnlineWindows {
  return new Windows(planView(view));
}
