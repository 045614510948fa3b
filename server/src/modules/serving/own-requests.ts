import type { PendingRequest } from './pending-request.ts';

type Added = Pick<PendingRequest, 'sequence' | 'at' | 'rows' | 'columns'>;

const FIRST_CAPACITY = 1024;
const MAX_CAPACITY = 2 ** 20;
const ABSENT = -1;

/**
 * Requests by their number, for numbers that are given one after the other: a ring of plain arrays, because an object
 * and a place in a map for each cost a busy gateway a tenth of its time. A request becomes an object when its first
 * label arrives, and stops being one with its last.
 */
export class OwnRequests {
  readonly #prefix: string;
  #capacity = FIRST_CAPACITY;
  #sequences!: Float64Array;
  #moments!: Float64Array;
  /** -1 where there is none. */
  #rows!: Int32Array;
  #isDone!: Uint8Array;
  #columns!: PendingRequest['columns'][];
  #objects!: (PendingRequest | null)[];
  #last = 0;
  /** The oldest number that may be here, and the one after the newest. */
  #first = 1;
  #end = 1;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#allocate();
  }

  nextId(): string {
    return this.#prefix + (++this.#last).toString(36);
  }

  /** What an id that was given here, or will be, stands for; 0 for the ids of others. */
  numberOf(id: string): number {
    if (!id.startsWith(this.#prefix)) return 0;
    const digits = id.slice(this.#prefix.length);
    const number = Number.parseInt(digits, 36);
    return number > 0 && number.toString(36) === digits ? number : 0;
  }

  /** The line of the oldest request; infinity when there is none. */
  get oldestSequence(): number {
    this.#skipAbsent();
    return this.#first === this.#end ? Number.POSITIVE_INFINITY : this.#sequences[this.#slot(this.#first)]!;
  }

  /** Says how many rows were forgotten to make room. */
  add(number: number, { sequence, at, rows, columns }: Added): number {
    const forgotten = this.#makeRoom(number);
    if (this.#first === this.#end) this.#first = this.#end = number;
    // Answers overtake each other.
    if (number < this.#first) {
      if (this.#end - number > this.#capacity) return forgotten + rows;
      this.#first = number;
    }
    this.#end = Math.max(this.#end, number + 1);
    const slot = this.#slot(number);
    this.#sequences[slot] = sequence;
    this.#moments[slot] = at;
    this.#rows[slot] = rows;
    this.#columns[slot] = columns;
    return forgotten;
  }

  find(number: number): PendingRequest | undefined {
    if (number < this.#first || number >= this.#end) return undefined;
    const slot = this.#slot(number);
    if (this.#rows[slot] === ABSENT) return undefined;
    const kept = this.#objects[slot]!;
    if (kept !== null) return kept;
    const rows = this.#rows[slot]!;
    const isDone = this.#isDone[slot] === 1;
    const request: PendingRequest = {
      id: this.#prefix + number.toString(36),
      sequence: this.#sequences[slot]!,
      at: this.#moments[slot]!,
      rows,
      columns: this.#columns[slot]!,
      answer: null,
      labelled: isDone ? new Uint8Array(rows).fill(1) : null,
      open: isDone ? 0 : rows,
    };
    if (!isDone) this.#objects[slot] = request;
    return request;
  }

  /** All rows of a request have their labels: what is left to know is that. */
  finish(number: number): void {
    const slot = this.#slot(number);
    this.#isDone[slot] = 1;
    this.#columns[slot] = null;
    this.#objects[slot] = null;
  }

  /** Returns how many rows that were. */
  forgetOldest(): number {
    this.#skipAbsent();
    if (this.#first === this.#end) return 0;
    const slot = this.#slot(this.#first++);
    const rows = this.#rows[slot]!;
    this.#rows[slot] = ABSENT;
    this.#isDone[slot] = 0;
    this.#columns[slot] = null;
    this.#objects[slot] = null;
    return rows;
  }

  #slot(number: number): number {
    return number % this.#capacity;
  }

  /** Numbers whose requests failed. */
  #skipAbsent(): void {
    while (this.#first < this.#end && this.#rows[this.#slot(this.#first)] === ABSENT) this.#first++;
  }

  #makeRoom(number: number): number {
    let forgotten = 0;
    while (this.#isBeyond(number)) {
      if (this.#capacity < MAX_CAPACITY) this.#grow();
      else forgotten += this.forgetOldest();
    }
    return forgotten;
  }

  #isBeyond(number: number): boolean {
    if (number - this.#first < this.#capacity) return false;
    this.#skipAbsent();
    return this.#first < this.#end && number - this.#first >= this.#capacity;
  }

  #grow(): void {
    const before = this.#capacity;
    this.#capacity = before * 2;
    const [sequences, moments, rows, isDone] = [this.#sequences, this.#moments, this.#rows, this.#isDone];
    const [columns, objects] = [this.#columns, this.#objects];
    this.#allocate();
    for (let number = this.#first; number < this.#end; number++) {
      const [from, to] = [number % before, this.#slot(number)];
      this.#sequences[to] = sequences[from]!;
      this.#moments[to] = moments[from]!;
      this.#rows[to] = rows[from]!;
      this.#isDone[to] = isDone[from]!;
      this.#columns[to] = columns[from]!;
      this.#objects[to] = objects[from]!;
    }
  }

  #allocate(): void {
    const capacity = this.#capacity;
    this.#sequences = new Float64Array(capacity);
    this.#moments = new Float64Array(capacity);
    this.#rows = new Int32Array(capacity).fill(ABSENT);
    this.#isDone = new Uint8Array(capacity);
    this.#columns = new Array<PendingRequest['columns']>(capacity).fill(null);
    this.#objects = new Array<PendingRequest | null>(capacity).fill(null);
  }
}
