import type { ColumnValues } from './spool-line.ts';

/** A request that was answered, waiting for the truth about its rows. */
export interface PendingRequest {
  readonly id: string;
  /** Number of its line in the log. */
  readonly sequence: number;
  readonly at: number;
  readonly rows: number;
  /** The inputs that labels bring back, by name; dropped when all rows have their labels. */
  columns: Readonly<Record<string, ColumnValues>> | null;
  /** What was answered, for a caller who asks again; null where nobody could. */
  readonly answer: KeptAnswer | null;
  /** 1 = the row has its label; null until one has. */
  labelled: Uint8Array | null;
  open: number;
}

export interface KeptAnswer {
  readonly version: number;
  readonly values: Float32Array;
  /** Of the inputs: the same id with others is another question. */
  readonly fingerprint: string;
}

export type LabelMatch =
  | { readonly kind: 'pending'; readonly request: PendingRequest; readonly row: number }
  | { readonly kind: 'repeated'; readonly request: PendingRequest }
  /** Older than what is remembered: only the log can tell. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unknown' };

const UNKNOWN: LabelMatch = { kind: 'unknown' };
const FORGOTTEN: LabelMatch = { kind: 'forgotten' };
const ROW = /^\d{1,9}$/;

/** The newest requests of an endpoint by id, up to a number of rows; labels find their predictions here. */
export class PendingPredictions {
  readonly #requests = new Map<string, PendingRequest>();
  readonly #maxRows: number;
  #rows = 0;
  #hasForgotten: boolean;

  /** `hasForgotten`: there were predictions before those that will be added. */
  constructor(maxRows: number, hasForgotten: boolean) {
    this.#maxRows = maxRows;
    this.#hasForgotten = hasForgotten;
  }

  get rows(): number {
    return this.#rows;
  }

  get(id: string): PendingRequest | undefined {
    return this.#requests.get(id);
  }

  add(request: Pick<PendingRequest, 'id' | 'sequence' | 'at' | 'rows' | 'columns' | 'answer'>): void {
    const { id, sequence, at, rows, columns, answer } = request;
    this.#requests.set(id, { id, sequence, at, rows, columns, answer, labelled: null, open: rows });
    this.#rows += rows;
    if (this.#rows > this.#maxRows) this.#forgetOldest();
  }

  /** What a label's id means. */
  match(id: string): LabelMatch {
    const dot = id.lastIndexOf('.');
    const row = id.slice(dot + 1);
    if (dot < 1 || !ROW.test(row) || String(Number(row)) !== row) return UNKNOWN;
    const request = this.#requests.get(id.slice(0, dot));
    if (request === undefined) return this.#hasForgotten ? FORGOTTEN : UNKNOWN;
    const index = Number(row);
    if (index >= request.rows) return UNKNOWN;
    return request.labelled?.[index] === 1 ? { kind: 'repeated', request } : { kind: 'pending', request, row: index };
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
    if (request.open === 0) request.columns = null;
  }

  /** Gives a remembered request the inputs that labels will bring back from now on. */
  refill(id: string, columns: PendingRequest['columns']): void {
    const request = this.#requests.get(id);
    if (request !== undefined && request.open > 0) request.columns = columns;
  }

  #forgetOldest(): void {
    for (const [id, { rows }] of this.#requests) {
      if (this.#rows <= this.#maxRows) return;
      this.#requests.delete(id);
      this.#rows -= rows;
      this.#hasForgotten = true;
    }
  }
}
