import { systemActor } from '../access/actor.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database, Queryable } from '../database/database.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { checkLocks, forgetClaims, lockUnclaimed } from './object-claim-store.ts';
import type { ObjectReferences } from './object-references.ts';
import type { ListedObject, ObjectStore } from './object-store.ts';
import {
  advanceSweep,
  countRemoved,
  findUnfinishedSweep,
  finishSweep,
  noteSweepError,
  type StoredSweep,
  type SweptPage,
} from './object-sweep-store.ts';

const OBJECTS_AT_ONCE = 500;
/** How many are locked against being claimed while their bytes are removed. */
const REMOVED_AT_ONCE = 50;
/** Parts of an upload may be days apart. */
const LEAST_UPLOAD_SECONDS = 2 * 24 * 3600;

export interface SweepParts {
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly jobs: JobQueue;
  readonly audit: AuditLog;
  readonly graceHours: number;
}

export interface SweepWork extends SweepParts {
  readonly references: readonly ObjectReferences[];
}

async function* inPages(objects: AsyncIterable<ListedObject>): AsyncGenerator<ListedObject[]> {
  let page: ListedObject[] = [];
  for await (const object of objects) {
    page.push(object);
    if (page.length < OBJECTS_AT_ONCE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

const bytesOf = (objects: readonly ListedObject[]): number => objects.reduce((sum, one) => sum + one.sizeBytes, 0);

/** Those of these objects that no module needs. */
async function notNeeded({ references }: SweepWork, on: Queryable, digests: readonly string[]): Promise<Set<string>> {
  const left = new Set(digests);
  for (const { needed } of references) {
    if (left.size === 0) break;
    for (const digest of await needed(on, [...left])) left.delete(digest);
  }
  return left;
}

/**
 * Removes objects that nothing needs. Whoever stores such an object again meanwhile, or wants to refer to it, claims
 * it first: that waits for this transaction, and then finds it gone; or came before, and then it is left alone. Whoever
 * has claimed it, or has found it young, before the grace period, has committed by now what refers to it.
 */
async function removeObjects(
  work: SweepWork,
  { id, grace_seconds: graceSeconds }: StoredSweep,
  objects: readonly ListedObject[],
): Promise<ListedObject[]> {
  return await work.database.transaction(async (trx) => {
    const digests = objects.map(({ digest }) => digest);
    const free = await lockUnclaimed(trx, digests, graceSeconds);
    const before = new Date(Date.now() - graceSeconds * 1000);
    const gone = await notNeeded(work, trx, free);
    const removed: ListedObject[] = [];
    for (const object of objects) {
      if (!gone.has(object.digest)) continue;
      await checkLocks(trx);
      if (await work.objects.delete(object.digest, before)) removed.push(object);
    }
    await countRemoved(trx, id, removed.length, bytesOf(removed));
    return removed;
  });
}

/** Looks at some objects; false when another process has taken the sweep over. */
async function sweepPage(work: SweepWork, sweep: StoredSweep, page: readonly ListedObject[]): Promise<boolean> {
  const before = new Date(Date.now() - sweep.grace_seconds * 1000);
  const old = page.filter(({ writtenAt }) => writtenAt < before);
  const digests = old.map(({ digest }) => digest);
  const gone = await notNeeded(work, work.database, digests);
  const candidates = old.filter(({ digest }) => gone.has(digest));
  const removed: ListedObject[] = [];
  for (let i = 0; i < candidates.length && !sweep.dry_run; i += REMOVED_AT_ONCE) {
    removed.push(...(await removeObjects(work, sweep, candidates.slice(i, i + REMOVED_AT_ONCE))));
  }
  const wouldGo = sweep.dry_run ? candidates : [];
  const done: SweptPage = {
    last: page.at(-1)!.digest,
    objects: page.length - removed.length,
    bytes: bytesOf(page) - bytesOf(removed),
    removedObjects: wouldGo.length,
    removedBytes: bytesOf(wouldGo),
  };
  const isOurs = await advanceSweep(work.database, sweep, done);
  sweep.position = done.last;
  return isOurs;
}

async function finish(work: SweepWork, sweep: StoredSweep): Promise<void> {
  const { database, objects, audit } = work;
  const uploadSeconds = Math.max(sweep.grace_seconds, LEAST_UPLOAD_SECONDS);
  const uploads = sweep.dry_run ? 0 : await objects.clean(new Date(Date.now() - uploadSeconds * 1000));
  if (!sweep.dry_run) await forgetClaims(database, sweep.grace_seconds);
  await database.transaction(async (trx) => {
    const done = await finishSweep(trx, sweep.id, uploads);
    if (done === null) return;
    await audit.record(trx, {
      actor: systemActor,
      project: null,
      action: 'platform.objects-swept',
      subject: { kind: 'object_sweep', id: String(sweep.id) },
      details: {
        askedBy: sweep.asked_by,
        dryRun: sweep.dry_run,
        objects: done.objects,
        removedObjects: done.removed_objects,
        removedBytes: done.removed_bytes,
        unfinishedUploads: uploads,
      },
    });
  });
}

/** Goes on with the sweep that is under way, from wherever a process before has come to. */
export async function workOffSweep(work: SweepWork, signal: AbortSignal): Promise<void> {
  const sweep = await findUnfinishedSweep(work.database);
  if (sweep === null) return;
  try {
    if (!sweep.dry_run) for (const { expire } of work.references) await expire?.();
    for await (const page of inPages(work.objects.list(sweep.position))) {
      signal.throwIfAborted();
      if (!(await sweepPage(work, sweep, page))) return;
    }
    await finish(work, sweep);
  } catch (error) {
    if (!signal.aborted) await noteSweepError(work.database, sweep.id, messageOf(error)).catch(() => undefined);
    throw error;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 500);
