import { type Expectation, type ExpectationResult, invalidInput, PlatformError } from '@flyball/api';
import { type AnalyticsSession, quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import { compileExpectation, type RuleSurroundings } from './compile-expectation.ts';
import type { CompiledRule, FailingRows, Finding } from './compiled-rule.ts';
import { expectationIds } from './expectation-id.ts';
import { checkExpression, checkSelect } from './user-sql.ts';

const MAX_EXAMPLES = 20;
const MAX_EXAMPLE_COLUMNS = 50;
const MAX_EXAMPLE_LENGTH = 200;
const MAX_TERMS = 1000;

/**
 * Judges a batch by a contract: one SELECT for everything that is an aggregate of the batch, and a query of its own for
 * each rule that compares rows. The session has a view `data`, and `earlier` when there were rows before.
 */
export async function runExpectations(
  session: AnalyticsSession,
  expectations: readonly Expectation[],
  surroundings: RuleSurroundings,
): Promise<ExpectationResult[]> {
  const ids = expectationIds(expectations);
  const rules: CompiledRule[] = [];
  for (const expectation of expectations) rules.push(await compileSafely(session, expectation, surroundings));
  const findings = await findAll(session, rules);
  const results: ExpectationResult[] = [];
  for (const [i, expectation] of expectations.entries()) {
    const finding = findings[i]!;
    const broken = (finding.unexpectedCount ?? 0) > 0 ? rules[i]!.failing : undefined;
    const isWorth = broken !== undefined && !(finding.success && broken.isCostly);
    results.push({
      ...finding,
      id: ids[i]!,
      kind: expectation.kind,
      severity: expectation.severity,
      examples: isWorth ? await readExamples(session, broken) : [],
      hasFailingRows: broken !== undefined,
    });
  }
  return results;
}

export function verdictOf(results: readonly ExpectationResult[]): 'pass' | 'warn' | 'fail' {
  const failed = results.filter(({ success }) => !success).map(({ severity }) => severity);
  if (failed.includes('critical')) return 'fail';
  return failed.includes('warning') ? 'warn' : 'pass';
}

/** What a user wrote is checked each time: a contract may be older than a rule of ours. */
export async function checkExpectation(session: AnalyticsSession, rule: Expectation, at: string): Promise<void> {
  if ('where' in rule && rule.where !== undefined) await checkExpression(session, rule.where, `${at}.where`);
  if (rule.kind === 'expression') await checkExpression(session, rule.sql, `${at}.sql`);
  if (rule.kind === 'custom_sql') await checkSelect(session, rule.sql, `${at}.sql`);
  if ('regex' in rule) await checkRegex(session, rule.regex, `${at}.regex`);
}

async function checkRegex(session: AnalyticsSession, regex: string, at: string): Promise<void> {
  try {
    // As a literal: a parameter would not be compiled before the first row.
    await session.rows(`SELECT regexp_matches('', ${quoteLiteral(regex)})`);
  } catch (error) {
    const { message } = asMistake(error);
    throw invalidInput(`${at}: ${message}`, [{ at, message }]);
  }
}

const cannot = (error: PlatformError): Finding => ({ success: false, message: `cannot be computed: ${error.message}` });

async function compileSafely(
  session: AnalyticsSession,
  expectation: Expectation,
  surroundings: RuleSurroundings,
): Promise<CompiledRule> {
  try {
    await checkExpectation(session, expectation, expectation.kind);
    return compileExpectation(expectation, surroundings);
  } catch (error) {
    return { terms: [], judge: () => cannot(asMistake(error)) };
  }
}

/** Only a mistake in the rule is a finding; that the engine stopped or has no memory is the caller's to know. */
function asMistake(error: unknown): PlatformError {
  if (error instanceof PlatformError && error.code === 'invalid_input') return error;
  throw error;
}

async function findAll(session: AnalyticsSession, rules: readonly CompiledRule[]): Promise<Finding[]> {
  const shared = rules.filter((rule) => 'terms' in rule);
  const values = new Map<string, unknown>();
  try {
    await readTerms(session, [...new Set(shared.flatMap(({ terms }) => terms))], values);
  } catch (error) {
    // One bad rule spoils the common SELECT: ask each by itself, to know which.
    asMistake(error);
    values.clear();
  }
  const findings: Finding[] = [];
  for (const rule of rules) {
    try {
      findings.push(rule.judge(await valuesOf(session, rule, values)));
    } catch (error) {
      findings.push(cannot(asMistake(error)));
    }
  }
  return findings;
}

async function valuesOf(
  session: AnalyticsSession,
  rule: CompiledRule,
  values: Map<string, unknown>,
): Promise<readonly unknown[]> {
  if ('query' in rule) {
    const [row] = await session.rows(rule.query);
    return Object.values(row ?? {});
  }
  const unknown = rule.terms.filter((term) => !values.has(term));
  await readTerms(session, unknown, values);
  return rule.terms.map((term) => values.get(term));
}

async function readTerms(
  session: AnalyticsSession,
  terms: readonly string[],
  into: Map<string, unknown>,
): Promise<void> {
  for (let from = 0; from < terms.length; from += MAX_TERMS) {
    const some = terms.slice(from, from + MAX_TERMS);
    const [row] = await session.rows(`SELECT ${some.map((term, i) => `${term} AS __t${i}`).join(', ')} FROM data`);
    for (const [i, term] of some.entries()) into.set(term, row![`__t${i}`]);
  }
}

async function readExamples(session: AnalyticsSession, { sql, shown }: FailingRows): Promise<unknown[]> {
  const list = shown.length === 0 ? '*' : shown.map(quoteIdentifier).join(', ');
  const rows = await session.rows(`SELECT ${list} FROM (${sql}\n) LIMIT ${MAX_EXAMPLES}`);
  if (shown.length === 1) return rows.map((row) => shorten(Object.values(row)[0]));
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .slice(0, MAX_EXAMPLE_COLUMNS)
        .map(([name, value]) => [name, shorten(value)]),
    ),
  );
}

/** Short enough to keep, and without the one character that PostgreSQL cannot keep. */
function shorten(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.length > MAX_EXAMPLE_LENGTH ? `${value.slice(0, MAX_EXAMPLE_LENGTH)}…` : value;
  return text.replaceAll('\0', '\uFFFD');
}
