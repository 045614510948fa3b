import type { RetentionRule } from '@flyball/api';
import { type Actor, systemActor } from '#platform/access/actor';
import { getExperiment } from './experiments.ts';
import type { TrackingParts } from './parts.ts';
import { workOffPurges } from './purge-job.ts';
import { emptyTrash } from './purge-runs.ts';
import { deleteStragglers, listPurgedRuns } from './purge-store.ts';
import {
  type DueRule,
  findRetentionRule,
  listRetentionRules,
  lockOldRuns,
  moveToTrash,
  upsertRetentionRule,
} from './retention-store.ts';

export const RETENTION_QUEUE = 'tracking.retention';
export const RETENTION_CRON = '17 * * * *';

const DAY_MS = 24 * 60 * 60_000;
const RUNS_AT_ONCE = 200;
/** Longer than any write that was checked before its run went can take. */
const STRAGGLERS_MS = 2 * 60 * 60_000;
const REASON = 'retention rule';

const noRule: RetentionRule = { purgeAfterDays: null, deleteAfterDays: null, keepTag: 'keep' };

export async function getRetentionRule(parts: TrackingParts, project: string, id: string): Promise<RetentionRule> {
  const { id: experiment } = await getExperiment(parts, project, id);
  return (await findRetentionRule(parts.platform.database, experiment)) ?? noRule;
}

export async function putRetentionRule(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  id: string,
  rule: RetentionRule,
): Promise<RetentionRule> {
  const { database, audit, clock } = parts.platform;
  const { id: experiment } = await getExperiment(parts, project, id);
  await database.transaction(async (trx) => {
    await upsertRetentionRule(trx, experiment, rule, { by: actor.name, at: clock.now() });
    const subject = { kind: 'experiment', id: String(experiment) };
    const action = 'tracking.retention-changed';
    await audit.record(trx, { actor, project, action, subject, details: { ...rule } });
  });
  return rule;
}

/** Moves runs that are old enough into the trash; those that a registered version rests on stay. */
async function deleteOldRuns(parts: TrackingParts, { experiment, project, rule }: DueRule): Promise<void> {
  const { deleteAfterDays: days, keepTag } = rule;
  if (days === null) return;
  const { database, audit, clock } = parts.platform;
  const now = clock.now().getTime();
  for (let after: number | null = 0; after !== null; ) {
    const from: number = after;
    after = await database.transaction(async (trx) => {
      const question = { experiment, endedBefore: now - days * DAY_MS, keepTag, after: from, limit: RUNS_AT_ONCE };
      const old = await lockOldRuns(trx, question);
      const rest = await parts.purgeGuard({ project, runIds: old.map(({ run_id }) => run_id), modelIds: [] });
      const runs = old.filter(({ run_id }) => !rest.has(run_id));
      await moveToTrash(
        trx,
        runs.map(({ id }) => id),
        now,
      );
      await audit.recordAll(
        trx,
        runs.map(({ run_id: id }) => ({
          actor: systemActor,
          project,
          action: 'tracking.run-deleted',
          subject: { kind: 'run', id },
          details: { reason: REASON, deleteAfterDays: days },
        })),
      );
      return old.length < RUNS_AT_ONCE ? null : old.at(-1)!.id;
    });
  }
}

async function purgeOldTrash(parts: TrackingParts, { experiment, project, rule }: DueRule): Promise<void> {
  if (rule.purgeAfterDays === null) return;
  const deletedBefore = parts.platform.clock.now().getTime() - rule.purgeAfterDays * DAY_MS;
  for (let after: number | null = 0; after !== null; ) {
    const question = { project, experiment, deletedBefore, after, limit: RUNS_AT_ONCE };
    ({ next: after } = await emptyTrash(parts, systemActor, question, { reason: REASON }));
  }
}

/** Every rule once; then whatever purges have left behind. */
export async function applyRetention(parts: TrackingParts, signal: AbortSignal): Promise<void> {
  const { database, clock } = parts.platform;
  for (const due of await listRetentionRules(database)) {
    signal.throwIfAborted();
    await deleteOldRuns(parts, due);
    await purgeOldTrash(parts, due);
  }
  await workOffPurges(parts, signal);
  const gone = await listPurgedRuns(database, new Date(clock.now().getTime() - STRAGGLERS_MS));
  for (let i = 0; i < gone.length; i += RUNS_AT_ONCE) {
    signal.throwIfAborted();
    await deleteStragglers(database, gone.slice(i, i + RUNS_AT_ONCE));
  }
}
