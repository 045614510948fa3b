import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import { deleteLocalFolder } from './delete-local-folder.ts';
import { localFolder } from './local-files.ts';
import type { TrackingParts } from './parts.ts';
import { purgeRows } from './purge-runs.ts';
import {
  countPurgedFiles,
  deleteExperiment,
  deleteFiles,
  deletePoints,
  findPurgingExperiment,
  findUnfinishedPurge,
  finishPurge,
  leavePlace,
  lockModelsOf,
  lockRunsOf,
  notePurgeError,
  type PointPlace,
  type PurgingExperiment,
  type UnfinishedPurge,
} from './purge-store.ts';

/** For whoever may see the project: no more than they would be answered. */
const messageOf = (error: unknown): string =>
  error instanceof PlatformError ? error.message : 'Something went wrong on our side; the log knows more';

const POINTS_AT_ONCE = 5_000;
const FILES_AT_ONCE = 1_000;
const ROWS_AT_ONCE = 200;
const LONGEST_REST_MS = 1_000;

/** Works on a batch, then leaves the database to others for as long as that took. */
async function considerate<R>(signal: AbortSignal, work: () => Promise<R>): Promise<R> {
  signal.throwIfAborted();
  const started = performance.now();
  const result = await work();
  await sleep(Math.min(performance.now() - started, LONGEST_REST_MS), undefined, { signal });
  return result;
}

async function purgePoints({ platform: { database } }: TrackingParts, purge: UnfinishedPurge, signal: AbortSignal) {
  const { id, run } = purge;
  if (run === null) return;
  let after: PointPlace | null = null;
  do {
    const from: PointPlace | null = after;
    after = await considerate(signal, () =>
      database.transaction((trx) => deletePoints(trx, { id, run }, from, POINTS_AT_ONCE)),
    );
  } while (after !== null);
}

async function purgeFiles({ platform: { database } }: TrackingParts, purge: UnfinishedPurge, signal: AbortSignal) {
  const { id, project, folder } = purge;
  if (folder === null) return;
  const batch = () => database.transaction((trx) => deleteFiles(trx, { id, project, folder }, FILES_AT_ONCE));
  while (await considerate(signal, batch));
}

/** What clients on this machine wrote themselves. What cannot be deleted is left, and said; it must stop no other. */
async function purgePlace({ platform }: TrackingParts, purge: UnfinishedPurge, signal: AbortSignal): Promise<void> {
  const { id, experiment, place } = purge;
  if (place === null) return;
  const { database, config, log } = platform;
  const folder = localFolder(config.defaultArtifactRoot, { artifact_uri: place, experiment });
  let files = 0;
  const count = async (least: number): Promise<void> => {
    if (files < least) return;
    await countPurgedFiles(database, id, files);
    files = 0;
  };
  const deleted = async (): Promise<void> => {
    files++;
    await count(FILES_AT_ONCE);
  };
  try {
    if (folder === null) await leavePlace(database, id, place);
    else await deleteLocalFolder(folder, { signal, deleted });
  } catch (error) {
    if (!isOfDisk(error)) throw error;
    log.warn({ err: error, place }, 'files of a purged run stay behind');
    await leavePlace(database, id, place);
  }
  await count(1);
}

const isOfDisk = (error: unknown): boolean => error instanceof Error && 'syscall' in error && 'path' in error;

/** A batch of an experiment: models, then runs, at last itself. False when nothing is left of it. */
async function purgeSome(parts: TrackingParts, experiment: PurgingExperiment): Promise<boolean> {
  const { platform, purgeStep } = parts;
  const { id, project, purged_by: askedBy, purge_reason: reason, purge: partOf } = experiment;
  return await platform.database.transaction(async (trx) => {
    if ((await purgeStep(trx, id, ROWS_AT_ONCE)) > 0) return true;
    const models = await lockModelsOf(trx, id, ROWS_AT_ONCE);
    const runs = models.length > 0 ? [] : await lockRunsOf(trx, id, ROWS_AT_ONCE);
    if (models.length + runs.length === 0) {
      await deleteExperiment(trx, id, platform.clock.now());
      return false;
    }
    await purgeRows(parts, trx, { project, askedBy, reason, at: platform.clock.now(), partOf }, runs, models);
    return true;
  });
}

/**
 * Deletes all that is to be purged, in batches, from wherever a process before it has come to. Several may do it at
 * the same time: whatever one has deleted is not there for the other.
 */
export async function workOffPurges(parts: TrackingParts, signal: AbortSignal): Promise<void> {
  const { database, clock } = parts.platform;
  for (let last = -1; ; ) {
    const experiment = await findPurgingExperiment(database, last);
    if (experiment === null) break;
    while (await considerate(signal, () => purgeSome(parts, experiment)));
    last = experiment.id;
  }
  for (let last = 0; ; ) {
    const purge = await findUnfinishedPurge(database, last);
    if (purge === null) return;
    try {
      await purgePoints(parts, purge, signal);
      await purgeFiles(parts, purge, signal);
      await purgePlace(parts, purge, signal);
    } catch (error) {
      if (!signal.aborted) await notePurgeError(database, purge.id, messageOf(error)).catch(() => undefined);
      throw error;
    }
    await finishPurge(database, purge.id, clock.now());
    last = purge.id;
  }
}
