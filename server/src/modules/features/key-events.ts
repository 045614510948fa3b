import type { PlannedFeature, ViewPlan } from './measures.ts';

const FIRST_CAPACITY = 16;

/** Events of one key in the order in which they became known, with running sums. */
export class KeyEvents {
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

  insert(happened: number, known: number, values: ArrayLike<number>): void {
    if (this.isFull) this.#makeRoom();
    const isNewest = this.end === this.start || this.known[this.end - 1]! <= known;
    const at = isNewest ? this.end : this.knownBy(known);
    if (!isNewest) {
      for (const column of [this.known, this.happened, ...this.values]) column.copyWithin(at + 1, at, this.end);
    }
    this.known[at] = known;
    this.happened[at] = happened;
    for (let m = 0; m < this.values.length; m++) this.values[m]![at] = values[m]!;
    this.end++;
    this.#sumFrom(at);
  }

  /** As if no event had come yet. */
  clear(): void {
    this.start = 0;
    this.end = 0;
    for (const column of [...this.sums, ...this.counts]) column[0] = 0;
  }

  get isFull(): boolean {
    return this.end === this.known.length;
  }

  #sumFrom(at: number): void {
    for (let m = 0; m < this.values.length; m++) {
      const values = this.values[m]!;
      const sums = this.sums[m]!;
      const counts = this.counts[m]!;
      for (let i = at; i < this.end; i++) {
        const value = values[i]!;
        const isMissing = Number.isNaN(value);
        sums[i + 1] = sums[i]! + (isMissing ? 0 : value);
        counts[i + 1] = counts[i]! + (isMissing ? 0 : 1);
      }
    }
  }

  /** Moves the events to the front, and into longer columns when they fill most of the room. */
  #makeRoom(): void {
    const length = this.end - this.start;
    const capacity = length * 2 > this.known.length ? this.known.length * 2 : this.known.length;
    const moved = (column: Float64Array, extra = 0): Float64Array => {
      if (capacity === this.known.length) return column.copyWithin(0, this.start, this.end + extra);
      const longer = new Float64Array(capacity + extra);
      longer.set(column.subarray(this.start, this.end + extra));
      return longer;
    };
    for (let m = 0; m < this.values.length; m++) {
      this.values[m] = moved(this.values[m]!);
      this.sums[m] = moved(this.sums[m]!, 1);
      this.counts[m] = moved(this.counts[m]!, 1);
    }
    this.happened = moved(this.happened);
    this.known = moved(this.known);
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

/**
 * The features of a plan at a moment by when the first `to` events were known, `from` holding the first position in
 * each one's window; NaN for none. Without a known event a count is 0 and everything else nothing; past its time to
 * live nothing has a value.
 */
export function readFeatures(
  { features, ttlMs }: ViewPlan,
  events: KeyEvents,
  at: { readonly ms: number; readonly to: number; readonly from: ArrayLike<number> },
  into: Float64Array,
): void {
  const isKnown = at.to > events.start;
  const isStale = ttlMs > 0 && !(isKnown && at.ms - events.known[at.to - 1]! <= ttlMs);
  for (let f = 0; f < features.length; f++) {
    const feature = features[f]!;
    if (isStale) into[f] = Number.NaN;
    else if (!isKnown) into[f] = feature.aggregate === 'count' ? 0 : Number.NaN;
    else if (feature.clock === 'known') into[f] = knownClock(feature, events, at.from[f]!, at.to);
    else into[f] = happenedClock(feature, events, at.from[f]!, at.to, at.ms);
  }
}
