import type { PlatformError } from '@flyball/api';
import type { ColumnValues } from './spool-line.ts';

/** Rows to score, as a protocol has read and checked them: one column per input of the endpoint, in its order. */
export interface InferRequest {
  readonly rows: number;
  readonly columns: readonly ColumnValues[];
  /** The caller's id; predictions get it when it is new. */
  readonly id?: string | undefined;
  /** Event time in epoch ms; now when absent. */
  readonly at?: number | undefined;
  /** A version that must answer, past any split of the traffic. */
  readonly version?: number | undefined;
  readonly timeoutMs?: number | undefined;
  isAbandoned?(): boolean;
}

export interface InferAnswer {
  /** Rows are predictions `<id>.<row>`. */
  readonly id: string;
  readonly version: number;
  readonly values: Float32Array;
  /** The values as a JSON list. */
  readonly text: string;
}

export type InferDone = (error: PlatformError | null, answer: InferAnswer | null) => void;
