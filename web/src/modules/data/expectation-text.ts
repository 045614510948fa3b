import type { Expectation } from '@flyball/api';

type Bounds = { readonly min?: number | string | undefined; readonly max?: number | string | undefined };

function boundsText({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return `between ${min} and ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? 'anything' : `at most ${max}`;
}

const list = (values: readonly unknown[]): string => values.map(String).join(', ');

function demand(rule: Expectation): string {
  switch (rule.kind) {
    case 'not_null':
      return `${rule.column} is never missing`;
    case 'null':
      return `${rule.column} is always missing`;
    case 'unique':
      return `${rule.column} never repeats`;
    case 'between':
    case 'mean':
    case 'stdev':
    case 'sum':
    case 'distinct_count':
      return `${rule.column}: ${boundsText(rule)}`;
    case 'length_between':
      return `${rule.column}: as many characters as ${boundsText(rule)}`;
    case 'quantile':
      return `${rule.column}: quantile ${rule.quantile} ${boundsText(rule)}`;
    case 'in_set':
      return `${rule.column} is one of ${list(rule.values)}`;
    case 'not_in_set':
      return `${rule.column} is none of ${list(rule.values)}`;
    case 'matches':
      return `${rule.column} fits ${rule.regex}`;
    case 'not_matches':
      return `${rule.column} does not fit ${rule.regex}`;
    case 'expression':
    case 'custom_sql':
      return rule.sql;
    case 'pair_greater':
      return `${rule.columnA} is greater than ${rule.columnB}${rule.orEqual ? ', or equal' : ''}`;
    case 'pair_equal':
      return `${rule.columnA} equals ${rule.columnB}`;
    case 'compound_unique':
      return `${list(rule.columns)} together never repeat`;
    case 'duplicate_rows':
      return `at most ${100 * rule.maxShare} % of the rows are copies`;
    case 'of_type':
      return `${rule.column} is ${rule.type}`;
    case 'schema':
      return list(rule.columns.map(({ name, type }) => (type === undefined ? name : `${name} ${type}`)));
    case 'row_count':
      return boundsText(rule);
    case 'fresh':
      return `the newest ${rule.column} is at most ${rule.maxAgeSeconds / 3600} h old`;
  }
}

/** What an expectation demands, in words. */
export function expectationText(rule: Expectation): string {
  const some = 'mostly' in rule && rule.mostly < 1 ? `, for at least ${100 * rule.mostly} % of the rows` : '';
  const where = 'where' in rule && rule.where !== undefined ? `, where ${rule.where}` : '';
  return `${demand(rule)}${some}${where}`;
}
