import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { LogKind } from './serving-door.ts';

export type SegmentKind = LogKind;

/** A Parquet object of the log. */
export interface Segment {
  readonly kind: SegmentKind;
  readonly digest: string;
  readonly rowCount: number;
  readonly sizeBytes: number;
  readonly minAt: Date;
  readonly maxAt: Date;
  readonly minSequence: number;
  readonly maxSequence: number;
}

interface SegmentRow {
  readonly kind: SegmentKind;
  readonly digest: string;
  readonly row_count: number;
  readonly size_bytes: number;
  readonly min_at: Date;
  readonly max_at: Date;
  readonly min_sequence: number;
  readonly max_sequence: number;
}

const present = (row: SegmentRow): Segment => ({
  kind: row.kind,
  digest: row.digest,
  rowCount: Number(row.row_count),
  sizeBytes: Number(row.size_bytes),
  minAt: row.min_at,
  maxAt: row.max_at,
  minSequence: Number(row.min_sequence),
  maxSequence: Number(row.max_sequence),
});

/** What a stretch of the spool adds to an endpoint's log. */
export interface LogAddition {
  readonly from: number;
  readonly position: number;
  readonly sequence: number;
  readonly segments: readonly Segment[];
  readonly predictions: number;
  readonly labels: number;
  readonly unknownLabels: number;
  readonly lastPredictionAt: Date | null;
}

/** False, and nothing done, when somebody else has read that stretch already. */
export async function addToLog(on: Queryable, endpointId: string, addition: LogAddition): Promise<boolean> {
  const tables = on.tables<unknown>();
  const { numAffectedRows } = await sql`update serving.endpoint set
      log_position = ${addition.position}, log_sequence = ${addition.sequence},
      predictions = predictions + ${addition.predictions}, labels = labels + ${addition.labels},
      unknown_labels = unknown_labels + ${addition.unknownLabels},
      last_prediction_at = greatest(last_prediction_at, ${addition.lastPredictionAt}::timestamptz)
    where id = ${endpointId} and log_position = ${addition.from}`.execute(tables);
  if (numAffectedRows !== 1n) return false;
  for (const segment of addition.segments) await insertSegment(on, endpointId, segment);
  return true;
}

async function insertSegment(on: Queryable, endpointId: string, segment: Segment): Promise<void> {
  await sql`insert into serving.segment
      (endpoint_id, kind, digest, row_count, size_bytes, min_at, max_at, min_sequence, max_sequence)
    values (${endpointId}, ${segment.kind}, ${segment.digest}, ${segment.rowCount}, ${segment.sizeBytes},
      ${segment.minAt}, ${segment.maxAt}, ${segment.minSequence}, ${segment.maxSequence})`.execute(
    on.tables<unknown>(),
  );
}

/** Segments with rows in [from, until), oldest first. */
export async function segmentsBetween(
  on: Queryable,
  endpointId: string,
  kind: SegmentKind,
  from: Date,
  until: Date,
): Promise<Segment[]> {
  const { rows } = await sql<SegmentRow>`select * from serving.segment
    where endpoint_id = ${endpointId} and kind = ${kind} and max_at >= ${from} and min_at < ${until}
    order by min_sequence`.execute(on.tables<unknown>());
  return rows.map(present);
}

export async function logSpan(on: Queryable, endpointId: string): Promise<{ first: Date | null; last: Date | null }> {
  const { rows } = await sql<{ first: Date | null; last: Date | null }>`
    select min(min_at) as first, max(max_at) as last from serving.segment
    where endpoint_id = ${endpointId} and kind = 'predictions'`.execute(on.tables<unknown>());
  return rows[0]!;
}

/** Segments with labels that a snapshot up to a number and a moment does not have, oldest first. */
export async function labelSegments(
  on: Queryable,
  endpointId: string,
  doneSequence: number,
  doneUntil: Date,
): Promise<Segment[]> {
  const { rows } = await sql<SegmentRow>`select * from serving.segment
    where endpoint_id = ${endpointId} and kind = 'labels'
      and (max_sequence > ${doneSequence} or max_at > ${doneUntil})
    order by min_sequence`.execute(on.tables<unknown>());
  return rows.map(present);
}

/**
 * Segments of all kinds that were made since a moment, after a line of the log. Those of one transaction are seen
 * together, so nothing before the last line of them is missing.
 */
export async function segmentsSince(
  on: Queryable,
  endpointId: string,
  since: Date,
  afterSequence: number,
): Promise<Segment[]> {
  // The database's clock may have been set back a little meanwhile.
  const { rows } = await sql<SegmentRow>`select * from serving.segment
    where endpoint_id = ${endpointId} and min_sequence > ${afterSequence}
      and created_at >= ${since}::timestamptz - interval '10 seconds'
    order by min_sequence`.execute(on.tables<unknown>());
  return rows.map(present);
}

/** Those of these objects that are parts of prediction logs, or snapshots on their way to a dataset. */
export async function neededSegments(on: Queryable, digests: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ digest: string }>`select digest from unnest(${[...digests]}::text[]) as given (digest)
    where exists (select from serving.segment s where s.digest = given.digest)
      or exists (select from serving.snapshot s where s.digest = given.digest)`.execute(on.tables<unknown>());
  return rows.map(({ digest }) => digest);
}
