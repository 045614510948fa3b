import { OwnRequests } from './own-requests.ts';
import type { PendingRequest } from './pending-request.ts';

export type LabelMatch =
  | { readonly kind: 'pending'; readonly request: PendingRequest; readonly row: number }
  | { readonly kind: 'repeated' }
  /** Older than what is remembered: only the log can tell. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unknown' };

const REPEATED: LabelMatch = { kind: 'repeated' };
const UNKNOWN: LabelMatch = { kind: 'unknown' };
const FORGOTTEN: LabelMatch = { kind: 'forgotten' };
const ROW = /^\d{1,9}$/;

/**
 * The newest requests of an endpoint by id, up to a number of rows; labels find their predictions here. It also gives
 * the ids of requests that come without one.
 */
export class PendingPredictions {
  /** By the callers' ids, and by those that were given before a restart. */
  readonly #others = new Map<string, PendingRequest>();
  readonly #own: OwnRequests;
  readonly #maxRows: number;
  #rows = 0;
  #hasForgotten: boolean;

  /** `hasForgotten`: there were predictions before those that will be added. `prefix`: of the ids given here. */
  constructor(maxRows: number, hasForgotten: boolean, prefix: string) {
    this.#maxRows = maxRows;
    this.#hasForgotten = hasForgotten;
    this.#own = new OwnRequests(prefix);
  }

  get rows(): number {
    return this.#rows;
  }

  /** The caller's id where it is new, as far as is remembered, and cannot become one of ours; else one of ours. */
  idFor(given: string | undefined): string {
    const isFree = given !== undefined && !this.#others.has(given) && this.#own.numberOf(given) === 0;
    return isFree ? given : this.#own.nextId();
  }

  get(id: string): PendingRequest | undefined {
    const number = this.#own.numberOf(id);
    return number > 0 ? this.#own.find(number) : this.#others.get(id);
  }

  add(request: Pick<PendingRequest, 'id' | 'sequence' | 'at' | 'rows' | 'columns' | 'answer'>): void {
    const { id, sequence, at, rows, columns, answer } = request;
    this.#rows += rows;
    const number = this.#own.numberOf(id);
    if (number > 0) this.#noteForgotten(this.#own.add(number, request));
    else this.#others.set(id, { id, sequence, at, rows, columns, answer, labelled: null, open: rows });
    while (this.#rows > this.#maxRows) this.#noteForgotten(this.#forgetOldest());
  }

  /** What a label's id means. */
  match(id: string): LabelMatch {
    const dot = id.lastIndexOf('.');
    const row = id.slice(dot + 1);
    if (dot < 1 || !ROW.test(row) || String(Number(row)) !== row) return UNKNOWN;
    const request = this.get(id.slice(0, dot));
    if (request === undefined) return this.#hasForgotten ? FORGOTTEN : UNKNOWN;
    const index = Number(row);
    if (index >= request.rows) return UNKNOWN;
    return request.labelled?.[index] === 1 ? REPEATED : { kind: 'pending', request, row: index };
  }

  /** Remembers that a row has its label. */
  label(request: PendingRequest, row: number): void {
    request.labelled ??= new Uint8Array(request.rows);
    request.labelled[row] = 1;
    request.open--;
  }

  /** Takes that back: the label could not be written. */
  unlabel(request: PendingRequest, row: number): void {
    request.labelled![row] = 0;
    request.open++;
  }

  /** Lets go of the inputs of a request whose rows all have their labels. */
  release(request: PendingRequest): void {
    if (request.open > 0) return;
    request.columns = null;
    const number = this.#own.numberOf(request.id);
    if (number > 0) this.#own.finish(number);
  }

  /** Gives a remembered request the inputs that labels will bring back from now on. */
  refill(id: string, columns: PendingRequest['columns']): void {
    const request = this.get(id);
    if (request !== undefined && request.open > 0) request.columns = columns;
  }

  #noteForgotten(rows: number): void {
    this.#rows -= rows;
    if (rows > 0) this.#hasForgotten = true;
  }

  #forgetOldest(): number {
    if (this.#others.size === 0) return this.#own.forgetOldest();
    const [[id, { rows, sequence }]] = this.#others as unknown as [[string, PendingRequest]];
    if (this.#own.oldestSequence < sequence) return this.#own.forgetOldest();
    this.#others.delete(id);
    return rows;
  }
}
