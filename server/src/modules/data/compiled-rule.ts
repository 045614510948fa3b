/** What a rule found. */
export interface Finding {
  readonly success: boolean;
  /** For people: "12 of 3000 rows". */
  readonly message: string;
  readonly observed?: unknown;
  readonly elementCount?: number;
  readonly missingCount?: number;
  readonly unexpectedCount?: number;
  readonly unexpectedShare?: number;
}

/** The rows that break a rule, as a whole SELECT over `data`. */
export interface FailingRows {
  readonly sql: string;
  /** What an example shows: one column's value, some columns, or the whole row. */
  readonly shown: readonly string[];
  /** Finding them takes as long as judging the rule did. */
  readonly isCostly?: boolean;
}

/**
 * A rule as SQL over the views `data` (the batch) and `earlier` (the rows the version had before, when there are any).
 * `terms` are aggregates over `data`, so that all rules share one scan; `query` is a SELECT of one row of its own.
 */
export type CompiledRule = {
  readonly judge: (values: readonly unknown[]) => Finding;
  readonly failing?: FailingRows;
} & ({ readonly terms: readonly string[] } | { readonly query: string });

/** A rule whose verdict needs no row. */
export const settled = (success: boolean, message: string, observed?: unknown): CompiledRule => ({
  terms: [],
  judge: () => ({ success, message, ...(observed === undefined ? {} : { observed }) }),
});

export const absent = (names: readonly string[]): CompiledRule =>
  settled(false, names.map((name) => `column ${name} is absent`).join('; '));

// Made when first needed: it takes longer than most modules take to load.
let digits: Intl.NumberFormat | undefined;

export function shownNumber(value: number): string {
  digits ??= new Intl.NumberFormat('en', { maximumSignificantDigits: 6, useGrouping: false });
  return digits.format(value);
}

interface Counts {
  readonly elements: number;
  readonly missing: number;
  readonly unexpected: number;
  readonly mostly: number;
}

/** Great Expectations' `mostly`: the share of those that are not missing; without any the rule holds. */
export function judgeRows({ elements, missing, unexpected, mostly }: Counts): Finding {
  const considered = elements - missing;
  const share = considered === 0 ? 0 : unexpected / considered;
  const success = considered === 0 || (considered - unexpected) / considered >= mostly;
  const allowed = mostly < 1 ? `; at most ${shownNumber((1 - mostly) * 100)} % may` : '';
  const message =
    unexpected === 0
      ? `none of ${considered} rows breaks it`
      : `${unexpected} of ${considered} rows (${shownNumber(share * 100)} %) break it${allowed}`;
  return {
    success,
    message,
    elementCount: elements,
    missingCount: missing,
    unexpectedCount: unexpected,
    unexpectedShare: share,
  };
}
