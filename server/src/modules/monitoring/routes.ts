import {
  type Incident,
  type Monitor,
  type MonitorDefinition,
  type monitoringRoutes,
  notFound,
  PlatformError,
} from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { Handlers } from '#platform/http/serve';
import { webhookAddress } from '#platform/webhooks/webhook-address';
import { alertsOfIncidents, listAlerts, openAlertsByMonitor, resolveAlerts } from './alert-store.ts';
import {
  addEntry,
  closeIncident,
  findIncident,
  listEntries,
  listIncidents,
  type StoredIncident,
} from './incident-store.ts';
import { deleteMonitor, findMonitor, listMonitors, type StoredMonitor, upsertMonitor } from './monitor-store.ts';
import type { MonitoringParts } from './parts.ts';
import { readSignals } from './signal-store.ts';

function present(row: StoredMonitor, open: ReadonlySet<string>): Monitor {
  return {
    ...row.body,
    state: open.has(row.name) ? 'alert' : row.evaluated_until === null ? 'no_data' : 'ok',
    evaluatedUntil: row.evaluated_until?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

function checkSignals({ signals, rules }: MonitorDefinition): void {
  const known = new Set(signals.map(({ id }) => id));
  const bad = rules
    .filter(({ signal }) => !known.has(signal))
    .map(({ id, signal }) => ({ at: `body.rules.${id}.signal`, message: `There is no signal "${signal}"` }));
  for (const { id, kind, column } of signals) {
    if (['psi', 'ks', 'missing_share'].includes(kind) && column === undefined) {
      bad.push({ at: `body.signals.${id}.column`, message: `${kind} needs a column` });
    }
  }
  if (bad.length === 0) return;
  const message = bad.map((place) => `${place.at}: ${place.message}`).join('; ');
  throw new PlatformError('invalid_input', message, { details: bad });
}

async function putMonitor(
  { platform, serving }: MonitoringParts,
  actor: Actor,
  project: string,
  definition: MonitorDefinition,
) {
  checkSignals(definition);
  await serving.getEndpoint(project, definition.endpoint);
  for (const { url } of definition.webhooks) await webhookAddress(new URL(url), platform.config.allowPrivateWebhooks);
  return await platform.database.transaction(async (trx) => {
    const row = await upsertMonitor(trx, project, definition);
    await serving.expectAdvance(trx, project, definition.endpoint);
    const subject = { kind: 'monitor', id: definition.name };
    await platform.audit.record(trx, { actor, project, action: 'monitoring.defined', subject });
    return row;
  });
}

async function presentIncidents({ platform }: MonitoringParts, rows: readonly StoredIncident[]): Promise<Incident[]> {
  const ids = rows.map(({ id }) => id);
  const alerts = await alertsOfIncidents(platform.database, ids);
  const entries = await listEntries(platform.database, ids);
  return rows.map((row) => ({
    id: row.id,
    endpoint: row.endpoint,
    state: row.state,
    title: row.title,
    openedAt: row.opened_at.toISOString(),
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    alerts: alerts.filter(({ incidentId }) => incidentId === row.id),
    timeline: entries
      .filter((entry) => entry.incident_id === row.id)
      .map(({ at, kind, text, ref_kind, ref_id }) => ({
        at: at.toISOString(),
        kind,
        text,
        ref: ref_kind === null || ref_id === null ? null : { kind: ref_kind, id: ref_id },
      })),
  }));
}

async function getIncident(parts: MonitoringParts, project: string, id: string): Promise<Incident> {
  const row = await findIncident(parts.platform.database, project, id);
  if (row === null) throw notFound('incident', id);
  return (await presentIncidents(parts, [row]))[0]!;
}

async function resolveIncident(parts: MonitoringParts, actor: Actor, project: string, id: string, reason: string) {
  const { platform } = parts;
  const at = platform.clock.now();
  await platform.database.transaction(async (trx) => {
    if ((await findIncident(trx, project, id)) === null) throw notFound('incident', id);
    if (!(await closeIncident(trx, id, at))) throw new PlatformError('conflict', 'This incident is resolved already');
    await resolveAlerts(trx, { incidentId: id }, at);
    const entry = {
      incident_id: id,
      at,
      kind: 'resolved',
      text: `${actor.name}: ${reason}`,
      ref_kind: null,
      ref_id: null,
    };
    await addEntry(trx, { ...entry, key: 'closed' });
    const subject = { kind: 'incident', id };
    await platform.audit.record(trx, {
      actor,
      project,
      action: 'monitoring.incident-resolved',
      subject,
      details: { reason },
    });
  });
  return await getIncident(parts, project, id);
}

async function removeMonitor({ platform }: MonitoringParts, actor: Actor, project: string, name: string) {
  await platform.database.transaction(async (trx) => {
    if (!(await deleteMonitor(trx, project, name))) throw notFound('monitor', name);
    await platform.audit.record(trx, {
      actor,
      project,
      action: 'monitoring.deleted',
      subject: { kind: 'monitor', id: name },
    });
  });
  return {};
}

const paged = <T extends { readonly id: string }>(items: T[], limit: number) =>
  items.length === limit ? { items, nextPageToken: items.at(-1)!.id } : { items };

/** `api/src/monitoring.ts`, each route to its use case. */
export function monitoringHandlers(parts: MonitoringParts): Handlers<typeof monitoringRoutes> {
  const { database } = parts.platform;
  const open = async (project: string) => await openAlertsByMonitor(database, project);
  return {
    listMonitors: async ({ project, query: { limit, pageToken: after, search } }) => {
      const raised = await open(project);
      const rows = await listMonitors(database, { project, limit, after, search });
      const items = rows.map((row) => present(row, raised));
      return items.length === limit ? { items, nextPageToken: items.at(-1)!.name } : { items };
    },
    putMonitor: async ({ actor, project, params, body }) =>
      present(await putMonitor(parts, actor, project, { ...body, name: params.monitor }), await open(project)),
    getMonitor: async ({ project, params }) => {
      const row = await findMonitor(database, project, params.monitor);
      if (row === null) throw notFound('monitor', params.monitor);
      return present(row, await open(project));
    },
    deleteMonitor: async ({ actor, project, params }) => await removeMonitor(parts, actor, project, params.monitor),
    readSignals: async ({ project, params, query }) => {
      if ((await findMonitor(database, project, params.monitor)) === null) throw notFound('monitor', params.monitor);
      return { values: await readSignals(database, { project, monitor: params.monitor, ...query }) };
    },
    listAlerts: async ({ project, query: { limit, pageToken: before, state, endpoint } }) =>
      paged(await listAlerts(database, { project, limit, before, state, endpoint }), limit),
    listIncidents: async ({ project, query: { limit, pageToken: before, state } }) =>
      paged(await presentIncidents(parts, await listIncidents(database, { project, limit, before, state })), limit),
    getIncident: async ({ project, params }) => await getIncident(parts, project, params.incident),
    resolveIncident: async ({ actor, project, params, body }) =>
      await resolveIncident(parts, actor, project, params.incident, body.reason),
  };
}
