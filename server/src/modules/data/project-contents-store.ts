import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

/** Uploads and the graph; what is in both projects stays as the new one has it. Says how many nodes moved. */
export async function moveGraph(trx: Queryable, from: string, to: string): Promise<number> {
  const db = trx.tables<unknown>();
  await sql`insert into data.upload (project, digest, size_bytes, created_at, created_by)
    select ${to}, digest, size_bytes, created_at, created_by from data.upload where project = ${from}
    on conflict do nothing`.execute(db);
  await sql`delete from data.upload where project = ${from}`.execute(db);
  await sql`insert into data.lineage_node (project, kind, id, title, details, at)
    select ${to}, kind, id, title, details, at from data.lineage_node where project = ${from}
    on conflict do nothing`.execute(db);
  await sql`insert into data.lineage_edge (project, from_kind, from_id, to_kind, to_id, role, at)
    select ${to}, from_kind, from_id, to_kind, to_id, role, at from data.lineage_edge where project = ${from}
    on conflict do nothing`.execute(db);
  const { numAffectedRows = 0n } = await sql`delete from data.lineage_node where project = ${from}`.execute(db);
  return Number(numAffectedRows);
}

/** Deletes some uploads and some nodes with their edges; false when nothing is left. */
export async function deleteSomeGraph(on: Queryable, project: string, limit: number): Promise<boolean> {
  const db = on.tables<unknown>();
  const uploads = await sql`delete from data.upload where project = ${project} and digest in
    (select digest from data.upload where project = ${project} limit ${limit})`.execute(db);
  const nodes = await sql`delete from data.lineage_node where project = ${project} and (kind, id) in
    (select kind, id from data.lineage_node where project = ${project} limit ${limit})`.execute(db);
  return (uploads.numAffectedRows ?? 0n) + (nodes.numAffectedRows ?? 0n) > 0n;
}
