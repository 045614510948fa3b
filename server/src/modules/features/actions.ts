import { PlatformError, TrainingSetSpec } from '@flyball/api';
import { z } from 'zod';
import { type Action, defineAction } from '#platform/actions/action';
import { quoteIdentifier } from '#platform/analytics/analytics';
import { buildTrainingSet, openVersion } from './build-training-set.ts';
import type { FeatureParts } from './parts.ts';

const WindowInput = TrainingSetSpec.extend({
  /** Only rows of this long before the end … */
  lastSeconds: z.number().positive().optional(),
  /** … which lies this long before `until`, or before the newest outcome that is known. */
  endingSecondsAgo: z.number().min(0).default(0),
});

async function newestKnown(parts: FeatureParts, project: string, spec: TrainingSetSpec): Promise<number> {
  const { knownAt } = spec;
  if (knownAt === undefined) throw new PlatformError('invalid_input', 'lastSeconds needs knownAt, or until');
  const version = await parts.data.getVersion(project, spec.dataset, spec.version ?? 'latest');
  return await parts.platform.analytics.run({ name: 'newest-known' }, async (session) => {
    await openVersion(parts, session, version);
    const [row] = await session.rows(`select epoch_ms(max(${quoteIdentifier(knownAt)})) as newest from data`);
    return Number(row!['newest']);
  });
}

export function featureActions(parts: FeatureParts): Action[] {
  return [
    defineAction({
      name: 'features.training-set',
      summary: 'Build a point-in-time correct training set, also of a trailing window',
      input: WindowInput,
      run: async ({ actor, project, signal, log }, { lastSeconds, endingSecondsAgo, ...spec }) => {
        let wanted = spec;
        if (lastSeconds !== undefined) {
          const end = spec.until === undefined ? await newestKnown(parts, project, spec) : Date.parse(spec.until);
          const until = end - endingSecondsAgo * 1000;
          wanted = {
            ...spec,
            from: new Date(until - lastSeconds * 1000).toISOString(),
            until: new Date(until).toISOString(),
            ...(spec.knownAt === undefined ? {} : { knownUntil: new Date(end).toISOString() }),
          };
        }
        const set = await buildTrainingSet(parts, actor, project, wanted, signal);
        log(`${set.rowCount} rows in ${Math.round(set.milliseconds)} ms`);
        return {
          trainingSetId: set.id,
          rowCount: set.rowCount,
          from: wanted.from ?? null,
          until: wanted.until ?? null,
        };
      },
    }),
  ];
}
