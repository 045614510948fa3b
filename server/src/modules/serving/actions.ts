import { Name, Timestamp } from '@flyball/api';
import { z } from 'zod';
import { type Action, defineAction } from '#platform/actions/action';
import type { ServingParts } from './parts.ts';
import { takeSnapshot } from './take-snapshot.ts';

export function servingActions(parts: ServingParts): Action[] {
  return [
    defineAction({
      name: 'serving.snapshot',
      summary: 'Append the labelled predictions since the last snapshot to the feedback dataset',
      input: z.object({ endpoint: Name, until: Timestamp.optional() }),
      run: async ({ actor, project, log }, { endpoint, until }) => {
        const moment = until === undefined ? undefined : new Date(until);
        const snapshot = await takeSnapshot(parts, actor, project, endpoint, moment);
        log(`${snapshot.rows} labelled predictions of ${endpoint} → ${snapshot.dataset}@${snapshot.version ?? '-'}`);
        return { ...snapshot };
      },
    }),
  ];
}
