import type { Purge } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface PurgeRow {
  id: number;
  kind: Purge['kind'];
  subject: string;
  title: string | null;
  experiment: number;
  asked_by: string;
  reason: string | null;
  asked_at: Date;
  points: number;
  expected_points: number | null;
  files: number;
  runs_done: number;
  runs_left: number;
  left_at: string | null;
  error: string | null;
  finished_at: Date | null;
}

const present = (row: PurgeRow): Purge => ({
  id: row.id,
  kind: row.kind,
  subject: row.subject,
  title: row.title,
  experimentId: String(row.experiment),
  askedBy: row.asked_by,
  reason: row.reason,
  askedAt: row.asked_at.toISOString(),
  points: row.points,
  expectedPoints: row.expected_points,
  files: row.files,
  runsDone: row.runs_done,
  runsLeft: row.runs_left,
  leftAt: row.left_at,
  error: row.error,
  finishedAt: row.finished_at?.toISOString() ?? null,
});

export interface PurgePage {
  readonly project: string;
  /** Whether the runs and models of purged experiments stand for themselves, too. */
  readonly parts: boolean;
  readonly limit: number;
}

/** Newest first; an experiment has done what its parts have done. */
export async function listPurges(on: Queryable, { project, parts, limit }: PurgePage): Promise<Purge[]> {
  const alone = parts ? sql`` : sql`and part_of is null`;
  const { rows } = await sql<PurgeRow>`select p.id, p.kind, p.subject, p.title, p.experiment, p.asked_by, p.reason,
      p.asked_at, (p.points + coalesce(s.points, 0))::bigint as points, p.expected_points,
      (p.files + coalesce(s.files, 0))::bigint as files, coalesce(s.runs_done, 0) as runs_done,
      case when p.kind = 'experiment' and p.finished_at is null
        then (select count(*) from tracking.run r where r.experiment = p.experiment) else 0 end as runs_left,
      coalesce(p.left_at, s.left_at) as left_at, coalesce(p.error, s.error) as error,
      case when coalesce(s.unfinished, 0) = 0 then greatest(p.finished_at, s.finished_at) end as finished_at
    from (select * from tracking.purge where project = ${project} ${alone} order by id desc limit ${limit}) p
    left join lateral (select sum(points) as points, sum(files) as files, min(left_at) as left_at,
        min(error) as error, count(*) filter (where kind = 'run') as runs_done, max(finished_at) as finished_at,
        count(*) filter (where finished_at is null) + (p.finished_at is null)::int as unfinished
      from tracking.purge where part_of = p.id) s on p.kind = 'experiment'
    order by p.id desc`.execute(on.tables<unknown>());
  return rows.map(present);
}

export interface ExperimentCounts {
  readonly runs: number;
  readonly models: number;
  readonly files: number;
  readonly bytes: number;
}

/** How much there is in an experiment. */
export async function countExperiment(
  on: Queryable,
  { id, project, folder }: { readonly id: number; readonly project: string; readonly folder: string | null },
): Promise<ExperimentCounts> {
  const { rows } = await sql<ExperimentCounts>`select
      (select count(*) from tracking.run where experiment = ${id}) as runs,
      (select count(*) from tracking.logged_model where experiment = ${id}) as models, f.files, f.bytes
    from (select count(*) as files, coalesce(sum(size_bytes), 0)::bigint as bytes from tracking.artifact
      where project = ${project} and path > ${`${folder ?? ''}/`} and path < ${`${folder ?? ''}0`}) f`.execute(
    on.tables<unknown>(),
  );
  return rows[0]!;
}
