import type { Expectation } from '@flyball/api';
import { quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import { type Column, familyOf, findColumn } from './column-type.ts';
import { absent, type CompiledRule, judgeRows, settled } from './compiled-rule.ts';
import { comparableSql, numberSql } from './sql-value.ts';

type Rule<K extends Expectation['kind']> = Extract<Expectation, { kind: K }>;
export type RowRule = Rule<
  | 'not_null'
  | 'null'
  | 'between'
  | 'in_set'
  | 'not_in_set'
  | 'matches'
  | 'not_matches'
  | 'length_between'
  | 'expression'
  | 'pair_greater'
  | 'pair_equal'
>;

/** Conditions that are true or false, never null. */
interface RowCondition {
  /** Such rows are not considered. */
  readonly missing: string;
  readonly holds: string;
  readonly shown: readonly string[];
}

/** A value that is not there; of floating point numbers also the one that is not a number, as pandas writes them. */
export function missingSql(column: Column): string {
  const name = quoteIdentifier(column.name);
  return familyOf(column.type) === 'float' ? `(${name} IS NULL OR isnan(${name}))` : `(${name} IS NULL)`;
}

/** A user's expression in brackets of its own; the line break ends a comment. */
const bracketed = (sql: string): string => `(\n${sql}\n)`;

/** The rows a rule looks at, as a condition; empty for all of them. */
export const whereSql = (where: string | undefined): string =>
  where === undefined ? '' : `coalesce(${bracketed(where)}, false)`;

export function compileRowRule(rule: RowRule, columns: readonly Column[]): CompiledRule {
  const names = columnNames(rule);
  const found = names.map((name) => findColumn(columns, name));
  const lacking = names.filter((_, i) => found[i] === undefined);
  if (lacking.length > 0) return absent(lacking);
  const condition = conditionOf(
    rule,
    found.filter((column) => column !== undefined),
  );
  return typeof condition === 'string' ? settled(false, condition) : fromCondition(rule, condition);
}

function columnNames(rule: RowRule): string[] {
  if (rule.kind === 'expression') return [];
  if (rule.kind === 'pair_greater' || rule.kind === 'pair_equal') return [rule.columnA, rule.columnB];
  return [rule.column];
}

function fromCondition(rule: RowRule, { missing, holds, shown }: RowCondition): CompiledRule {
  const where = whereSql(rule.where);
  const filter = (...conditions: string[]) => {
    const given = [where, ...conditions].filter((condition) => condition !== '');
    return given.length === 0 ? 'count(*)' : `count(*) FILTER (WHERE ${given.join(' AND ')})`;
  };
  const broken = [where, `NOT ${missing}`, `NOT ${holds}`].filter((condition) => condition !== '').join(' AND ');
  return {
    terms: [filter(), filter(missing), filter(`NOT ${missing}`, `NOT ${holds}`)],
    judge: ([elements, absentCount, unexpected]) =>
      judgeRows({
        elements: Number(elements),
        missing: Number(absentCount),
        unexpected: Number(unexpected),
        mostly: rule.mostly,
      }),
    failing: { sql: `SELECT * FROM data WHERE ${broken}`, shown },
  };
}

/** The condition, or why the rule cannot be asked of such columns. */
function conditionOf(rule: RowRule, columns: readonly Column[]): RowCondition | string {
  if (rule.kind === 'expression') {
    const sql = bracketed(rule.sql);
    return { missing: `(${sql} IS NULL)`, holds: `coalesce(CAST(${sql} AS BOOLEAN), false)`, shown: [] };
  }
  if (rule.kind === 'pair_greater' || rule.kind === 'pair_equal') return pairCondition(rule, columns[0]!, columns[1]!);
  return columnCondition(rule, columns[0]!);
}

function pairCondition(rule: Rule<'pair_greater' | 'pair_equal'>, a: Column, b: Column): RowCondition {
  const greater = rule.kind === 'pair_greater' && rule.orEqual ? '>=' : '>';
  const operator = rule.kind === 'pair_equal' ? '=' : greater;
  const [left, right] = [quoteIdentifier(a.name), quoteIdentifier(b.name)];
  // A pair with one side missing is considered, and breaks the rule.
  const whole = `NOT ${missingSql(a)} AND NOT ${missingSql(b)}`;
  return {
    missing: `(${missingSql(a)} AND ${missingSql(b)})`,
    holds: `(${whole} AND coalesce(${left} ${operator} ${right}, false))`,
    shown: [a.name, b.name],
  };
}

type ColumnRule = Exclude<RowRule, Rule<'expression' | 'pair_greater' | 'pair_equal'>>;

function columnCondition(rule: ColumnRule, column: Column): RowCondition | string {
  const missing = missingSql(column);
  if (rule.kind === 'not_null') return { missing: 'false', holds: `(NOT ${missing})`, shown: [column.name] };
  if (rule.kind === 'null') return { missing: 'false', holds: missing, shown: [column.name] };
  const holds = holdsSql(rule, column);
  return holds.startsWith('!') ? holds.slice(1) : { missing, holds: `coalesce(${holds}, false)`, shown: [column.name] };
}

/** The condition, or after "!" why there is none. */
function holdsSql(rule: Exclude<ColumnRule, Rule<'not_null' | 'null'>>, column: Column): string {
  const name = quoteIdentifier(column.name);
  switch (rule.kind) {
    case 'between':
      return betweenSql(rule, column, name);
    case 'in_set':
      return inSetSql(rule.values, column, name);
    case 'not_in_set':
      return `(NOT ${inSetSql(rule.values, column, name)})`;
    case 'matches':
      return `regexp_matches(${textSql(column, name)}, ${quoteLiteral(rule.regex)})`;
    case 'not_matches':
      return `(NOT regexp_matches(${textSql(column, name)}, ${quoteLiteral(rule.regex)}))`;
    case 'length_between':
      return within(lengthSql(column, name), [
        ['>=', rule.min === undefined ? undefined : numberSql(rule.min)],
        ['<=', rule.max === undefined ? undefined : numberSql(rule.max)],
      ]);
  }
}

function betweenSql(rule: Rule<'between'>, column: Column, name: string): string {
  const bounds: [string, string | undefined][] = [];
  for (const [value, operator] of [
    [rule.min, rule.strictMin ? '>' : '>='],
    [rule.max, rule.strictMax ? '<' : '<='],
  ] as const) {
    if (value === undefined) continue;
    const bound = comparableSql(column.type, value);
    if (bound === null) {
      return `!column ${column.name} is ${column.type}, which cannot be compared with ${JSON.stringify(value)}`;
    }
    bounds.push([operator, bound]);
  }
  return within(name, bounds);
}

function within(value: string, bounds: readonly [operator: string, bound: string | undefined][]): string {
  const parts = bounds
    .filter(([, bound]) => bound !== undefined)
    .map(([operator, bound]) => `${value} ${operator} ${bound}`);
  return parts.length === 0 ? 'true' : `(${parts.join(' AND ')})`;
}

/** Values of another type than the column's are in no set of it. */
function inSetSql(values: readonly (string | number | boolean)[], column: Column, name: string): string {
  const comparable = values.map((value) => memberSql(column, value)).filter((value) => value !== null);
  return comparable.length === 0 ? 'false' : `coalesce(${name} IN (${comparable.join(', ')}), false)`;
}

function memberSql(column: Column, value: string | number | boolean): string | null {
  const isText = typeof value === 'string';
  const family = familyOf(column.type);
  if (isText && ['integer', 'decimal', 'float'].includes(family)) return null;
  if (isText && (family === 'date' || family === 'timestamp')) {
    return `TRY_CAST(${quoteLiteral(value)} AS ${column.type})`;
  }
  return comparableSql(column.type, value);
}

const textSql = (column: Column, name: string): string =>
  familyOf(column.type) === 'text' ? name : `CAST(${name} AS VARCHAR)`;

function lengthSql(column: Column, name: string): string {
  if (column.type === 'BLOB') return `octet_length(${name})`;
  if (/\[\d*\]$/.test(column.type)) return `len(${name})`;
  return `length(${textSql(column, name)})`;
}
