import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { assessmentsOfTrace, type StoredAssessment } from './assessment-store.ts';

export type TraceStatus = 'STATE_UNSPECIFIED' | 'OK' | 'ERROR' | 'IN_PROGRESS';
export type Pairs = Readonly<Record<string, string>>;

export interface StoredTrace {
  id: number;
  trace_id: string;
  experiment: number;
  timestamp_ms: number;
  execution_ms: number | null;
  status: TraceStatus;
  client_request_id: string | null;
  request_preview: string | null;
  response_preview: string | null;
  tags: Record<string, string>;
  metadata: Record<string, string>;
  has_own_usage: boolean;
  has_own_cost: boolean;
  span_bytes: number;
  assessments: StoredAssessment[];
}

/** Everything a trace shows without its spans, of rows called `t`. */
export const traceColumns = sql`t.id, t.trace_id, t.experiment, t.timestamp_ms, t.execution_ms, t.status,
  t.client_request_id, t.request_preview, t.response_preview, t.tags, t.metadata,
  t.has_own_usage, t.has_own_cost, t.span_bytes,
  ${assessmentsOfTrace(sql`t.id`)} as assessments`;

export interface TraceRow {
  readonly project: string;
  readonly traceId: string;
  readonly experiment: number;
  readonly timestampMs: number;
  readonly executionMs: number | null;
  readonly status: TraceStatus;
  readonly clientRequestId: string | null;
  readonly requestPreview: string | null;
  readonly responsePreview: string | null;
  readonly tags: Pairs;
  readonly metadata: Pairs;
}

export interface OwnSums {
  readonly usage: boolean;
  readonly cost: boolean;
}

/** What its maker says of a trace wins over what its spans have told so far. */
export async function upsertTrace(on: Queryable, trace: TraceRow, own: OwnSums): Promise<number> {
  const { rows } = await sql<{ id: number }>`insert into tracing.trace as t (project, trace_id, experiment,
      timestamp_ms, execution_ms, status, client_request_id, request_preview, response_preview, tags, metadata,
      has_own_usage, has_own_cost)
    values (${trace.project}, ${trace.traceId}, ${trace.experiment}, ${trace.timestampMs}, ${trace.executionMs},
      ${trace.status}, ${trace.clientRequestId}, ${trace.requestPreview}, ${trace.responsePreview},
      ${JSON.stringify(trace.tags)}::jsonb, ${JSON.stringify(trace.metadata)}::jsonb,
      ${own.usage}, ${own.cost})
    on conflict (project, trace_id) do update set experiment = excluded.experiment,
      timestamp_ms = excluded.timestamp_ms, execution_ms = excluded.execution_ms, status = excluded.status,
      client_request_id = excluded.client_request_id,
      request_preview = coalesce(excluded.request_preview, t.request_preview),
      response_preview = coalesce(excluded.response_preview, t.response_preview),
      tags = t.tags || excluded.tags, metadata = t.metadata || excluded.metadata,
      has_own_usage = t.has_own_usage or excluded.has_own_usage,
      has_own_cost = t.has_own_cost or excluded.has_own_cost
    returning id`.execute(on.tables<unknown>());
  return rows[0]!.id;
}

/**
 * Makes the traces that are missing, and locks all of them against other writers until the end of the transaction.
 * `made` are the ids of those that were missing.
 */
export async function ensureTraces(
  on: Queryable,
  traces: readonly TraceRow[],
): Promise<{ readonly all: StoredTrace[]; readonly made: ReadonlySet<string> }> {
  const column = <T>(pick: (trace: TraceRow) => T) => traces.map(pick);
  const ids = column(({ traceId }) => traceId);
  const project = traces[0]?.project ?? '';
  const tables = on.tables<unknown>();
  const inserted = await sql<{ trace_id: string }>`insert into tracing.trace
      (project, trace_id, experiment, timestamp_ms, execution_ms, status, tags)
    select ${project}, given.* from unnest(${ids}::text[], ${column(({ experiment }) => experiment)}::bigint[],
      ${column(({ timestampMs }) => timestampMs)}::bigint[], ${column(({ executionMs }) => executionMs)}::bigint[],
      ${column(({ status }) => status)}::text[],
      ${column(({ tags }) => JSON.stringify(tags))}::jsonb[])
      as given (trace_id, experiment, timestamp_ms, execution_ms, status, tags)
    order by given.trace_id on conflict (project, trace_id) do nothing returning trace_id`.execute(tables);
  const { rows } = await sql<StoredTrace>`select ${traceColumns} from tracing.trace t
    where t.project = ${project} and t.trace_id = any(${ids}::text[])
    order by t.trace_id for no key update`.execute(tables);
  return { all: rows, made: new Set(inserted.rows.map(({ trace_id }) => trace_id)) };
}

