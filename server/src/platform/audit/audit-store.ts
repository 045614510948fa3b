import type { AuditEvent } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '../database/database.ts';

interface AuditTable {
  id: number;
  at: Date;
  project: string | null;
  actor: string;
  action: string;
  subject_kind: string | null;
  subject_id: string | null;
  details: unknown;
  request_id: string | null;
}

interface Tables {
  'platform.audit_event': AuditTable;
}

/** Several events in one statement, in their order. */
export async function insertAuditEvents(
  on: Queryable,
  events: readonly Omit<AuditTable, 'id' | 'at'>[],
): Promise<void> {
  const column = (pick: (event: Omit<AuditTable, 'id' | 'at'>) => string | null) => events.map(pick);
  await sql`insert into platform.audit_event (project, actor, action, subject_kind, subject_id, details, request_id)
    select * from unnest(${column(({ project }) => project)}::text[], ${column(({ actor }) => actor)}::text[],
      ${column(({ action }) => action)}::text[], ${column(({ subject_kind }) => subject_kind)}::text[],
      ${column(({ subject_id }) => subject_id)}::text[], ${column(({ details }) => JSON.stringify(details))}::jsonb[],
      ${column(({ request_id }) => request_id)}::text[])`.execute(on.tables<Tables>());
}

export interface AuditFilter {
  readonly project: string | null;
  readonly before?: number | undefined;
  readonly limit: number;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly subjectKind?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly search?: string | undefined;
}

export async function listAuditEvents(on: Queryable, filter: AuditFilter): Promise<AuditEvent[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('platform.audit_event')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(filter.limit);
  if (filter.project !== null) query = query.where('project', '=', filter.project);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
  if (filter.action !== undefined) query = query.where('action', '=', filter.action);
  if (filter.subjectKind !== undefined) query = query.where('subject_kind', '=', filter.subjectKind);
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
  if (filter.search !== undefined) {
    const pattern = `%${filter.search.replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where((where) =>
      where.or([
        where('action', 'ilike', pattern),
        where('actor', 'ilike', pattern),
        where('subject_id', 'ilike', pattern),
      ]),
    );
  }
  const rows = await query.execute();
  return rows.map((row) => ({
    id: Number(row.id),
    at: row.at.toISOString(),
    project: row.project,
    actor: row.actor,
    action: row.action,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    details: row.details as Record<string, unknown>,
    requestId: row.request_id,
  }));
}
