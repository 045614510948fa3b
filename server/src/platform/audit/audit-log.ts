import type { AuditEvent } from '@flyball/api';
import type { Actor } from '../access/actor.ts';
import type { Database, Queryable } from '../database/database.ts';
import { type AuditFilter, insertAuditEvents, listAuditEvents } from './audit-store.ts';

export interface AuditRecord {
  readonly actor: Actor;
  /** `null` for the instance itself. */
  readonly project: string | null;
  /** `module.what-happened`, past tense. */
  readonly action: string;
  readonly subject?: { readonly kind: string; readonly id: string };
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditLog {
  /** Appends an event in the transaction of the change it tells of. */
  record(trx: Queryable, event: AuditRecord): Promise<void>;
  /** Several events at once. */
  recordAll(trx: Queryable, events: readonly AuditRecord[]): Promise<void>;
  list(filter: AuditFilter): Promise<AuditEvent[]>;
}

const rowOf = ({ actor, project, action, subject, details }: AuditRecord) => ({
  project,
  actor: actor.name,
  action,
  subject_kind: subject?.kind ?? null,
  subject_id: subject?.id ?? null,
  details: details ?? {},
  request_id: actor.requestId ?? null,
});

export function createAuditLog(database: Database): AuditLog {
  return {
    record: async (trx, event) => await insertAuditEvents(trx, [rowOf(event)]),
    recordAll: async (trx, events) => {
      if (events.length > 0) await insertAuditEvents(trx, events.map(rowOf));
    },
    list: async (filter) => await listAuditEvents(database, filter),
  };
}
