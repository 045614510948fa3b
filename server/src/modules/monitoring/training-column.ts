import { quoteIdentifier } from '#platform/analytics/analytics';
import type { MonitoringParts } from './parts.ts';

/** A column of a training set: numbers with NaN for missing, or texts; `null` when there is none of that name. */
export async function readTrainingColumn(
  { platform, features }: MonitoringParts,
  project: string,
  setId: string,
  column: string,
): Promise<Float64Array | (string | null)[] | null> {
  const set = await features.getTrainingSet(project, setId).catch(() => null);
  const known = set?.columns.find(({ name }) => name === column);
  if (known === undefined) return null;
  const path = await features.trainingSetPath(project, setId);
  return await platform.analytics.run({ name: 'training-column' }, async (session) => {
    const file = await session.attach('training-set.parquet', path);
    const name = quoteIdentifier(column);
    if (known.type === 'VARCHAR') {
      const rows = await session.rows(`select ${name} as value from read_parquet($1) using sample 100000 rows`, [file]);
      return rows.map(({ value }) => (value === null ? null : String(value)));
    }
    const { columns } = await session.columns(
      `select coalesce(${name}::double, 'nan'::double) as value from read_parquet($1)`,
      [file],
    );
    return Float64Array.from(columns[0]!.values as Float64Array);
  });
}
