import { invalidInput } from '@flyball/api';

export type AnalyticsValue = string | number | bigint | boolean | null | Date;

/**
 * One column of a result. What SQL calls a number arrives as a number (`BIGINT` as bigint), dates and timestamps as
 * milliseconds since 1970 in UTC, `BOOLEAN` as 0 or 1, everything else as text. A null is NaN, 0 or null in `values`.
 */
export interface AnalyticsColumn {
  name: string;
  /** The type's name in DuckDB. */
  type: string;
  values: Float64Array | Float32Array | Int32Array | BigInt64Array | Uint8Array | (string | null)[];
  /** 1 = not null. */
  valid: Uint8Array;
}

export interface WrittenParquet {
  readonly path: string;
  readonly rowCount: number;
  /** Smallest and largest value of a column as DuckDB writes it; null where no row has one. Long texts are cut. */
  range(column: string): { readonly min: string; readonly max: string } | null;
}

/** Some rows of doubles, column by column. */
export interface DoubleRows {
  readonly count: number;
  readonly columns: readonly Float64Array[];
}

/** Writes rows, at most as many as it is given, and returns how many. */
export type Transformation = (rows: DoubleRows, into: readonly Float64Array[]) => number;

export interface AnalyticsSession {
  /** A private folder of this run, the only one its SQL can touch. Removed when the run ends. */
  readonly scratch: string;
  /** Makes a local file readable for this run's SQL, under a plain file name. Returns the path to use in SQL. */
  attach(name: string, path: string): Promise<string>;
  /**
   * Rows for people and for JSON: integers as numbers (as text beyond 2^53), timestamps in ISO 8601, lists as arrays,
   * structs as objects, maps as arrays of `{ key, value }`, binary as base64.
   */
  rows(sql: string, params?: readonly AnalyticsValue[]): Promise<Record<string, unknown>[]>;
  /** Columns for computing. */
  columns(sql: string, params?: readonly AnalyticsValue[]): Promise<{ rowCount: number; columns: AnalyticsColumn[] }>;
  /**
   * Passes the rows of one SELECT of DOUBLEs through `work` in their order, a few thousand at a time, and keeps what it
   * writes as a new table of DOUBLEs. NaN stands for null on both sides. This process never holds all rows of either.
   */
  transform(sql: string, table: { name: string; columns: readonly string[] }, work: Transformation): Promise<void>;
  /** Changes this run's own tables and views, which vanish with it. */
  execute(sql: string, params?: readonly AnalyticsValue[]): Promise<void>;
  /** Writes the rows of one SELECT as a zstd-compressed Parquet file into `scratch`. */
  copyToParquet(sql: string, fileName: string): Promise<WrittenParquet>;
  /**
   * Throws `invalid_input` unless the text is exactly one harmless SELECT. Every SQL text that a user wrote or that has
   * a user's expression in it goes through here first: the sandbox guards files, this guards the process.
   */
  userSelect(sql: string): Promise<void>;
}

export interface AnalyticsJob {
  /** What people read when it fails: "profile of flights". */
  name: string;
  signal?: AbortSignal;
  memoryLimitMb?: number;
  threads?: number;
  timeoutMs?: number;
}

export interface Analytics {
  /** Runs some SQL in a sandbox of its own. Waits while too many others run. */
  run<T>(job: AnalyticsJob, work: (session: AnalyticsSession) => Promise<T>): Promise<T>;
  /** A sandbox whose tables and files stay from one use to the next; one after the other. */
  hold(job: AnalyticsJob): HeldAnalytics;
  /** Interrupts what runs and waits for its end; what is held ends too. */
  close(): Promise<void>;
}

export interface HeldAnalytics {
  /** An error has ended it, or somebody has closed it: its tables are gone. */
  readonly isClosed: boolean;
  /** Waits for its turn, and while too many others run; limits of time count from then. An error ends it. */
  use<T>(work: (session: AnalyticsSession) => Promise<T>): Promise<T>;
  /** Waits for what uses it. */
  close(): Promise<void>;
}

export function quoteIdentifier(name: string): string {
  return `"${refuseNul(name).replaceAll('"', '""')}"`;
}

export function quoteLiteral(value: string): string {
  return `'${refuseNul(value).replaceAll("'", "''")}'`;
}

function refuseNul(text: string): string {
  if (text.includes('\0'))
    throw invalidInput(`${JSON.stringify(text)} holds a NUL character, which SQL cannot express`);
  return text;
}
