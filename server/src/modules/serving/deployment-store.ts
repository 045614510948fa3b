import type { Deployment } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface DeploymentRow {
  readonly version: number;
  readonly state: 'starting' | 'ready' | 'failed';
  readonly error: string | null;
  readonly replicas: Deployment['replicas'];
}

export async function upsertDeployment(on: Queryable, endpointId: string, row: DeploymentRow): Promise<void> {
  await sql`insert into serving.deployment (endpoint_id, version, state, error, replicas)
    select ${endpointId}, ${row.version}, ${row.state}, ${row.error}, ${JSON.stringify(row.replicas)}::jsonb
    where exists (select from serving.endpoint where id = ${endpointId})
    on conflict (endpoint_id, version) do update set state = excluded.state, error = excluded.error,
      replicas = excluded.replicas, updated_at = clock_timestamp()`.execute(on.tables<unknown>());
}

/** Forgets the versions that are not served any more. */
export async function keepDeployments(on: Queryable, endpointId: string, versions: readonly number[]): Promise<void> {
  await sql`delete from serving.deployment
    where endpoint_id = ${endpointId} and version <> all(${versions}::int[])`.execute(on.tables<unknown>());
}

export async function listDeployments(
  on: Queryable,
  endpointIds: readonly string[],
): Promise<(DeploymentRow & { readonly endpoint_id: string })[]> {
  const { rows } = await sql<DeploymentRow & { endpoint_id: string }>`
    select endpoint_id, version, state, error, replicas from serving.deployment
    where endpoint_id = any(${endpointIds}::uuid[]) order by version`.execute(on.tables<unknown>());
  return rows;
}
