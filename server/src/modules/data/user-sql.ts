import { invalidInput, PlatformError } from '@flyball/api';
import type { AnalyticsSession } from '#platform/analytics/analytics';

/**
 * A user's SELECT as it runs: `{data}` is the view of the rows, and a last semicolon means nothing. The line break ends
 * a comment, so that a bracket behind it still closes.
 */
export const selectText = (sql: string): string => `${sql.trim().replace(/;\s*$/, '').replaceAll('{data}', 'data')}\n`;

/** Refuses what is not one harmless SELECT, with the place it stands at. */
export async function checkSelect(session: AnalyticsSession, sql: string, at: string): Promise<void> {
  await saying(at, () => session.userSelect(selectText(sql)));
}

/**
 * Refuses what is not one harmless expression, so that it can stand in brackets within a larger statement. An
 * expression cannot aggregate; whether it may ask other rows by a subquery is the caller's choice.
 */
export async function checkExpression(
  session: AnalyticsSession,
  sql: string,
  at: string,
  { subqueries }: { subqueries: boolean } = { subqueries: true },
): Promise<void> {
  await saying(at, async () => {
    const text = `SELECT (\n${sql}\n)`;
    await session.userSelect(text);
    const [row] = await session.rows('SELECT json_serialize_sql($1::VARCHAR) AS parsed', [text]);
    const { statements } = JSON.parse(String(row?.['parsed'])) as { statements: { node: SelectNode }[] };
    const problem = problemOf(statements[0]!.node, subqueries);
    if (problem !== null) throw invalidInput(`The expression ${problem}`);
  });
}

interface SelectNode {
  readonly type: string;
  readonly modifiers: readonly unknown[];
  readonly select_list: readonly Node[];
  readonly from_table: { readonly type: string };
  readonly where_clause: unknown;
  readonly having: unknown;
  readonly qualify: unknown;
  readonly group_expressions: readonly unknown[];
  readonly sample: unknown;
}

interface Node {
  readonly class?: string;
}

function problemOf(node: SelectNode, subqueries: boolean): string | null {
  const isPlain =
    node.type === 'SELECT_NODE' &&
    node.modifiers.length === 0 &&
    node.select_list.length === 1 &&
    node.from_table.type === 'EMPTY' &&
    node.group_expressions.length === 0 &&
    [node.where_clause, node.having, node.qualify, node.sample].every((clause) => clause === null);
  if (!isPlain) return 'must be one expression, without the clauses of a query';
  const classes = classesIn(node.select_list);
  if (classes.has('STAR')) return 'may not contain *';
  if (classes.has('PARAMETER')) return 'may not contain parameters';
  if (classes.has('WINDOW')) return 'may not look at other rows through a window';
  if (!subqueries && classes.has('SUBQUERY')) return 'may not look at other rows through a subquery';
  return null;
}

function classesIn(root: unknown): Set<string> {
  const found = new Set<string>();
  const open: unknown[] = [root];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    if ('class' in node && typeof node.class === 'string') found.add(node.class);
    for (const child of Object.values(node)) open.push(child);
  }
  return found;
}

/** Adds to a refusal which part of the input it is about. */
async function saying(at: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'invalid_input') throw error;
    throw invalidInput(`${at}: ${error.message}`, [{ at, message: error.message }]);
  }
}
