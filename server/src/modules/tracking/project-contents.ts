import { systemActor } from '#platform/access/actor';
import type { ProjectContents } from '#platform/access/project-contents';
import { takeUploadsOf } from './artifact-upload-store.ts';
import { dropUploads } from './artifact-uploads.ts';
import type { TrackingParts } from './parts.ts';
import { deleteSomeLeftovers, findConflicts, moveExperiments, purgeExperimentsOf } from './project-contents-store.ts';
import { workOffPurges } from './purge-job.ts';

const FILES_AT_ONCE = 1_000;
const UPLOADS_AT_ONCE = 20;
const REASON = 'its project was deleted';

async function purgeExperiments({ platform: { database, audit } }: TrackingParts, project: string): Promise<void> {
  await database.transaction(async (trx) => {
    const experiments = await purgeExperimentsOf(trx, project, REASON);
    await audit.recordAll(
      trx,
      experiments.map(({ id, name }) => ({
        actor: systemActor,
        project,
        action: 'tracking.experiment-purged',
        subject: { kind: 'experiment', id: String(id) },
        details: { name, reason: REASON },
      })),
    );
  });
}

/** Experiments with all that is in them, files, and saved views. */
export const trackingContents = (parts: TrackingParts): ProjectContents => ({
  tables: ['experiment', 'run', 'logged_model', 'artifact', 'artifact_upload', 'run_view'].map(
    (table) => `tracking.${table}`,
  ),
  conflicts: findConflicts,
  move: moveExperiments,
  empty: async (project, signal) => {
    const { database } = parts.platform;
    await purgeExperiments(parts, project);
    await workOffPurges(parts, signal);
    while (await deleteSomeLeftovers(database, project, FILES_AT_ONCE)) signal.throwIfAborted();
    for (;;) {
      const uploads = await takeUploadsOf(database, project, UPLOADS_AT_ONCE);
      if (uploads.length === 0) return;
      await dropUploads(parts, uploads);
      signal.throwIfAborted();
    }
  },
});
