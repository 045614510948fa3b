import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface StoredRunView {
  name: string;
  address: Record<string, unknown>;
  created_by: string;
  updated_by: string;
  updated_at: Date;
}

const columns = sql`name, address, created_by, updated_by, updated_at`;

export async function listViews(on: Queryable, project: string): Promise<StoredRunView[]> {
  const { rows } = await sql<StoredRunView>`select ${columns} from tracking.run_view
    where project = ${project} order by name`.execute(on.tables<unknown>());
  return rows;
}

export async function countOtherViews(on: Queryable, project: string, name: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from tracking.run_view
    where project = ${project} and name <> ${name}`.execute(on.tables<unknown>());
  return rows[0]!.count;
}

/** Null when there is one of that name, which is left alone unless it is to be replaced. */
export async function putView(
  on: Queryable,
  view: { readonly project: string; readonly name: string; readonly address: object; readonly by: string },
  replace: boolean,
): Promise<StoredRunView | null> {
  const address = sql`${JSON.stringify(view.address)}::jsonb`;
  const kept = replace
    ? sql`do update set address = excluded.address, updated_by = excluded.updated_by, updated_at = clock_timestamp()`
    : sql`do nothing`;
  const { rows } = await sql<StoredRunView>`insert into tracking.run_view as v
      (project, name, address, created_by, updated_by)
    values (${view.project}, ${view.name}, ${address}, ${view.by}, ${view.by})
    on conflict (project, name) ${kept} returning ${columns}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

export async function deleteView(on: Queryable, project: string, name: string): Promise<boolean> {
  const { rows } = await sql`delete from tracking.run_view where project = ${project} and name = ${name}
    returning name`.execute(on.tables<unknown>());
  return rows.length > 0;
}
