import type { Alert } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface AlertTable {
  id: string;
  incident_id: string;
  project: string;
  monitor: string;
  rule: string;
  signal: string;
  endpoint: string;
  severity: Alert['severity'];
  state: Alert['state'];
  message: string;
  value: number | null;
  bound: number | null;
  opened_at: Date;
  resolved_at: Date | null;
}

interface Tables {
  'monitoring.alert': AlertTable;
}

function presentAlert(row: AlertTable): Alert {
  return {
    id: row.id,
    monitor: row.monitor,
    rule: row.rule,
    signal: row.signal,
    endpoint: row.endpoint,
    severity: row.severity,
    state: row.state,
    message: row.message,
    value: row.value,
    bound: row.bound,
    openedAt: row.opened_at.toISOString(),
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    incidentId: row.incident_id,
  };
}

/** False when this rule has an open alert already. */
export async function insertAlert(on: Queryable, alert: Omit<AlertTable, 'state' | 'resolved_at'>): Promise<boolean> {
  const result = await sql`insert into monitoring.alert
      (id, incident_id, project, monitor, rule, signal, endpoint, severity, state, message, value, bound, opened_at)
    values (${alert.id}, ${alert.incident_id}, ${alert.project}, ${alert.monitor}, ${alert.rule}, ${alert.signal},
      ${alert.endpoint}, ${alert.severity}, 'open', ${alert.message}, ${alert.value}, ${alert.bound},
        ${alert.opened_at})
    on conflict (project, monitor, rule) where state = 'open' do nothing`.execute(on.tables<Tables>());
  return result.numAffectedRows === 1n;
}

/** Closes the open alerts of a rule, or all of an incident. */
export async function resolveAlerts(
  on: Queryable,
  of: { readonly project: string; readonly monitor: string; readonly rule: string } | { readonly incidentId: string },
  at: Date,
): Promise<Alert[]> {
  let query = on
    .tables<Tables>()
    .updateTable('monitoring.alert')
    .set({ state: 'resolved', resolved_at: at })
    .where('state', '=', 'open');
  query =
    'incidentId' in of
      ? query.where('incident_id', '=', of.incidentId)
      : query.where('project', '=', of.project).where('monitor', '=', of.monitor).where('rule', '=', of.rule);
  return (await query.returningAll().execute()).map(presentAlert);
}

export interface AlertFilter {
  readonly project: string;
  readonly limit: number;
  readonly before?: string | undefined;
  readonly state?: Alert['state'] | undefined;
  readonly endpoint?: string | undefined;
}

export async function listAlerts(on: Queryable, filter: AlertFilter): Promise<Alert[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('monitoring.alert')
    .selectAll()
    .where('project', '=', filter.project)
    .orderBy('id', 'desc')
    .limit(filter.limit);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.endpoint !== undefined) query = query.where('endpoint', '=', filter.endpoint);
  return (await query.execute()).map(presentAlert);
}

export async function alertsOfIncidents(on: Queryable, ids: readonly string[]): Promise<Alert[]> {
  if (ids.length === 0) return [];
  const rows = await on
    .tables<Tables>()
    .selectFrom('monitoring.alert')
    .selectAll()
    .where('incident_id', 'in', [...ids])
    .orderBy('id')
    .execute();
  return rows.map(presentAlert);
}

export async function openAlertsByMonitor(on: Queryable, project: string): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ monitor: string }>`select distinct monitor from monitoring.alert
    where project = ${project} and state = 'open'`.execute(on.tables<Tables>());
  return new Set(rows.map(({ monitor }) => monitor));
}
