import type { Alert, MonitorDefinition } from '@flyball/api';
import { newId } from '#platform/uuid';
import { insertAlert, resolveAlerts } from './alert-store.ts';
import { addEntry, closeIfQuiet, openIncident } from './incident-store.ts';
import type { StoredMonitor } from './monitor-store.ts';
import type { MonitoringParts } from './parts.ts';
import { queueWebhooks } from './send-webhook.ts';

type Trx = Parameters<Parameters<MonitoringParts['platform']['database']['transaction']>[0]>[0];
type Rule = MonitorDefinition['rules'][number];

export interface Breach {
  readonly rule: Rule;
  readonly at: Date;
  readonly value: number | null;
  readonly bound: number;
}

const show = (value: number | null): string => (value === null ? 'unknown' : value.toPrecision(4));

function sentence(monitor: StoredMonitor, { rule, value, bound }: Breach): string {
  const side = rule.direction === 'below' ? 'below' : 'above';
  return `${rule.signal} of ${monitor.endpoint} is ${show(value)}, ${side} ${show(bound)} (${rule.for} of ${rule.of} times)`;
}

/** Opens an alert, in the endpoint's incident, and tells whoever listens; a pipeline may start on that event. */
export async function openAlert(
  { platform }: MonitoringParts,
  trx: Trx,
  monitor: StoredMonitor,
  breach: Breach,
): Promise<void> {
  const { project, endpoint } = monitor;
  const { rule, at } = breach;
  const message = sentence(monitor, breach);
  const incidentId = await openIncident(trx, { id: newId(), project, endpoint, title: message, opened_at: at });
  const alert = {
    id: newId(),
    incident_id: incidentId,
    project,
    monitor: monitor.name,
    rule: rule.id,
    signal: rule.signal,
    endpoint,
    severity: rule.severity,
    message,
    value: breach.value,
    bound: breach.bound,
    opened_at: at,
  };
  if (!(await insertAlert(trx, alert))) return;
  const entry = {
    incident_id: incidentId,
    at,
    kind: 'alert-opened',
    text: message,
    ref_kind: 'alert',
    ref_id: alert.id,
  };
  await addEntry(trx, { ...entry, key: `opened ${alert.id}` });
  const payload = { monitor: monitor.name, alertId: alert.id, rule: rule.id, endpoint, at: at.toISOString() };
  await platform.events.publish(trx, { project, name: 'monitoring.alert-opened', payload });
  await queueWebhooks(platform, trx, monitor, 'opened', { ...payload, message, severity: rule.severity });
}

/** Resolves the open alert of a rule; the last one of an incident closes it. */
export async function resolveRule(
  parts: MonitoringParts,
  trx: Trx,
  monitor: StoredMonitor,
  rule: Rule,
  at: Date,
  reason: string,
): Promise<void> {
  const { project, name } = monitor;
  const resolved = await resolveAlerts(trx, { project, monitor: name, rule: rule.id }, at);
  for (const alert of resolved) await tellResolved(parts, trx, monitor, alert, at, reason);
}

async function tellResolved(
  { platform }: MonitoringParts,
  trx: Trx,
  monitor: StoredMonitor,
  alert: Alert,
  at: Date,
  reason: string,
) {
  const { project } = monitor;
  const text = `${alert.rule}: ${reason}`;
  const entry = {
    incident_id: alert.incidentId,
    at,
    kind: 'alert-resolved',
    text,
    ref_kind: 'alert',
    ref_id: alert.id,
  };
  await addEntry(trx, { ...entry, key: `resolved ${alert.id}` });
  if (await closeIfQuiet(trx, alert.incidentId, at)) {
    const closed = { ...entry, kind: 'resolved', text: 'All alerts are resolved', ref_kind: null, ref_id: null };
    await addEntry(trx, { ...closed, key: 'closed' });
  }
  const payload = { monitor: monitor.name, alertId: alert.id, endpoint: monitor.endpoint };
  await platform.events.publish(trx, { project, name: 'monitoring.alert-resolved', payload });
  await queueWebhooks(platform, trx, monitor, 'resolved', { ...payload, message: text, at: at.toISOString() });
}
