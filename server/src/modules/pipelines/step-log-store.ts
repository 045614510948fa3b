import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface LogLine {
  readonly number: number;
  readonly at: Date;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

interface Tables {
  'pipelines.log_line': LogLine & { run_id: string; step_id: string; attempt: number };
}

export interface LogOf {
  readonly runId: string;
  readonly stepId: string;
  readonly attempt: number;
}

export async function insertLogLines(on: Queryable, of: LogOf, lines: readonly LogLine[]): Promise<void> {
  if (lines.length === 0) return;
  await sql`insert into pipelines.log_line (run_id, step_id, attempt, number, at, stream, text)
    select ${of.runId}, ${of.stepId}, ${of.attempt}, * from unnest(${lines.map(({ number }) => number)}::int[],
      ${lines.map(({ at }) => at)}::timestamptz[], ${lines.map(({ stream }) => stream)}::text[],
      ${lines.map(({ text }) => text)}::text[])
    on conflict do nothing`.execute(on.tables<Tables>());
}

export async function readLogLines(on: Queryable, of: LogOf, after: number, limit: number): Promise<LogLine[]> {
  return await on
    .tables<Tables>()
    .selectFrom('pipelines.log_line')
    .select(['number', 'at', 'stream', 'text'])
    .where('run_id', '=', of.runId)
    .where('step_id', '=', of.stepId)
    .where('attempt', '=', of.attempt)
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute();
}
