import { notFound, PlatformError } from '@flyball/api';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/database.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { Actor } from './actor.ts';
import {
  PROJECT_DELETION_CRON,
  PROJECT_DELETION_QUEUE,
  type ProjectRemoval,
  removeProject,
  workOffDeletions,
} from './delete-project.ts';
import type { ProjectContents } from './project-contents.ts';
import {
  findProject,
  insertProject,
  listHiddenProjects,
  listProjects,
  type StoredProject,
  updateProject,
} from './project-store.ts';

export type { StoredProject } from './project-store.ts';

export interface NewProject {
  readonly name: string;
  readonly title?: string;
  readonly description?: string | null;
  readonly artifactRoot?: string | null;
}

export interface ProjectChange {
  readonly description?: string | null | undefined;
  /** Null: as the setting says. */
  readonly artifactRoot?: string | null | undefined;
}

/** What separates teams. Who may do what here is for the caller to ask. */
export interface Projects {
  /** Those in which the actor has a role. */
  list(actor: Actor): Promise<StoredProject[]>;
  get(name: string): Promise<StoredProject>;
  /** `conflict` when the name is taken. */
  create(actor: Actor, project: NewProject): Promise<StoredProject>;
  change(actor: Actor, name: string, change: ProjectChange): Promise<StoredProject>;
  /** `conflict` when that is refused, because of what is in it; then nothing has changed. */
  remove(actor: Actor, name: string, mode?: ProjectRemoval): Promise<void>;
  /** What a module keeps of projects and can move or delete; left to right. */
  contribute(contents: ProjectContents): void;
  /** In the processes that do jobs: goes on with deletions that were given up. */
  startWork(): Promise<void>;
}

export function createProjects(database: Database, audit: AuditLog, jobs: JobQueue): Projects {
  const contents: ProjectContents[] = [];
  const parts = { database, audit, jobs, contents };
  jobs.define(PROJECT_DELETION_QUEUE, {}, async (_, { signal }) => await workOffDeletions(parts, signal));
  return {
    list: async (actor) => (await listProjects(database)).filter(({ name }) => actor.roleIn(name) !== null),
    get: async (name) => {
      const found = await findProject(database, name);
      if (found === null) throw notFound('project', name);
      return found;
    },
    create: async (actor, { name, title = '', description = null, artifactRoot = null }) =>
      await database.transaction(async (trx) => {
        const row = await insertProject(trx, { name, title, description, artifact_root: artifactRoot });
        if (row === null) {
          const hidden = (await listHiddenProjects(trx)).some((one) => one.name === name);
          const state = hidden ? 'is still being deleted; try again in a moment' : 'exists already';
          throw new PlatformError('conflict', `A project called "${name}" ${state}`);
        }
        const subject = { kind: 'project', id: name };
        await audit.record(trx, { actor, project: name, action: 'access.project-created', subject });
        return row;
      }),
    change: async (actor, name, { description, artifactRoot }) =>
      await database.transaction(async (trx) => {
        const row = await updateProject(trx, name, {
          ...(description === undefined ? {} : { description }),
          ...(artifactRoot === undefined ? {} : { artifact_root: artifactRoot }),
        });
        if (row === null) throw notFound('project', name);
        const subject = { kind: 'project', id: name };
        const details = { description: row.description, artifactRoot: row.artifact_root };
        await audit.record(trx, { actor, project: name, action: 'access.project-changed', subject, details });
        return row;
      }),
    remove: async (actor, name, mode = 'if-empty') => await removeProject(parts, actor, name, mode),
    contribute: (more) => void contents.push(more),
    startWork: async () => await jobs.schedule(PROJECT_DELETION_QUEUE, PROJECT_DELETION_CRON, {}),
  };
}
