import type { DoubleRows, Transformation } from '#platform/analytics/analytics';
import { KeyEvents, readFeatures } from './key-events.ts';
import { measuredValue, type ViewPlan } from './measures.ts';

/** What is swept: key, moment known, id of a question, then … */
export const SWEPT = ['k', 't', 'id'] as const;

const MOMENT = 1;

/** … the columns that measures are of, each once, and … */
export const measuredColumns = ({ measures }: ViewPlan): string[] => [...new Set(measures.map(({ column }) => column))];

/** … the moment when the event happened, if a feature asks for it. */
export const isHappenedAsked = ({ features }: ViewPlan): boolean => features.some(({ clock }) => clock === 'happened');

/**
 * Answers questions in one pass over events and questions by key and time, where what is known at a moment comes before
 * the questions of that moment. Holds the events of one key that a question can still reach, and has the meaning of the
 * online windows because it reads their events as they do.
 */
class Sweep {
  readonly #plan: ViewPlan;
  /** Position of each measure's column among the columns. */
  readonly #columns: readonly number[];
  readonly #happened: number;
  readonly #events: KeyEvents;
  readonly #values: Float64Array;
  readonly #answer: Float64Array;
  /** Per feature, how many of the events held are before its window. */
  readonly #before: Uint32Array;
  readonly #from: Uint32Array;
  #key = Number.NaN;

  constructor(plan: ViewPlan) {
    this.#plan = plan;
    const columns = measuredColumns(plan);
    this.#columns = plan.measures.map(({ column }) => SWEPT.length + columns.indexOf(column));
    this.#happened = isHappenedAsked(plan) ? SWEPT.length + columns.length : MOMENT;
    this.#events = new KeyEvents(plan.measures.length);
    this.#values = new Float64Array(plan.measures.length);
    this.#answer = new Float64Array(plan.features.length);
    this.#before = new Uint32Array(plan.features.length);
    this.#from = new Uint32Array(plan.features.length);
  }

  /** Writes the id and the features of each question. */
  pass({ count, columns }: DoubleRows, into: readonly Float64Array[]): number {
    const [keys, moments, ids] = columns as [Float64Array, Float64Array, Float64Array];
    let written = 0;
    for (let row = 0; row < count; row++) {
      if (keys[row] !== this.#key) this.#begin(keys[row]!);
      const id = ids[row]!;
      if (Number.isNaN(id)) {
        this.#add(columns, row);
        continue;
      }
      this.#read(moments[row]!);
      into[0]![written] = id;
      for (let f = 0; f < this.#answer.length; f++) into[f + 1]![written] = this.#answer[f]!;
      written++;
    }
    return written;
  }

  #begin(key: number): void {
    this.#key = key;
    this.#events.clear();
    this.#before.fill(0);
  }

  #add(columns: readonly Float64Array[], row: number): void {
    const { measures } = this.#plan;
    const moment = columns[MOMENT]![row]!;
    if (this.#events.isFull) this.#forget(this.#events.knownBy(moment - this.#plan.longestMs));
    for (let m = 0; m < measures.length; m++) {
      this.#values[m] = measuredValue(measures[m]!, columns[this.#columns[m]!]![row]!);
    }
    this.#events.insert(columns[this.#happened]![row]!, moment, this.#values);
  }

  #read(ms: number): void {
    const { features } = this.#plan;
    const { known, start, end } = this.#events;
    let reachable = end;
    for (let f = 0; f < features.length; f++) {
      let from = start + this.#before[f]!;
      while (from < end && known[from]! <= ms - features[f]!.windowMs) from++;
      this.#from[f] = from;
      this.#before[f] = from - start;
      reachable = Math.min(reachable, from);
    }
    readFeatures(this.#plan, this.#events, { ms, to: end, from: this.#from }, this.#answer);
    this.#forget(reachable);
  }

  /** Lets go of the events before a position, but for the newest, which says whether the key is fresh. */
  #forget(position: number): void {
    const { start, end } = this.#events;
    const count = Math.min(position, end - 1) - start;
    if (count <= 0) return;
    this.#events.start = start + count;
    for (let f = 0; f < this.#before.length; f++) this.#before[f] = Math.max(this.#before[f]! - count, 0);
  }
}

export function sweepWindows(plan: ViewPlan): Transformation {
  const sweep = new Sweep(plan);
  return (rows, into) => sweep.pass(rows, into);
}
