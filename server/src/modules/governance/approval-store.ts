import type { Approval, RolloutPlan } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface ApprovalTable {
  id: string;
  project: string;
  model: string;
  version: number;
  endpoint: string;
  state: Approval['state'];
  plan: RolloutPlan | null;
  body: Approval;
}

interface Tables {
  'governance.approval': ApprovalTable;
}

export type StoredApproval = Pick<ApprovalTable, 'plan' | 'body'>;

export async function insertApproval(
  on: Queryable,
  project: string,
  approval: Approval,
  plan: RolloutPlan | undefined,
): Promise<void> {
  await sql`insert into governance.approval (id, project, model, version, endpoint, state, plan, body)
    values (${approval.id}, ${project}, ${approval.model}, ${approval.version}, ${approval.endpoint}, ${approval.state},
      ${plan === undefined ? null : JSON.stringify(plan)}::jsonb, ${JSON.stringify(approval)}::jsonb)`.execute(
    on.tables<Tables>(),
  );
}

export async function updateApproval(on: Queryable, approval: Approval): Promise<void> {
  await sql`update governance.approval set state = ${approval.state}, body = ${JSON.stringify(approval)}::jsonb
    where id = ${approval.id}`.execute(on.tables<Tables>());
}

/** Locked until the transaction ends, so that two decisions follow each other. */
export async function lockApproval(on: Queryable, project: string, id: string): Promise<StoredApproval | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('governance.approval')
    .select(['plan', 'body'])
    .where('project', '=', project)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export interface ApprovalPage {
  readonly project: string;
  readonly limit: number;
  readonly before?: string | undefined;
  readonly state?: Approval['state'] | undefined;
  readonly model?: string | undefined;
  readonly version?: number | undefined;
}

/** Newest first; ids are UUIDv7. */
export async function listApprovals(on: Queryable, page: ApprovalPage): Promise<Approval[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('governance.approval')
    .select('body')
    .where('project', '=', page.project)
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  if (page.state !== undefined) query = query.where('state', '=', page.state);
  if (page.model !== undefined) query = query.where('model', '=', page.model);
  if (page.version !== undefined) query = query.where('version', '=', page.version);
  return (await query.execute()).map(({ body }) => body);
}

/** Whether a version was ever approved for an endpoint: one that was may come back. */
export async function isApproved(
  on: Queryable,
  wanted: { readonly project: string; readonly model: string; readonly version: number; readonly endpoint: string },
): Promise<boolean> {
  const row = await on
    .tables<Tables>()
    .selectFrom('governance.approval')
    .select('id')
    .where('project', '=', wanted.project)
    .where('model', '=', wanted.model)
    .where('version', '=', wanted.version)
    .where('endpoint', '=', wanted.endpoint)
    .where('state', '=', 'approved')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
