import { PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { proxiedPath } from './artifact-location.ts';
import { getExperiment } from './experiments.ts';
import type { TrackingParts } from './parts.ts';
import { countExperiment } from './purge-list-store.ts';
import { checkForce, PURGE_QUEUE, type PurgeForce, restsOn } from './purge-runs.ts';
import { listModelIds, listRunIds, startExperimentPurge } from './purge-store.ts';

const IDS_AT_ONCE = 5_000;

/** The versions that rest on anything in an experiment. */
async function versionsOf({ platform, purgeGuard }: TrackingParts, project: string, experiment: number) {
  const versions = new Set<string>();
  let modelIds = await listModelIds(platform.database, experiment);
  for (let after = ''; ; ) {
    const runIds = await listRunIds(platform.database, experiment, after, IDS_AT_ONCE);
    for (const names of (await purgeGuard({ project, runIds, modelIds })).values()) {
      for (const name of names) versions.add(name);
    }
    modelIds = [];
    const last = runIds.at(-1);
    if (runIds.length < IDS_AT_ONCE || last === undefined) return [...versions].sort();
    after = last;
  }
}

/** What a purge of an experiment would delete. */
export async function previewExperimentPurge(parts: TrackingParts, project: string, id: string) {
  const { id: number, artifact_location: location } = await getExperiment(parts, project, id);
  const folder = proxiedPath(location);
  const counts = await countExperiment(parts.platform.database, { id: number, project, folder });
  return { ...counts, versions: await versionsOf(parts, project, number) };
}

/** Hides an experiment in the trash at once, and deletes it with all that is in it in the background. */
export async function purgeExperiment(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  id: string,
  input: PurgeForce,
): Promise<void> {
  checkForce(input);
  const { database, audit, jobs, clock } = parts.platform;
  const { id: number, stage, name } = await getExperiment(parts, project, id);
  const refuse = (message: string) => new PlatformError('conflict', message);
  if (number === 0) throw refuse('The default experiment cannot be purged; purge its runs');
  if (stage !== 'deleted') throw refuse(`Experiment ${number} is not in the trash; delete it first`);
  const versions = await versionsOf(parts, project, number);
  if (versions.length > 0 && !input.force) throw restsOn(`Experiment ${number}`, versions);
  const reason = input.reason ?? null;
  await database.transaction(async (trx) => {
    if (
      !(await startExperimentPurge(
        trx,
        { id: number, project, name },
        { askedBy: actor.name, reason, at: clock.now() },
      ))
    ) {
      throw refuse(`Experiment ${number} was just taken out of the trash`);
    }
    const subject = { kind: 'experiment', id: String(number) };
    const details = { name, reason, versions };
    await audit.record(trx, { actor, project, action: 'tracking.experiment-purged', subject, details });
    await jobs.send(PURGE_QUEUE, {}, { trx });
  });
}
