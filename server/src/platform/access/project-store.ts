import type { Queryable } from '../database/database.ts';

interface Tables {
  'platform.project': { name: string; title: string; created_at: Date };
}

export interface StoredProject {
  name: string;
  title: string;
  created_at: Date;
}

export async function listProjects(on: Queryable): Promise<StoredProject[]> {
  return await on.tables<Tables>().selectFrom('platform.project').selectAll().orderBy('name').execute();
}

export async function projectExists(on: Queryable, name: string): Promise<boolean> {
  const row = await on
    .tables<Tables>()
    .selectFrom('platform.project')
    .select('name')
    .where('name', '=', name)
    .executeTakeFirst();
  return row !== undefined;
}

/** `null` when the name is taken. */
export async function insertProject(on: Queryable, name: string, title: string): Promise<StoredProject | null> {
  const row = await on
    .tables<Tables>()
    .insertInto('platform.project')
    .values({ name, title, created_at: new Date() })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}
