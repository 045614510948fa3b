import type { PublishedEvent } from '#platform/events/event-bus';
import { resolveAlerts } from './alert-store.ts';
import { addEntry, closeIfQuiet, findOpenIncident } from './incident-store.ts';
import { monitorsOfEndpoint, setEvaluated } from './monitor-store.ts';
import type { MonitoringParts } from './parts.ts';

interface Told {
  readonly kind: string;
  readonly text: string;
  readonly ref: { readonly kind: string; readonly id: string };
}

const text = (value: unknown): string => String(value ?? '');

async function endpointOfRun(parts: MonitoringParts, { project, payload }: PublishedEvent): Promise<string | null> {
  const run = await parts.pipelines.getRun(project, text(payload['runId'])).catch(() => null);
  const event = run?.params['event'] as { endpoint?: string } | undefined;
  return event?.endpoint ?? null;
}

async function toldBy(parts: MonitoringParts, event: PublishedEvent): Promise<(Told & { endpoint: string }) | null> {
  const { name, payload } = event;
  if (name === 'pipelines.run-changed') {
    const endpoint = await endpointOfRun(parts, event);
    const state = text(payload['state']);
    if (endpoint === null || state === 'queued') return null;
    const what = `Pipeline ${text(payload['pipeline'])} ${state === 'running' ? 'started' : state}`;
    return {
      endpoint,
      kind: `pipeline-${state}`,
      text: what,
      ref: { kind: 'pipeline_run', id: text(payload['runId']) },
    };
  }
  const state = text(payload['state']);
  const step = state === 'running' ? `is at step ${Number(payload['step']) + 1}` : state.replaceAll('_', ' ');
  return {
    endpoint: text(payload['endpoint']),
    kind: `rollout-${state}`,
    text: `Rollout of version ${text(payload['candidate'])} ${step}`,
    ref: { kind: 'rollout', id: text(payload['rolloutId']) },
  };
}

/** A new champion starts with a clean record: its alerts are resolved and its rules forget the old one's values. */
async function startAfresh(
  { platform }: MonitoringParts,
  project: string,
  endpoint: string,
  incidentId: string | null,
) {
  const at = platform.clock.now();
  await platform.database.transaction(async (trx) => {
    for (const monitor of await monitorsOfEndpoint(trx, project, endpoint)) {
      if (monitor.evaluated_until === null) continue;
      const states = Object.fromEntries(
        monitor.body.rules.map((rule) => [
          rule.id,
          {
            raised: false,
            recent: [],
            calm: 0,
            quietUntilMs: monitor.evaluated_until!.getTime() + rule.cooldownSeconds * 1000,
          },
        ]),
      );
      await setEvaluated(trx, monitor, monitor.evaluated_until, states);
    }
    if (incidentId === null) return;
    for (const alert of await resolveAlerts(trx, { incidentId }, at)) {
      const payload = { monitor: alert.monitor, alertId: alert.id, endpoint };
      await platform.events.publish(trx, { project, name: 'monitoring.alert-resolved', payload });
    }
    await closeIfQuiet(trx, incidentId, at);
  });
}

/** Writes what is done about an incident on its timeline, and closes it when a new champion has taken over. */
export async function watchEvent(parts: MonitoringParts, event: PublishedEvent): Promise<void> {
  const told = await toldBy(parts, event);
  if (told === null) return;
  const { database } = parts.platform;
  const incident = await findOpenIncident(database, event.project, told.endpoint);
  if (incident !== null) {
    const entry = { incident_id: incident.id, at: new Date(event.at), kind: told.kind, text: told.text };
    await addEntry(database, { ...entry, ref_kind: told.ref.kind, ref_id: told.ref.id, key: `event ${event.id}` });
  }
  if (event.name === 'serving.rollout-changed' && event.payload['state'] === 'promoted') {
    await startAfresh(parts, event.project, told.endpoint, incident?.id ?? null);
  }
}
