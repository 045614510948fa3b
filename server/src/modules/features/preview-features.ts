import type { FeatureView } from '@flyball/api';
import { answerView } from './answer-view.ts';
import { openVersion } from './build-training-set.ts';
import type { FeatureParts } from './parts.ts';

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
  return await parts.platform.analytics.run({ name: 'preview-features' }, async (session) => {
    await openVersion(parts, session, version);
    await session.execute('create table asked (key varchar, __id bigint)');
    for (const [i, key] of keys.entries()) await session.execute('insert into asked values ($1, $2)', [key, i]);
    await session.execute(`create table spine as select key, __id, ${atMs}::bigint as __t from asked order by __id`);
    const answers = await answerView(session, { view, keyColumn: 'key', wanted }, 0, { minMs: atMs, maxMs: atMs });
    return await session.rows(
      `select s.key, ${answers.columns.join(', ')} from spine s positional join ${answers.table}`,
    );
  });
}
