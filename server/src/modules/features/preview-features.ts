import type { FeatureView } from '@flyball/api';
import { openVersion } from './build-training-set.ts';
import type { FeatureParts } from './parts.ts';
import { viewSql } from './window-sql.ts';

/** Values of some keys as they were known at a moment, computed from history. */
export async function previewFeatures(
  parts: FeatureParts,
  project: string,
  view: FeatureView,
  keys: readonly string[],
  atMs: number,
): Promise<Record<string, unknown>[]> {
  const version = await parts.data.getVersion(project, view.source.dataset, 'latest');
  const wanted = view.features.map(({ name }) => ({ feature: name, as: name }));
  const compiled = viewSql({ view, keyColumn: 'key', wanted }, 0, {
    rowCount: keys.length,
    minMs: atMs,
    maxMs: atMs,
  });
  return await parts.platform.analytics.run({ name: 'preview-features' }, async (session) => {
    await openVersion(parts, session, version);
    await session.execute('create table asked (key varchar, __id bigint)');
    for (const [i, key] of keys.entries()) await session.execute('insert into asked values ($1, $2)', [key, i]);
    await session.execute(`create table spine as select key, __id, ${atMs}::bigint as __t from asked`);
    for (const statement of compiled.prepare) await session.execute(statement);
    return await session.rows(
      `select s.key, ${compiled.columns.join(', ')} from spine s ${compiled.joins} order by s.__id`,
    );
  });
}
