import { notFound, PlatformError } from '@flyball/api';
import { type AnalyticsSession, quoteIdentifier } from '#platform/analytics/analytics';
import { type Column, canonicalType, findColumn } from './column-type.ts';
import { compileExpectation } from './compile-expectation.ts';
import { expectationIds } from './expectation-id.ts';
import { openFiles } from './open-files.ts';
import type { DataParts } from './parts.ts';
import { checkExpectation } from './run-expectations.ts';
import { checkExpression, checkSelect, selectText } from './user-sql.ts';
import { findValidation } from './validation-store.ts';
import { findVersion } from './version-store.ts';

export interface RowsAnswer {
  readonly columns: Column[];
  readonly rows: Record<string, unknown>[];
  readonly total: number;
}

const TIMEOUT_MS = 60_000;

async function readSelect(
  session: AnalyticsSession,
  sql: string,
  page: { limit: number; offset: number },
): Promise<RowsAnswer> {
  const described = await session.rows(`select column_name, column_type from (describe ${sql})`);
  const columns = described.map((row) => ({
    name: String(row['column_name']),
    type: canonicalType(String(row['column_type'])),
  }));
  const rows = await session.rows(`select * from (${sql}\n) limit ${page.limit} offset ${page.offset}`);
  const [count] = await session.rows(`select count(*) as total from (${sql}\n)`);
  return { columns, rows, total: Number(count!['total']) };
}

async function withVersion<T>(
  parts: DataParts,
  of: { readonly project: string; readonly dataset: string; readonly version: number | 'latest' },
  signal: AbortSignal,
  work: (session: AnalyticsSession, columns: Column[]) => Promise<T>,
): Promise<T> {
  const version = await findVersion(parts.platform.database, of.project, of.dataset, of.version);
  if (version === null) throw notFound('dataset version', `${of.dataset}@${of.version}`);
  return await parts.platform.analytics.run({ name: 'read-rows', signal, timeoutMs: TIMEOUT_MS }, async (session) => {
    await openFiles(
      parts,
      session,
      'data',
      version.files.map(({ digest }) => digest),
    );
    return await work(session, version.schema);
  });
}

function orderSql(columns: readonly Column[], order: string | undefined): string {
  if (order === undefined) return '';
  const descending = order.startsWith('-');
  const column = findColumn(columns, descending ? order.slice(1) : order);
  if (column === undefined) throw new PlatformError('invalid_input', `query.order: there is no column "${order}"`);
  return ` order by ${quoteIdentifier(column.name)}${descending ? ' desc' : ''} nulls last`;
}

export interface RowsQuestion {
  readonly project: string;
  readonly dataset: string;
  readonly version: number | 'latest';
  readonly limit: number;
  readonly offset: number;
  readonly order?: string | undefined;
  readonly where?: string | undefined;
}

/** Rows of a version, filtered and ordered where they are. */
export async function readRows(parts: DataParts, question: RowsQuestion, signal: AbortSignal): Promise<RowsAnswer> {
  return await withVersion(parts, question, signal, async (session, columns) => {
    if (question.where !== undefined)
      await checkExpression(session, question.where, 'query.where', { subqueries: false });
    const where = question.where === undefined ? '' : ` where (\n${question.where}\n)`;
    return await readSelect(session, `select * from data${where}${orderSql(columns, question.order)}`, question);
  });
}

/** One SELECT of the user's over `{data}`. */
export async function queryRows(
  parts: DataParts,
  of: { readonly project: string; readonly dataset: string; readonly version: number | 'latest' },
  question: { readonly sql: string; readonly limit: number },
  signal: AbortSignal,
): Promise<RowsAnswer> {
  return await withVersion(parts, of, signal, async (session) => {
    await checkSelect(session, question.sql, 'body.sql');
    return await readSelect(session, selectText(question.sql), { limit: question.limit, offset: 0 });
  });
}

/** The rows of a batch that broke one of its rules, also of one that was refused. */
export async function readFailingRows(
  parts: DataParts,
  of: { readonly project: string; readonly validation: string; readonly expectation: string },
  page: { readonly limit: number; readonly offset: number },
  signal: AbortSignal,
): Promise<RowsAnswer> {
  const stored = await findValidation(parts.platform.database, of.project, of.validation);
  if (stored === null) throw notFound('validation', of.validation);
  const { expectations, batch } = stored;
  const expectation = expectations[expectationIds(expectations).indexOf(of.expectation)];
  if (expectation === undefined) throw notFound('expectation of this validation', of.expectation);
  return await parts.platform.analytics.run(
    { name: 'failing-rows', signal, timeoutMs: TIMEOUT_MS },
    async (session) => {
      await openFiles(parts, session, 'data', batch.files);
      if (batch.earlierFiles.length > 0) await openFiles(parts, session, 'earlier', batch.earlierFiles);
      await checkExpectation(session, expectation, 'expectation');
      const surroundings = {
        columns: batch.columns,
        hasEarlier: batch.earlierFiles.length > 0,
        asOf: new Date(batch.asOf),
      };
      const { failing } = compileExpectation(expectation, surroundings);
      if (failing === undefined) return { columns: [...batch.columns], rows: [], total: 0 };
      return await readSelect(session, failing.sql, page);
    },
  );
}
