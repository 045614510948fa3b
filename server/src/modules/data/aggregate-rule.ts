import type { Expectation } from '@flyball/api';
import { quoteIdentifier } from '#platform/analytics/analytics';
import { type Column, canonicalType, familyOf, findColumn, isNumber, isTime } from './column-type.ts';
import { absent, type CompiledRule, type Finding, settled, shownNumber } from './compiled-rule.ts';
import { missingSql } from './row-rule.ts';
import { numberSql } from './sql-value.ts';

type Rule<K extends Expectation['kind']> = Extract<Expectation, { kind: K }>;
type MeasureRule = Rule<'mean' | 'stdev' | 'sum' | 'quantile' | 'distinct_count'>;
export type AggregateRule = MeasureRule | Rule<'row_count' | 'fresh' | 'of_type' | 'schema'>;

export function compileAggregateRule(rule: AggregateRule, columns: readonly Column[], asOf: Date): CompiledRule {
  if (rule.kind === 'schema') return compileSchema(rule, columns);
  if (rule.kind === 'row_count') {
    return { terms: ['count(*)'], judge: ([count]) => judgeBounds('row count', Number(count), rule) };
  }
  const column = findColumn(columns, rule.column);
  if (column === undefined) return absent([rule.column]);
  if (rule.kind === 'of_type') return ofType(column, rule.type);
  if (rule.kind === 'fresh') return compileFresh(rule, column, asOf);
  return compileMeasure(rule, column);
}

function ofType(column: Column, type: string): CompiledRule {
  const wanted = canonicalType(type);
  const message = `column ${column.name} is ${column.type}`;
  const success = column.type === wanted;
  return settled(success, success ? message : `${message}, not ${wanted}`, column.type);
}

function compileSchema(rule: Rule<'schema'>, columns: readonly Column[]): CompiledRule {
  const problems: string[] = [];
  for (const { name, type } of rule.columns) {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined) problems.push(`column ${name} is absent`);
    else if (type !== undefined && column.type !== canonicalType(type)) {
      problems.push(`column ${name} is ${column.type}, not ${canonicalType(type)}`);
    }
  }
  if (rule.exact) {
    const wanted = new Set(rule.columns.map(({ name }) => name));
    for (const { name } of columns) if (!wanted.has(name)) problems.push(`column ${name} is not expected`);
  }
  const message = problems.length === 0 ? `all ${rule.columns.length} columns are as expected` : problems.join('; ');
  return settled(problems.length === 0, message, columns);
}

function compileFresh(rule: Rule<'fresh'>, column: Column, asOf: Date): CompiledRule {
  if (!isTime(column.type)) return settled(false, `column ${column.name} is ${column.type}, which is no time`);
  const age = (newest: unknown): Finding => {
    if (newest === null) return { success: false, message: 'there is no value whose age could be told' };
    const seconds = (asOf.getTime() - Number(newest)) / 1000;
    const observed = new Date(Number(newest)).toISOString();
    const text = `the newest ${column.name} is ${observed}, ${shownNumber(Math.round(seconds))} s before ${asOf.toISOString()}`;
    const success = seconds <= rule.maxAgeSeconds;
    return { success, message: success ? text : `${text}; at most ${rule.maxAgeSeconds} s are allowed`, observed };
  };
  const name = quoteIdentifier(column.name);
  return {
    terms: [`epoch_ms(max(${name}) FILTER (WHERE isfinite(${name})))`],
    judge: ([newest]) => age(newest),
  };
}

function compileMeasure(rule: MeasureRule, column: Column): CompiledRule {
  if (rule.kind !== 'distinct_count' && !isNumber(column.type)) {
    return settled(false, `column ${column.name} is ${column.type}, which has no ${rule.kind}`);
  }
  const label = rule.kind === 'quantile' ? `quantile ${rule.quantile}` : rule.kind.replace('_', ' ');
  return {
    terms: [measureSql(rule, column)],
    judge: ([value]) => judgeBounds(label, value === null ? null : Number(value), rule),
  };
}

function measureSql(rule: MeasureRule, column: Column): string {
  const name = quoteIdentifier(column.name);
  const isFloat = familyOf(column.type) === 'float';
  const present = isFloat ? ` FILTER (WHERE NOT ${missingSql(column)})` : '';
  switch (rule.kind) {
    case 'mean':
      return `${isFloat ? 'favg' : 'avg'}(${name})${present}`;
    case 'stdev':
      return `stddev_samp(CAST(${name} AS DOUBLE))${present}`;
    case 'sum':
      return `CAST(${isFloat ? 'fsum' : 'sum'}(${name})${present} AS DOUBLE)`;
    case 'quantile':
      return `CAST(quantile_cont(${name}, ${numberSql(rule.quantile)})${present} AS DOUBLE)`;
    case 'distinct_count':
      return `count(DISTINCT ${name})${present}`;
  }
}

interface Bounds {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

function judgeBounds(label: string, value: number | null, { min, max }: Bounds): Finding {
  if (value === null) return { success: false, message: `there are no values, so there is no ${label}` };
  const isInside = (min === undefined || value >= min) && (max === undefined || value <= max);
  const allowed = [min === undefined ? '' : `at least ${min}`, max === undefined ? '' : `at most ${max}`];
  const text = `${label} ${shownNumber(value)}`;
  return {
    success: isInside,
    message: isInside ? text : `${text}; ${allowed.filter((part) => part !== '').join(' and ')} expected`,
    observed: value,
  };
}
