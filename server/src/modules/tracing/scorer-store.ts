import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface StoredScorer {
  scorer_id: string;
  experiment: number;
  name: string;
  version: number;
  /** A text of JSON. */
  definition: string;
  created_ms: number;
}

const columns = sql`s.scorer_id, s.experiment, s.name, v.version, v.definition, v.created_ms`;

export interface NewScorer {
  readonly scorerId: string;
  readonly experiment: number;
  readonly name: string;
  readonly definition: string;
  readonly atMs: number;
}

/** The next version of a scorer; the first one makes it. Two at once wait for each other. */
export async function insertScorerVersion(on: Queryable, made: NewScorer): Promise<StoredScorer> {
  const tables = on.tables<unknown>();
  const owner = await sql<{ scorer_id: string }>`insert into tracing.scorer (scorer_id, experiment, name)
    values (${made.scorerId}, ${made.experiment}, ${made.name})
    on conflict (experiment, name) do update set name = excluded.name returning scorer_id`.execute(tables);
  const scorerId = owner.rows[0]!.scorer_id;
  const { rows } = await sql<{ version: number }>`insert into tracing.scorer_version
      (scorer_id, version, definition, created_ms)
    select ${scorerId}, coalesce(max(version), 0) + 1, ${made.definition}, ${made.atMs}
    from tracing.scorer_version where scorer_id = ${scorerId} returning version`.execute(tables);
  return {
    scorer_id: scorerId,
    experiment: made.experiment,
    name: made.name,
    version: rows[0]!.version,
    definition: made.definition,
    created_ms: made.atMs,
  };
}

/** How many scorers a scorer's experiment has, and how many versions it has itself. */
export async function countScorers(
  on: Queryable,
  { scorer_id, experiment }: StoredScorer,
): Promise<{ readonly scorers: number; readonly versions: number }> {
  const { rows } = await sql<{ scorers: number; versions: number }>`select
    (select count(*) from tracing.scorer where experiment = ${experiment}) as scorers,
    (select count(*) from tracing.scorer_version where scorer_id = ${scorer_id}) as versions`.execute(
    on.tables<unknown>(),
  );
  return rows[0]!;
}

/** The latest version of each scorer of these experiments. */
export async function listLatestScorers(on: Queryable, experiments: readonly number[]): Promise<StoredScorer[]> {
  const { rows } = await sql<StoredScorer>`select ${columns} from tracing.scorer s
    join lateral (select * from tracing.scorer_version v where v.scorer_id = s.scorer_id
      order by v.version desc limit 1) v on true
    where s.experiment = any(${[...experiments]}::bigint[]) order by s.experiment, s.name`.execute(
    on.tables<unknown>(),
  );
  return rows;
}

export async function listScorerVersions(on: Queryable, experiment: number, name: string): Promise<StoredScorer[]> {
  const { rows } = await sql<StoredScorer>`select ${columns} from tracing.scorer s
    join tracing.scorer_version v on v.scorer_id = s.scorer_id
    where s.experiment = ${experiment} and s.name = ${name} order by v.version`.execute(on.tables<unknown>());
  return rows;
}

/** One version, or the latest. */
export async function findScorer(
  on: Queryable,
  experiment: number,
  name: string,
  version: number | null,
): Promise<StoredScorer | null> {
  const which = version === null ? sql`true` : sql`v.version = ${version}`;
  const { rows } = await sql<StoredScorer>`select ${columns} from tracing.scorer s
    join tracing.scorer_version v on v.scorer_id = s.scorer_id
    where s.experiment = ${experiment} and s.name = ${name} and ${which} order by v.version desc limit 1`.execute(
    on.tables<unknown>(),
  );
  return rows[0] ?? null;
}

/** One version, or the scorer with all of them. */
export async function deleteScorerRows(
  on: Queryable,
  experiment: number,
  name: string,
  version: number | null,
): Promise<boolean> {
  const tables = on.tables<unknown>();
  const result =
    version === null
      ? await sql`delete from tracing.scorer where experiment = ${experiment} and name = ${name}`.execute(tables)
      : await sql`delete from tracing.scorer_version v using tracing.scorer s
          where s.scorer_id = v.scorer_id and s.experiment = ${experiment} and s.name = ${name}
            and v.version = ${version}`.execute(tables);
  return (result.numAffectedRows ?? 0n) > 0n;
}
