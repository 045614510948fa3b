import { sql } from 'kysely';
import type { Queryable } from '../database/database.ts';

export interface StoredProject {
  name: string;
  title: string;
  description: string | null;
  /** Where clients put artifacts of new experiments, if not where all do. */
  artifact_root: string | null;
  created_at: Date;
}

interface Tables {
  'platform.project': StoredProject;
}

export async function listProjects(on: Queryable): Promise<StoredProject[]> {
  return await on.tables<Tables>().selectFrom('platform.project').selectAll().orderBy('name').execute();
}

export async function findProject(on: Queryable, name: string): Promise<StoredProject | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('platform.project')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  return row ?? null;
}

export async function projectExists(on: Queryable, name: string): Promise<boolean> {
  return (await findProject(on, name)) !== null;
}

/** `null` when the name is taken. */
export async function insertProject(
  on: Queryable,
  project: Omit<StoredProject, 'created_at'>,
): Promise<StoredProject | null> {
  const row = await on
    .tables<Tables>()
    .insertInto('platform.project')
    .values({ ...project, created_at: new Date() })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

/** `null` when there is none. */
export async function updateProject(
  on: Queryable,
  name: string,
  change: Partial<Pick<StoredProject, 'description' | 'artifact_root'>>,
): Promise<StoredProject | null> {
  const row = await on
    .tables<Tables>()
    .updateTable('platform.project')
    .set(change)
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

/** What a project may hold and still be empty: who may enter it, not what is in it. */
const notContents = ['platform.token', 'platform.member', 'platform.setting'];

/**
 * A table with something of this project, whichever module owns it; `null` when there is none. From here to the end of
 * the transaction nobody can add anything, since whatever refers to a project must lock it.
 */
export async function tableInUse(on: Queryable, name: string): Promise<string | null> {
  const db = on.tables<unknown>();
  await sql`select from platform.project where name = ${name} for update`.execute(db);
  const { rows: tables } = await sql<{ schema: string; table: string; column: string }>`
    select n.nspname as schema, c.relname as table, a.attname as column
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
    where k.contype = 'f' and k.confrelid = 'platform.project'::regclass order by 1, 2`.execute(db);
  for (const { schema, table, column } of tables) {
    if (notContents.includes(`${schema}.${table}`)) continue;
    const { rows } = await sql`
      select from ${sql.id(schema, table)} where ${sql.id(column)} = ${name} limit 1`.execute(db);
    if (rows.length > 0) return `${schema}.${table}`;
  }
  return null;
}

/** With the tokens that are for it alone. */
export async function deleteProject(on: Queryable, name: string): Promise<boolean> {
  const result = await on.tables<Tables>().deleteFrom('platform.project').where('name', '=', name).executeTakeFirst();
  return result.numDeletedRows > 0n;
}
