import type { MonitorDefinition } from '@flyball/api';
import type { AlertState } from '@flyball/stats';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export type RuleStates = Readonly<Record<string, AlertState & { readonly quietUntilMs?: number }>>;

export interface StoredMonitor {
  project: string;
  name: string;
  endpoint: string;
  body: MonitorDefinition;
  evaluated_until: Date | null;
  rule_states: RuleStates;
  created_at: Date;
  updated_at: Date;
}

interface Tables {
  'monitoring.monitor': StoredMonitor;
}

export async function upsertMonitor(on: Queryable, project: string, body: MonitorDefinition): Promise<StoredMonitor> {
  const { rows } = await sql<StoredMonitor>`
    insert into monitoring.monitor as m (project, name, endpoint, body)
    values (${project}, ${body.name}, ${body.endpoint}, ${JSON.stringify(body)}::jsonb)
    on conflict (project, name) do update set endpoint = excluded.endpoint, body = excluded.body,
      rule_states = case when m.body is distinct from excluded.body then '{}'::jsonb else m.rule_states end,
      updated_at = case when m.body is distinct from excluded.body then clock_timestamp() else m.updated_at end
    returning *`.execute(on.tables<Tables>());
  return rows[0]!;
}

export async function findMonitor(on: Queryable, project: string, name: string): Promise<StoredMonitor | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('monitoring.monitor')
    .selectAll()
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirst();
  return row ?? null;
}

export async function lockMonitor(on: Queryable, project: string, name: string): Promise<StoredMonitor | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('monitoring.monitor')
    .selectAll()
    .where('project', '=', project)
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export interface MonitorPage {
  readonly project: string;
  readonly limit: number;
  readonly after?: string | undefined;
  readonly search?: string | undefined;
}

export async function listMonitors(on: Queryable, page: MonitorPage): Promise<StoredMonitor[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('monitoring.monitor')
    .selectAll()
    .where('project', '=', page.project)
    .orderBy('name')
    .limit(page.limit);
  if (page.after !== undefined) query = query.where('name', '>', page.after);
  if (page.search !== undefined) query = query.where(sql<boolean>`position(lower(${page.search}) in lower(name)) > 0`);
  return await query.execute();
}

export async function monitorsOfEndpoint(on: Queryable, project: string, endpoint: string): Promise<StoredMonitor[]> {
  return await on
    .tables<Tables>()
    .selectFrom('monitoring.monitor')
    .selectAll()
    .where('project', '=', project)
    .where('endpoint', '=', endpoint)
    .orderBy('name')
    .execute();
}

export async function deleteMonitor(on: Queryable, project: string, name: string): Promise<boolean> {
  const result = await on
    .tables<Tables>()
    .deleteFrom('monitoring.monitor')
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function setEvaluated(
  on: Queryable,
  monitor: { readonly project: string; readonly name: string },
  until: Date,
  states: RuleStates,
): Promise<void> {
  await sql`update monitoring.monitor set evaluated_until = ${until}, rule_states = ${JSON.stringify(states)}::jsonb
    where project = ${monitor.project} and name = ${monitor.name}`.execute(on.tables<Tables>());
}
