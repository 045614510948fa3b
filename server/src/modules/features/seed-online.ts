import type { FeatureView } from '@flyball/api';
import { quoteIdentifier } from '#platform/analytics/analytics';
import { openVersion } from './build-training-set.ts';
import { planView } from './measures.ts';
import type { FeatureParts } from './parts.ts';

/** One event of a view, as online windows take it. */
export interface SeedEvent {
  readonly key: string;
  readonly happenedMs: number;
  readonly knownMs: number;
  readonly row: Readonly<Record<string, number | null>>;
}

/** The events of the dataset's history that a question at `atMs` can reach, so that a gateway starts warm. */
export async function seedOnline(
  parts: FeatureParts,
  project: string,
  view: FeatureView,
  atMs: number,
): Promise<SeedEvent[]> {
  const version = await parts.data.getVersion(project, view.source.dataset, 'latest').catch(() => null);
  if (version === null) return [];
  const plan = planView(view);
  const { key, happenedAt, knownAt } = view.source;
  const columns = [...new Set(plan.measures.map(({ column }) => column))];
  const reach = Math.max(plan.longestMs, plan.ttlMs);
  const known = `greatest(epoch_ms(${quoteIdentifier(knownAt)}), epoch_ms(${quoteIdentifier(happenedAt)}))`;
  return await parts.platform.analytics.run({ name: 'seed-online' }, async (session) => {
    await openVersion(parts, session, version);
    const values = columns.map((name, c) => `, ${quoteIdentifier(name)}::double as c${c}`).join('');
    const rows = await session.rows(
      `select ${quoteIdentifier(key)}::varchar as k, epoch_ms(${quoteIdentifier(happenedAt)}) as h, ${known}
        as t${values}
       from data where ${quoteIdentifier(key)} is not null and ${known} > $1 and ${known} <= $2 order by t`,
      [atMs - reach, atMs],
    );
    return rows.map((row) => ({
      key: String(row['k']),
      happenedMs: Number(row['h']),
      knownMs: Number(row['t']),
      row: Object.fromEntries(columns.map((name, c) => [name, row[`c${c}`] === null ? null : Number(row[`c${c}`])])),
    }));
  });
}
