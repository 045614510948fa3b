import type { ExpectationInput } from '@flyball/api';

type Foreign = readonly [kind: string, parameters: Readonly<Record<string, unknown>>];

const columns = ['date', 'delay', 'distance', 'origin', 'destination', 'landed_at'];
const airport = '^[A-Z]{3}$';

/** The same promise twice: as we say it, and as Great Expectations says it. */
const rules: readonly (readonly [ExpectationInput, Foreign])[] = [
  [
    { kind: 'schema', columns: columns.map((name) => ({ name })), exact: true },
    ['ExpectTableColumnsToMatchSet', { column_set: columns, exact_match: true }],
  ],
  [{ kind: 'row_count', min: 1 }, ['ExpectTableRowCountToBeBetween', { min_value: 1 }]],
  ...columns.map((column): readonly [ExpectationInput, Foreign] => [
    { kind: 'not_null', column },
    ['ExpectColumnValuesToNotBeNull', { column }],
  ]),
  [
    { kind: 'between', column: 'delay', min: -120, max: 1800, mostly: 0.999 },
    ['ExpectColumnValuesToBeBetween', { column: 'delay', min_value: -120, max_value: 1800, mostly: 0.999 }],
  ],
  [
    { kind: 'between', column: 'distance', min: 20, max: 5200 },
    ['ExpectColumnValuesToBeBetween', { column: 'distance', min_value: 20, max_value: 5200 }],
  ],
  [
    { kind: 'mean', column: 'distance', min: 600, max: 850 },
    ['ExpectColumnMeanToBeBetween', { column: 'distance', min_value: 600, max_value: 850 }],
  ],
  [
    { kind: 'stdev', column: 'delay', min: 5, max: 90 },
    ['ExpectColumnStdevToBeBetween', { column: 'delay', min_value: 5, max_value: 90 }],
  ],
  [
    { kind: 'quantile', column: 'distance', quantile: 0.99, min: 0, max: 2800 },
    [
      'ExpectColumnQuantileValuesToBeBetween',
      { column: 'distance', quantile_ranges: { quantiles: [0.99], value_ranges: [[0, 2800]] } },
    ],
  ],
  [
    { kind: 'matches', column: 'origin', regex: airport },
    ['ExpectColumnValuesToMatchRegex', { column: 'origin', regex: airport }],
  ],
  [
    { kind: 'matches', column: 'destination', regex: airport },
    ['ExpectColumnValuesToMatchRegex', { column: 'destination', regex: airport }],
  ],
  [
    { kind: 'length_between', column: 'origin', min: 3, max: 3 },
    ['ExpectColumnValueLengthsToEqual', { column: 'origin', value: 3 }],
  ],
  [
    { kind: 'distinct_count', column: 'origin', min: 1, max: 400 },
    ['ExpectColumnUniqueValueCountToBeBetween', { column: 'origin', min_value: 1, max_value: 400 }],
  ],
  [
    { kind: 'pair_greater', columnA: 'landed_at', columnB: 'date' },
    ['ExpectColumnPairValuesAToBeGreaterThanB', { column_A: 'landed_at', column_B: 'date' }],
  ],
];

export const contract = rules.map(([ours]) => ours);
export const foreignContract = rules.map(([, foreign]) => foreign);
