import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface Tables {
  'pipelines.cached_result': { project: string; key: string; outputs: Record<string, unknown> };
}

export async function findResult(on: Queryable, project: string, key: string): Promise<Record<string, unknown> | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('pipelines.cached_result')
    .select('outputs')
    .where('project', '=', project)
    .where('key', '=', key)
    .executeTakeFirst();
  return row?.outputs ?? null;
}

export async function keepResult(
  on: Queryable,
  result: {
    readonly project: string;
    readonly key: string;
    readonly outputs: Record<string, unknown>;
    readonly runId: string;
    readonly stepId: string;
  },
): Promise<void> {
  await sql`insert into pipelines.cached_result (project, key, outputs, run_id, step_id)
    values (${result.project}, ${result.key}, ${JSON.stringify(result.outputs)}::jsonb, ${result.runId},
      ${result.stepId})
    on conflict (project, key) do update set outputs = excluded.outputs, run_id = excluded.run_id,
      step_id = excluded.step_id, created_at = clock_timestamp()`.execute(on.tables<Tables>());
}
