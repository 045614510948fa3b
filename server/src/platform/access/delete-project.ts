import { notFound, PlatformError } from '@flyball/api';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database, Transaction } from '../database/database.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { TOKEN_CHANNEL } from './access.ts';
import { type Actor, systemActor } from './actor.ts';
import type { NameConflict, ProjectContents } from './project-contents.ts';
import {
  allowLongStatements,
  deleteProject,
  type HiddenProject,
  hideProject,
  listHiddenProjects,
  lockProject,
  showProject,
  type TableInUse,
  tablesInUse,
} from './project-store.ts';

export const PROJECT_DELETION_QUEUE = 'platform.project-deletion';
export const PROJECT_DELETION_CRON = '29 * * * *';
const HEIR = 'default';
const UNIQUE_VIOLATION = '23505';

/** What becomes of what is in a project: it forbids the deletion, it moves to the default project, or it goes too. */
export type ProjectRemoval = 'if-empty' | 'move' | 'purge';

export interface DeletionParts {
  readonly database: Database;
  readonly audit: AuditLog;
  readonly jobs: JobQueue;
  /** Left to right. */
  readonly contents: readonly ProjectContents[];
}

const said = ({ table, names }: TableInUse): string => {
  const some = names.slice(0, 3).map((name) => `"${name}"`);
  if (names.length > 3) some.push('…');
  return some.length === 0 ? `'${table}'` : `'${table}' (${some.join(', ')})`;
};

/** What nobody would move or delete with the project: others rest on it, or it stands for a promise. */
function refuseOthers({ contents }: DeletionParts, name: string, inUse: readonly TableInUse[]): void {
  const dealtWith = new Set(contents.flatMap(({ tables }) => tables));
  const others = inUse.filter(({ table }) => !dealtWith.has(table));
  if (others.length === 0) return;
  const message =
    `Cannot delete the project "${name}": besides what can go with it, it holds ${others.map(said).join(', ')}. ` +
    'Delete these first';
  throw new PlatformError('conflict', message, { details: { reason: 'not_empty', tables: others } });
}

const namesTaken = (name: string, conflicts: readonly NameConflict[]): PlatformError => {
  const names = conflicts.map((one) => `${one.kind} "${one.name}"`).join(', ');
  const message = `Cannot move what is in the project "${name}": "${HEIR}" has these names already: ${names}`;
  return new PlatformError('conflict', message, { details: { reason: 'names_taken', conflicts } });
};

/** Everything at once or nothing: rows that name the project change it, whatever hangs on them stays as it is. */
async function moveContents(parts: DeletionParts, trx: Transaction, name: string): Promise<Record<string, number>> {
  await allowLongStatements(trx);
  const conflicts: NameConflict[] = [];
  for (const each of parts.contents) conflicts.push(...(await each.conflicts(trx, name, HEIR)));
  if (conflicts.length > 0) throw namesTaken(name, conflicts);
  const moved: Record<string, number> = {};
  for (const each of parts.contents) Object.assign(moved, await each.move(trx, name, HEIR));
  return moved;
}

export async function removeProject(
  parts: DeletionParts,
  actor: Actor,
  name: string,
  mode: ProjectRemoval,
): Promise<void> {
  const { database, audit, jobs } = parts;
  const work = database.transaction(async (trx) => {
    if (!(await lockProject(trx, name, 'visible'))) throw notFound('project', name);
    const inUse = await tablesInUse(trx, name);
    if (mode === 'if-empty' && inUse.length > 0) {
      const message = `Cannot delete the project "${name}": ${inUse.map(said).join(', ')} still holds something of it`;
      throw new PlatformError('conflict', message, { details: { reason: 'not_empty' } });
    }
    refuseOthers(parts, name, inUse);
    const moved = mode === 'move' ? await moveContents(parts, trx, name) : null;
    if (mode === 'purge') {
      await hideProject(trx, name, { by: actor.name, at: new Date() });
      await jobs.send(PROJECT_DELETION_QUEUE, {}, { trx });
    } else {
      await deleteProject(trx, name);
    }
    // Its tokens went with it, and no process may remember them.
    await database.notify(TOKEN_CHANNEL, name, trx);
    const subject = { kind: 'project', id: name };
    const details = moved === null ? { mode } : { mode, to: HEIR, moved };
    await audit.record(trx, { actor, project: name, action: 'access.project-deleted', subject, details });
  });
  await work.catch((error: unknown) => {
    // Somebody has just taken a name in the default project.
    if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) throw namesTaken(name, []);
    throw error;
  });
}

/** Lets go of an emptied project. False when something was added to it meanwhile. */
async function finish(parts: DeletionParts, { name, deletedBy }: HiddenProject): Promise<boolean> {
  const { database, audit, contents } = parts;
  return await database.transaction(async (trx) => {
    if (!(await lockProject(trx, name, 'deleted'))) return true;
    const dealtWith = new Set(contents.flatMap(({ tables }) => tables));
    const inUse = await tablesInUse(trx, name);
    const others = inUse.filter(({ table }) => !dealtWith.has(table));
    const subject = { kind: 'project', id: name };
    const about = { actor: systemActor, project: name, subject };
    if (others.length > 0) {
      // A request that was under way when the project was hidden: it was acknowledged, so it is not thrown away.
      await showProject(trx, name);
      const details = { askedBy: deletedBy, tables: others.map(({ table }) => table) };
      await audit.record(trx, { ...about, action: 'access.project-kept', details });
      return true;
    }
    if (inUse.length > 0) return false;
    await deleteProject(trx, name);
    await audit.record(trx, { ...about, action: 'access.project-purged', details: { askedBy: deletedBy } });
    return true;
  });
}

/** Deletes what is in hidden projects, from wherever a process before has come to, and then the projects. */
export async function workOffDeletions(parts: DeletionParts, signal: AbortSignal): Promise<void> {
  for (const project of await listHiddenProjects(parts.database)) {
    do {
      // What is built on others goes before them.
      for (const contents of parts.contents.toReversed()) await contents.empty(project.name, signal);
      signal.throwIfAborted();
    } while (!(await finish(parts, project)));
  }
}
