import { invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { proxiedPath } from './artifact-location.ts';
import { runNotFound } from './batch-store.ts';
import { localFolder } from './local-files.ts';
import type { TrackingParts } from './parts.ts';
import {
  deleteLoggedModels,
  deleteRuns,
  findTrash,
  insertPurges,
  lockRuns,
  lockTrashedModels,
  type NewPurge,
  type PurgedModel,
  type PurgedRun,
  type PurgeOrder,
  type TrashQuestion,
} from './purge-store.ts';

type Trx = Parameters<Parameters<TrackingParts['platform']['database']['transaction']>[0]>[0];

export const PURGE_QUEUE = 'tracking.purge';

export interface PurgeForce {
  readonly force: boolean;
  readonly reason?: string | undefined;
}

export interface PurgeResult {
  readonly purged: number;
  readonly kept: { readonly runId: string; readonly message: string }[];
  /** Whose files stay, and where: this server does not keep them. */
  readonly left: { readonly runId: string; readonly location: string }[];
}

export function checkForce({ force, reason }: PurgeForce): void {
  if (!force || reason !== undefined) return;
  throw invalidInput('A forced purge needs a reason', [{ at: 'reason', message: 'is missing' }]);
}

const namesOf = (versions: readonly string[]): string =>
  versions.length > 3 ? `${versions.slice(0, 3).join(', ')} and ${versions.length - 3} more` : versions.join(', ');

export const restsOn = (what: string, versions: readonly string[]): PlatformError =>
  new PlatformError(
    'conflict',
    `${what} is where ${namesOf(versions)} came from. Delete the versions first, or force the purge and say why`,
    { details: { reason: 'in_use', versions } },
  );

/**
 * What becomes of the files of a run or model: a folder in our own store, or one that clients on this machine wrote, is
 * deleted; others are left. Locations are the caller's: a folder that does not bear the id may hold more than what is
 * purged.
 */
function filesOf(
  { config }: TrackingParts['platform'],
  { experiment, artifact_uri: uri }: PurgedModel | PurgedRun,
  id: string,
): Pick<NewPurge, 'folder' | 'place' | 'leftAt'> {
  const nothing = { folder: null, place: null, leftAt: null };
  if (!uri.split('/').includes(id)) return { ...nothing, leftAt: uri };
  const folder = proxiedPath(uri);
  if (folder !== null) return { ...nothing, folder };
  const isLocal = localFolder(config.defaultArtifactRoot, { artifact_uri: uri, experiment }) !== null;
  return isLocal ? { ...nothing, place: uri } : { ...nothing, leftAt: uri };
}

/** Deletes rows at once, and leaves a note of what is to be deleted in batches. */
export async function purgeRows(
  { platform, data }: TrackingParts,
  trx: Trx,
  order: PurgeOrder,
  runs: readonly PurgedRun[],
  models: readonly PurgedModel[],
): Promise<void> {
  const ofRuns = runs.map((run): NewPurge => {
    const { id, run_id: subject, name: title, experiment } = run;
    return { kind: 'run', subject, title, experiment, run: id, ...filesOf(platform, run, subject) };
  });
  const ofModels = models.map((model): NewPurge => {
    const { model_id: subject, experiment } = model;
    return { kind: 'logged_model', subject, title: null, experiment, run: null, ...filesOf(platform, model, subject) };
  });
  await insertPurges(trx, order, [...ofRuns, ...ofModels]);
  await deleteLoggedModels(
    trx,
    models.map(({ model_id }) => model_id),
  );
  await deleteRuns(
    trx,
    runs.map(({ id }) => id),
  );
  const things = runs.map(({ run_id: id }) => ({ kind: 'run', id }));
  if (things.length > 0) await data.lineage.forgetLeaves(trx, order.project, things);
}

interface Found {
  readonly purgeable: PurgedRun[];
  readonly kept: PurgeResult['kept'];
  /** On what there rests something, when it is purged all the same. */
  readonly forced: ReadonlyMap<string, readonly string[]>;
}

async function sortRuns(
  { purgeGuard }: TrackingParts,
  project: string,
  runs: readonly PurgedRun[],
  force: boolean,
): Promise<Found> {
  const runIds = runs.map(({ run_id }) => run_id);
  const rest = await purgeGuard({ project, runIds, modelIds: [] });
  const kept: PurgeResult['kept'] = [];
  const purgeable = runs.filter(({ run_id: runId, stage }) => {
    const versions = rest.get(runId) ?? [];
    if (stage !== 'deleted') kept.push({ runId, message: `Run ${runId} is not in the trash; delete it first` });
    else if (versions.length > 0 && !force) kept.push({ runId, message: restsOn(`Run ${runId}`, versions).message });
    else return true;
    return false;
  });
  return { purgeable, kept, forced: rest };
}

function leftOf({ platform }: TrackingParts, { purgeable }: Found): PurgeResult['left'] {
  return purgeable.flatMap((run) => {
    const { leftAt } = filesOf(platform, run, run.run_id);
    return leftAt === null ? [] : [{ runId: run.run_id, location: leftAt }];
  });
}

/** In the caller's transaction: rows, notes, audit, and the job that deletes the rest. */
async function purgeLocked(
  parts: TrackingParts,
  trx: Trx,
  actor: Actor,
  project: string,
  { purgeable, forced }: Found,
  reason: string | null,
): Promise<void> {
  const { platform } = parts;
  if (purgeable.length === 0) return;
  const runIds = purgeable.map(({ run_id }) => run_id);
  const models = await lockTrashedModels(trx, project, runIds);
  await purgeRows(parts, trx, { project, askedBy: actor.name, reason, at: platform.clock.now() }, purgeable, models);
  await platform.audit.recordAll(
    trx,
    purgeable.map(({ run_id: id, experiment }) => ({
      actor,
      project,
      action: 'tracking.run-purged',
      subject: { kind: 'run', id },
      details: { experimentId: String(experiment), reason, versions: forced.get(id) ?? [] },
    })),
  );
  await platform.jobs.send(PURGE_QUEUE, {}, { trx });
}

/** Deletes runs in the trash for good, each by itself; says which are kept, and why. */
export async function purgeRuns(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  input: PurgeForce & { readonly runIds: readonly string[] },
): Promise<PurgeResult> {
  checkForce(input);
  const runIds = [...new Set(input.runIds)];
  return await parts.platform.database.transaction(async (trx) => {
    const runs = await lockRuns(trx, project, runIds);
    const found = await sortRuns(parts, project, runs, input.force);
    await purgeLocked(parts, trx, actor, project, found, input.reason ?? null);
    const known = new Set(runs.map(({ run_id }) => run_id));
    const missing = runIds.filter((runId) => !known.has(runId));
    const kept = [...found.kept, ...missing.map((runId) => ({ runId, message: runNotFound(runId).message }))];
    return { purged: found.purgeable.length, kept, left: leftOf(parts, found) };
  });
}

/** A page of the trash: purged, or only looked at. What a registered version rests on stays. */
export async function emptyTrash(
  parts: TrackingParts,
  actor: Actor,
  question: TrashQuestion,
  { dryRun = false, reason = null }: { dryRun?: boolean; reason?: string | null } = {},
): Promise<PurgeResult & { next: number | null }> {
  const { project, limit } = question;
  return await parts.platform.database.transaction(async (trx) => {
    const page = await findTrash(trx, question);
    const runs = dryRun
      ? page
      : await lockRuns(
          trx,
          project,
          page.map(({ run_id }) => run_id),
        );
    const found = await sortRuns(parts, project, runs, false);
    if (!dryRun) await purgeLocked(parts, trx, actor, project, found, reason);
    const next = page.length < limit ? null : page.at(-1)!.id;
    return { purged: found.purgeable.length, kept: found.kept, left: leftOf(parts, found), next };
  });
}
