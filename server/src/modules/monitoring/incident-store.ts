import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface StoredIncident {
  id: string;
  project: string;
  endpoint: string;
  state: 'open' | 'resolved';
  title: string;
  opened_at: Date;
  resolved_at: Date | null;
}

export interface IncidentEntry {
  readonly incident_id: string;
  readonly at: Date;
  readonly kind: string;
  readonly text: string;
  readonly ref_kind: string | null;
  readonly ref_id: string | null;
  readonly key: string;
}

interface Tables {
  'monitoring.incident': StoredIncident;
  'monitoring.incident_entry': IncidentEntry & { number: number };
}

/** The endpoint's open incident, opened if there is none. */
export async function openIncident(
  on: Queryable,
  incident: Omit<StoredIncident, 'state' | 'resolved_at'>,
): Promise<string> {
  const tables = on.tables<Tables>();
  await sql`insert into monitoring.incident (id, project, endpoint, state, title, opened_at)
    values (${incident.id}, ${incident.project}, ${incident.endpoint}, 'open', ${incident.title}, ${incident.opened_at})
    on conflict (project, endpoint) where state = 'open' do nothing`.execute(tables);
  const { rows } = await sql<{ id: string }>`select id from monitoring.incident
    where project = ${incident.project} and endpoint = ${incident.endpoint} and state = 'open'`.execute(tables);
  return rows[0]!.id;
}

export async function findOpenIncident(
  on: Queryable,
  project: string,
  endpoint: string,
): Promise<StoredIncident | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('monitoring.incident')
    .selectAll()
    .where('project', '=', project)
    .where('endpoint', '=', endpoint)
    .where('state', '=', 'open')
    .executeTakeFirst();
  return row ?? null;
}

export async function findIncident(on: Queryable, project: string, id: string): Promise<StoredIncident | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('monitoring.incident')
    .selectAll()
    .where('project', '=', project)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

export async function closeIncident(on: Queryable, id: string, at: Date): Promise<boolean> {
  const result = await on
    .tables<Tables>()
    .updateTable('monitoring.incident')
    .set({ state: 'resolved', resolved_at: at })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Closes an incident whose alerts have all been resolved. */
export async function closeIfQuiet(on: Queryable, id: string, at: Date): Promise<boolean> {
  const result = await sql`update monitoring.incident set state = 'resolved', resolved_at = ${at}
    where id = ${id} and state = 'open'
      and not exists (select 1 from monitoring.alert where incident_id = ${id} and state = 'open')`.execute(
    on.tables<Tables>(),
  );
  return result.numAffectedRows === 1n;
}

export interface IncidentPage {
  readonly project: string;
  readonly limit: number;
  readonly before?: string | undefined;
  readonly state?: 'open' | 'resolved' | undefined;
}

export async function listIncidents(on: Queryable, page: IncidentPage): Promise<StoredIncident[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('monitoring.incident')
    .selectAll()
    .where('project', '=', page.project)
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  if (page.state !== undefined) query = query.where('state', '=', page.state);
  return await query.execute();
}

export async function addEntry(on: Queryable, entry: IncidentEntry): Promise<void> {
  await sql`insert into monitoring.incident_entry (incident_id, at, kind, text, ref_kind, ref_id, key)
    values (${entry.incident_id}, ${entry.at}, ${entry.kind}, ${entry.text}, ${entry.ref_kind}, ${entry.ref_id},
      ${entry.key})
    on conflict (incident_id, key) do nothing`.execute(on.tables<Tables>());
}

export async function listEntries(on: Queryable, ids: readonly string[]): Promise<IncidentEntry[]> {
  if (ids.length === 0) return [];
  return await on
    .tables<Tables>()
    .selectFrom('monitoring.incident_entry')
    .select(['incident_id', 'at', 'kind', 'text', 'ref_kind', 'ref_id', 'key'])
    .where('incident_id', 'in', [...ids])
    .orderBy('number')
    .execute();
}
