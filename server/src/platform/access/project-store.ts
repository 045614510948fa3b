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

interface ProjectTable extends StoredProject {
  /** Since when it is being deleted with all that is in it. */
  deleted_at: Date | null;
  deleted_by: string | null;
}

const columns = ['name', 'title', 'description', 'artifact_root', 'created_at'] as const;

interface Tables {
  'platform.project': ProjectTable;
}

export async function listProjects(on: Queryable): Promise<StoredProject[]> {
  return await on
    .tables<Tables>()
    .selectFrom('platform.project')
    .select(columns)
    .where('deleted_at', 'is', null)
    .orderBy('name')
    .execute();
}

export async function findProject(on: Queryable, name: string): Promise<StoredProject | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('platform.project')
    .select(columns)
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
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
    .returning(columns)
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
    .where('deleted_at', 'is', null)
    .returning(columns)
    .executeTakeFirst();
  return row ?? null;
}

/** What a project may hold and still be empty: who may enter it, not what is in it. */
const notContents = ['platform.token', 'platform.member', 'platform.setting'];
const MOST_NAMES = 4;

/** Something of a project, in whichever module's table. */
export interface TableInUse {
  readonly table: string;
  /** Some of what is in there, by name or id. */
  readonly names: readonly string[];
}

/**
 * From here to the end of the transaction nobody can add anything to the project, since whatever refers to a project
 * must lock it. False when there is none.
 */
export async function lockProject(on: Queryable, name: string, state: 'visible' | 'deleted'): Promise<boolean> {
  const { rows } = await sql`select from platform.project
    where name = ${name} and (deleted_at is null) = ${state === 'visible'} for update`.execute(on.tables<unknown>());
  return rows.length > 0;
}

/** The tables with something of this project, whichever module owns them. */
export async function tablesInUse(on: Queryable, name: string): Promise<TableInUse[]> {
  const db = on.tables<unknown>();
  const { rows: tables } = await sql<{ schema: string; table: string; column: string; label: string | null }>`
    select n.nspname as schema, c.relname as table, a.attname as column,
      (select l.attname from pg_attribute l where l.attrelid = c.oid and l.attname in ('name', 'id')
        order by l.attname desc limit 1) as label
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
    where k.contype = 'f' and k.confrelid = 'platform.project'::regclass order by 1, 2`.execute(db);
  const found: TableInUse[] = [];
  for (const { schema, table, column, label } of tables) {
    if (notContents.includes(`${schema}.${table}`)) continue;
    const what = label === null ? sql`''` : sql`${sql.id(label)}::text`;
    const { rows } = await sql<{ label: string }>`select ${what} as label from ${sql.id(schema, table)}
      where ${sql.id(column)} = ${name} limit ${MOST_NAMES}`.execute(db);
    const names = rows.map((row) => row.label).filter((one) => one !== '');
    if (rows.length > 0) found.push({ table: `${schema}.${table}`, names });
  }
  return found;
}

/** With the tokens that are for it alone. */
export async function deleteProject(on: Queryable, name: string): Promise<void> {
  await on.tables<Tables>().deleteFrom('platform.project').where('name', '=', name).execute();
}

/** Hides a project from everybody, and whoever had a token for it alone from everything. */
export async function hideProject(on: Queryable, name: string, order: { by: string; at: Date }): Promise<void> {
  const db = on.tables<Tables>();
  await sql`delete from platform.token where project = ${name}`.execute(db);
  await db
    .updateTable('platform.project')
    .set({ deleted_at: order.at, deleted_by: order.by })
    .where('name', '=', name)
    .execute();
}

export async function showProject(on: Queryable, name: string): Promise<void> {
  await on
    .tables<Tables>()
    .updateTable('platform.project')
    .set({ deleted_at: null, deleted_by: null })
    .where('name', '=', name)
    .execute();
}

export interface HiddenProject {
  readonly name: string;
  readonly deletedBy: string;
}

/** Projects that are being deleted. */
export async function listHiddenProjects(on: Queryable): Promise<HiddenProject[]> {
  const rows = await on
    .tables<Tables>()
    .selectFrom('platform.project')
    .select(['name', 'deleted_by'])
    .where('deleted_at', 'is not', null)
    .orderBy('deleted_at')
    .execute();
  return rows.map((row) => ({ name: row.name, deletedBy: row.deleted_by ?? 'system' }));
}

/** A move is one statement for each table, however many rows that has. */
export async function allowLongStatements(trx: Queryable): Promise<void> {
  await sql`set local statement_timeout = 0`.execute(trx.tables<unknown>());
}
