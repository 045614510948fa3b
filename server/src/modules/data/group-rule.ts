import type { Expectation } from '@flyball/api';
import { quoteIdentifier } from '#platform/analytics/analytics';
import { type Column, findColumn } from './column-type.ts';
import { absent, type CompiledRule, judgeRows, shownNumber } from './compiled-rule.ts';
import { missingSql, whereSql } from './row-rule.ts';
import { selectText } from './user-sql.ts';

type Rule<K extends Expectation['kind']> = Extract<Expectation, { kind: K }>;
export type GroupRule = Rule<'unique' | 'compound_unique' | 'duplicate_rows' | 'custom_sql'>;

/**
 * Rules that compare rows with each other. They hold across the whole version: rows of the batch are judged, against
 * each other and against the rows that were there before.
 */
export function compileGroupRule(rule: GroupRule, columns: readonly Column[], hasEarlier: boolean): CompiledRule {
  if (rule.kind === 'custom_sql') return compileCustomSql(rule);
  if (rule.kind === 'duplicate_rows') return compileDuplicates(rule, columns, hasEarlier);
  const names = rule.kind === 'unique' ? [rule.column] : rule.columns;
  const keys = names.map((name) => findColumn(columns, name));
  const lacking = names.filter((_, i) => keys[i] === undefined);
  if (lacking.length > 0) return absent(lacking);
  return compileUnique(
    rule,
    keys.filter((key) => key !== undefined),
    hasEarlier,
  );
}

const listSql = (columns: readonly Column[]): string => columns.map(({ name }) => quoteIdentifier(name)).join(', ');

interface Candidates {
  readonly columns: readonly Column[];
  readonly condition: string;
  readonly hasEarlier: boolean;
}

/**
 * Rows of the batch, and those before it that could equal one of them. The hash only narrows down; rows are compared by
 * their values.
 */
function candidatesSql({ columns, condition, hasEarlier }: Candidates): string {
  const list = listSql(columns);
  const batch = `SELECT ${list}, true AS __is_new FROM data WHERE ${condition}`;
  if (!hasEarlier) return batch;
  return `${batch} UNION ALL SELECT ${list}, false FROM earlier
    WHERE ${condition} AND hash(${list}) IN (SELECT hash(${list}) FROM data)`;
}

const sameSql = (columns: readonly Column[]): string =>
  columns.map(({ name }) => `d.${quoteIdentifier(name)} IS NOT DISTINCT FROM g.${quoteIdentifier(name)}`).join(' AND ');

function compileUnique(
  rule: Rule<'unique' | 'compound_unique'>,
  keys: readonly Column[],
  hasEarlier: boolean,
): CompiledRule {
  const list = listSql(keys);
  const where = whereSql(rule.where) || 'true';
  const considered = `${where} AND NOT (${keys.map(missingSql).join(' AND ')})`;
  const candidates = candidatesSql({ columns: keys, condition: considered, hasEarlier });
  const repeated = `SELECT ${list}, count(*) FILTER (WHERE __is_new) AS __new_rows FROM (${candidates})
    GROUP BY ${list} HAVING count(*) > 1`;
  return {
    query: `SELECT (SELECT count(*) FROM data WHERE ${where}) AS elements,
      (SELECT count(*) FROM data WHERE ${considered}) AS present,
      (SELECT CAST(coalesce(sum(__new_rows), 0) AS BIGINT) FROM (${repeated})) AS unexpected`,
    judge: ([elements, present, unexpected]) =>
      judgeRows({
        elements: Number(elements),
        missing: Number(elements) - Number(present),
        unexpected: Number(unexpected),
        mostly: rule.mostly,
      }),
    failing: {
      sql: `SELECT d.* FROM (SELECT * FROM data WHERE ${considered}) d SEMI JOIN (${repeated}) g ON ${sameSql(keys)}`,
      shown: keys.map(({ name }) => name),
      isCostly: true,
    },
  };
}

/** Surplus copies: of equal rows the first one is none, unless an equal row was there before the batch. */
function compileDuplicates(
  rule: Rule<'duplicate_rows'>,
  columns: readonly Column[],
  hasEarlier: boolean,
): CompiledRule {
  const list = listSql(columns);
  // Grouping hashes first, and whole rows only where hashes repeat, needs a fraction of the memory.
  const before = hasEarlier
    ? `UNION ALL SELECT hash(${list}) FROM earlier WHERE hash(${list}) IN (SELECT hash(${list}) FROM data)`
    : '';
  const suspects = `SELECT h FROM (SELECT hash(${list}) AS h FROM data ${before}) GROUP BY h HAVING count(*) > 1`;
  const candidates = candidatesSql({ columns, condition: `hash(${list}) IN (${suspects})`, hasEarlier });
  const groups = `SELECT ${list}, count(*) FILTER (WHERE __is_new) AS __new_rows, count(*) AS __all_rows
    FROM (${candidates}) GROUP BY ${list} HAVING count(*) > 1 AND count(*) FILTER (WHERE __is_new) > 0`;
  const surplus = `__new_rows - (CASE WHEN __new_rows = __all_rows THEN 1 ELSE 0 END)`;
  return {
    query: `SELECT (SELECT count(*) FROM data) AS elements,
      (SELECT CAST(coalesce(sum(${surplus}), 0) AS BIGINT) FROM (${groups})) AS unexpected`,
    judge: ([elements, unexpected]) => {
      const share = Number(elements) === 0 ? 0 : Number(unexpected) / Number(elements);
      return {
        success: share <= rule.maxShare,
        message: `${unexpected} of ${elements} rows (${shownNumber(share * 100)} %) are copies of another row`,
        elementCount: Number(elements),
        unexpectedCount: Number(unexpected),
        unexpectedShare: share,
      };
    },
    failing: {
      sql: `SELECT d.* FROM data d SEMI JOIN (${groups}) g ON ${sameSql(columns)}`,
      shown: [],
      isCostly: true,
    },
  };
}

function compileCustomSql(rule: Rule<'custom_sql'>): CompiledRule {
  const sql = selectText(rule.sql);
  return {
    query: `SELECT count(*) AS found FROM (\n${sql}\n)`,
    judge: ([count]) => ({
      success: Number(count) <= rule.maxRows,
      message: `the query found ${count} rows; at most ${rule.maxRows} are allowed`,
      unexpectedCount: Number(count),
      observed: Number(count),
    }),
    failing: { sql: `SELECT * FROM (\n${sql}\n)`, shown: [], isCostly: true },
  };
}
