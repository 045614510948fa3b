import { DatasetDefinition, type ExpectationInput } from '@flyball/api';
import { type Definition, makeDefinition } from './definition.ts';

type Rule<K extends ExpectationInput['kind']> = Extract<ExpectationInput, { kind: K }>;
type Options<K extends ExpectationInput['kind'], Given extends string> = Omit<Rule<K>, 'kind' | Given>;

/**
 * A dataset and what it promises. A batch that breaks a critical expectation never becomes a version.
 *
 * @example
 * export const flights = defineDataset({
 *   name: 'flights',
 *   timeColumn: 'date',
 *   expectations: [expectation.notNull('date'), expectation.between('delay', { min: -120, max: 1800, mostly: 0.999 })],
 * });
 */
export function defineDataset<const N extends string>(dataset: {
  readonly name: N;
  readonly description?: string;
  readonly timeColumn?: string;
  readonly expectations?: readonly ExpectationInput[];
}): Definition<'dataset', N> {
  return makeDefinition('dataset', dataset.name, DatasetDefinition, dataset);
}

/** The rules of a contract, by name. Every one takes `severity`; row rules also `mostly` and `where`. */
export const expectation = {
  notNull: (column: string, options: Options<'not_null', 'column'> = {}): ExpectationInput => ({
    kind: 'not_null',
    column,
    ...options,
  }),
  unique: (column: string, options: Options<'unique', 'column'> = {}): ExpectationInput => ({
    kind: 'unique',
    column,
    ...options,
  }),
  between: (column: string, options: Options<'between', 'column'>): ExpectationInput => ({
    kind: 'between',
    column,
    ...options,
  }),
  inSet: (
    column: string,
    values: Rule<'in_set'>['values'],
    options: Options<'in_set', 'column' | 'values'> = {},
  ): ExpectationInput => ({ kind: 'in_set', column, values, ...options }),
  matches: (
    column: string,
    regex: RegExp | string,
    options: Options<'matches', 'column' | 'regex'> = {},
  ): ExpectationInput => ({
    kind: 'matches',
    column,
    regex: typeof regex === 'string' ? regex : regex.source,
    ...options,
  }),
  lengthBetween: (column: string, options: Options<'length_between', 'column'>): ExpectationInput => ({
    kind: 'length_between',
    column,
    ...options,
  }),
  ofType: (column: string, type: string, options: Options<'of_type', 'column' | 'type'> = {}): ExpectationInput => ({
    kind: 'of_type',
    column,
    type,
    ...options,
  }),
  columns: (columns: Record<string, string>, options: Options<'schema', 'columns'> = {}): ExpectationInput => ({
    kind: 'schema',
    columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
    ...options,
  }),
  rowCount: (options: Options<'row_count', never>): ExpectationInput => ({ kind: 'row_count', ...options }),
  duplicateRows: (options: Options<'duplicate_rows', never> = {}): ExpectationInput => ({
    kind: 'duplicate_rows',
    ...options,
  }),
  compoundUnique: (
    columns: readonly string[],
    options: Options<'compound_unique', 'columns'> = {},
  ): ExpectationInput => ({ kind: 'compound_unique', columns: [...columns], ...options }),
  pairGreater: (
    columnA: string,
    columnB: string,
    options: Options<'pair_greater', 'columnA' | 'columnB'> = {},
  ): ExpectationInput => ({ kind: 'pair_greater', columnA, columnB, ...options }),
  fresh: (
    column: string,
    maxAgeSeconds: number,
    options: Options<'fresh', 'column' | 'maxAgeSeconds'> = {},
  ): ExpectationInput => ({ kind: 'fresh', column, maxAgeSeconds, ...options }),
  mean: (column: string, options: Options<'mean', 'column'>): ExpectationInput => ({
    kind: 'mean',
    column,
    ...options,
  }),
  stdev: (column: string, options: Options<'stdev', 'column'>): ExpectationInput => ({
    kind: 'stdev',
    column,
    ...options,
  }),
  quantile: (
    column: string,
    quantile: number,
    options: Options<'quantile', 'column' | 'quantile'>,
  ): ExpectationInput => ({ kind: 'quantile', column, quantile, ...options }),
  distinctCount: (column: string, options: Options<'distinct_count', 'column'>): ExpectationInput => ({
    kind: 'distinct_count',
    column,
    ...options,
  }),
  rows: (sql: string, options: Options<'expression', 'sql'> = {}): ExpectationInput => ({
    kind: 'expression',
    sql,
    ...options,
  }),
  sql: (sql: string, options: Options<'custom_sql', 'sql'> = {}): ExpectationInput => ({
    kind: 'custom_sql',
    sql,
    ...options,
  }),
} as const;
