import type { Policy, PolicyDefinition } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface PolicyTable {
  project: string;
  name: string;
  body: PolicyDefinition;
  created_at: Date;
  updated_at: Date;
}

interface Tables {
  'governance.policy': PolicyTable;
}

const present = ({ body, created_at, updated_at }: PolicyTable): Policy => ({
  ...body,
  createdAt: created_at.toISOString(),
  updatedAt: updated_at.toISOString(),
});

export async function upsertPolicy(on: Queryable, project: string, body: PolicyDefinition): Promise<Policy> {
  const { rows } = await sql<PolicyTable>`
    insert into governance.policy (project, name, body) values (${project}, ${body.name},
      ${JSON.stringify(body)}::jsonb)
    on conflict (project, name) do update set body = excluded.body, updated_at = clock_timestamp()
    returning *`.execute(on.tables<Tables>());
  return present(rows[0]!);
}

export async function listPolicies(on: Queryable, project: string): Promise<Policy[]> {
  const rows = await on
    .tables<Tables>()
    .selectFrom('governance.policy')
    .selectAll()
    .where('project', '=', project)
    .orderBy('name')
    .execute();
  return rows.map(present);
}

export async function removePolicy(on: Queryable, project: string, name: string): Promise<boolean> {
  const result = await on
    .tables<Tables>()
    .deleteFrom('governance.policy')
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
