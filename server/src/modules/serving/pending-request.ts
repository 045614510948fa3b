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