export type TraceChange = Pick<
  TraceRow,
  'timestampMs' | 'executionMs' | 'status' | 'requestPreview' | 'responsePreview' | 'tags' | 'metadata'
> & {
  readonly moreSpanBytes?: number;
};

/** Sets what is given; tags and metadata are added to those that are there. */
export async function updateTrace(on: Queryable, id: number, change: TraceChange): Promise<void> {
  await sql`update tracing.trace set timestamp_ms = ${change.timestampMs}, execution_ms = ${change.executionMs},
      status = ${change.status}, request_preview = ${change.requestPreview},
      response_preview = ${change.responsePreview}, tags = tags || ${JSON.stringify(change.tags)}::jsonb,
      metadata = metadata || ${JSON.stringify(change.metadata)}::jsonb,
      span_bytes = span_bytes + ${change.moreSpanBytes ?? 0}
    where id = ${id}`.execute(on.tables<unknown>());
}

export async function findTrace(
  on: Queryable,
  project: string,
  traceId: string,
  lock: 'lock' | 'look' = 'look',
): Promise<StoredTrace | null> {
  const suffix = lock === 'lock' ? sql`for no key update` : sql``;
  const { rows } = await sql<StoredTrace>`select ${traceColumns} from tracing.trace t
    where t.project = ${project} and t.trace_id = ${traceId} ${suffix}`.execute(on.tables<unknown>());
  return rows[0] ?? null;
}

/** Those that exist, in the order in which they are asked for. */
export async function findTraces(
  on: Queryable,
  project: string,
  traceIds: readonly string[],
  experiments: readonly number[] | null,
): Promise<StoredTrace[]> {
  const within = experiments === null ? sql`true` : sql`t.experiment = any(${[...experiments]}::bigint[])`;
  const { rows } = await sql<StoredTrace>`select ${traceColumns} from tracing.trace t
    where t.project = ${project} and t.trace_id = any(${[...traceIds]}::text[]) and ${within}`.execute(
    on.tables<unknown>(),
  );
  const found = new Map(rows.map((row) => [row.trace_id, row]));
  return [...new Set(traceIds)].flatMap((id) => found.get(id) ?? []);
}

export async function setTag(on: Queryable, project: string, traceId: string, tags: Pairs): Promise<boolean> {
  const result = await sql`update tracing.trace set tags = tags || ${JSON.stringify(tags)}::jsonb
    where project = ${project} and trace_id = ${traceId}`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

export async function deleteTag(on: Queryable, project: string, traceId: string, key: string): Promise<boolean> {
  const result = await sql`update tracing.trace set tags = tags - ${key}::text
    where project = ${project} and trace_id = ${traceId} and jsonb_exists(tags, ${key})`.execute(on.tables<unknown>());
  return result.numAffectedRows === 1n;
}

export interface TraceSelection {
  readonly project: string;
  readonly experiment: number;
  readonly maxTimestampMs: number | undefined;
  readonly limit: number | undefined;
  readonly traceIds: readonly string[];
}

/** Deletes traces with everything of theirs, the oldest first; says how many. */
export async function deleteTraces(on: Queryable, selection: TraceSelection): Promise<number> {
  const { project, experiment, maxTimestampMs, limit, traceIds } = selection;
  const conditions = [
    sql`project = ${project} and experiment = ${experiment}`,
    ...(maxTimestampMs === undefined ? [] : [sql`timestamp_ms <= ${maxTimestampMs}`]),
    ...(traceIds.length === 0 ? [] : [sql`trace_id = any(${[...traceIds]}::text[])`]),
  ];
  const most = limit === undefined ? sql`` : sql`limit ${limit}`;
  const result = await sql`delete from tracing.trace where id in (
    select id from tracing.trace where ${sql.join(conditions, sql` and `)}
    order by timestamp_ms, trace_id ${most} for update)`.execute(on.tables<unknown>());
  return Number(result.numAffectedRows ?? 0n);
}

/** Joins traces to a run or to prompt versions; traces of other projects and unknown ones are passed over. */
export async function linkTraces(
  on: Queryable,
  project: string,
  traceIds: readonly string[],
  kind: 'run' | 'prompt',
  targets: readonly string[],
): Promise<void> {
  await sql`insert into tracing.trace_link (trace, kind, target)
    select t.id, ${kind}, given.target from tracing.trace t, unnest(${[...targets]}::text[]) as given (target)
    where t.project = ${project} and t.trace_id = any(${[...traceIds]}::text[])
    order by t.id, given.target on conflict do nothing`.execute(on.tables<unknown>());
}
