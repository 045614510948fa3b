import { type AnalyticsSession, quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import { type Column, canonicalType } from './column-type.ts';
import type { DataParts } from './parts.ts';

/** Attaches stored Parquet objects and gives them a name in SQL. */
export async function openFiles(
  { platform }: DataParts,
  session: AnalyticsSession,
  view: 'data' | 'earlier',
  digests: readonly string[],
): Promise<void> {
  const paths: string[] = [];
  for (const [i, digest] of digests.entries()) {
    paths.push(await session.attach(`${view}-${i}.parquet`, await platform.objects.localPath(digest)));
  }
  await createView(session, view, paths);
}

async function createView(session: AnalyticsSession, view: string, paths: readonly string[]): Promise<void> {
  const list = paths.map(quoteLiteral).join(', ');
  await session.execute(`create view ${quoteIdentifier(view)} as select * from read_parquet([${list}])`);
}

export async function columnsOf(session: AnalyticsSession, view: string): Promise<Column[]> {
  const rows = await session.rows(
    'select column_name, data_type from duckdb_columns() where table_name = $1 order by column_index',
    [view],
  );
  return rows.map((row) => ({ name: String(row['column_name']), type: canonicalType(String(row['data_type'])) }));
}
