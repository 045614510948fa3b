import { notFound, PlatformError } from '@flyball/api';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/database.ts';
import { TOKEN_CHANNEL } from './access.ts';
import type { Actor } from './actor.ts';
import {
  deleteProject,
  findProject,
  insertProject,
  listProjects,
  type StoredProject,
  tableInUse,
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
  /** `conflict` while there is anything in it. */
  remove(actor: Actor, name: string): Promise<void>;
}

async function remove(database: Database, audit: AuditLog, actor: Actor, name: string): Promise<void> {
  await database.transaction(async (trx) => {
    const table = await tableInUse(trx, name);
    if (table !== null) {
      const message = `Cannot delete the project "${name}": '${table}' still holds something of it`;
      throw new PlatformError('conflict', message, { details: { reason: 'not_empty' } });
    }
    if (!(await deleteProject(trx, name))) throw notFound('project', name);
    // Its tokens went with it, and no process may remember them.
    await database.notify(TOKEN_CHANNEL, name, trx);
    const subject = { kind: 'project', id: name };
    await audit.record(trx, { actor, project: name, action: 'access.project-deleted', subject });
  });
}

export function createProjects(database: Database, audit: AuditLog): Projects {
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
        if (row === null) throw new PlatformError('conflict', `A project called "${name}" exists already`);
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
    remove: async (actor, name) => await remove(database, audit, actor, name),
  };
}
