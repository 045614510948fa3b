import { attachSegments } from './log-relation.ts';
import type { ServingParts } from './parts.ts';
import { requireEndpoint } from './put-endpoint.ts';
import { type Segment, segmentsBetween } from './segment-store.ts';

export interface PredictionQuery {
  readonly limit: number;
  readonly before?: string | undefined;
  readonly id?: string | undefined;
}

type Row = Record<string, unknown>;

const LONG_AGO = new Date('0001-01-01T00:00:00Z');
const FAR_AHEAD = new Date(8.64e15);

/** The newest segments that surely hold the newest rows: later ones cannot come into their place. */
function newestSegments(segments: readonly Segment[], limit: number): Segment[] {
  const sorted = segments.toSorted((a, b) => b.maxAt.getTime() - a.maxAt.getTime());
  const chosen: Segment[] = [];
  let rows = 0;
  let oldest = Number.POSITIVE_INFINITY;
  for (const segment of sorted) {
    if (rows >= limit && segment.maxAt.getTime() < oldest) break;
    chosen.push(segment);
    rows += segment.rowCount;
    oldest = Math.min(oldest, segment.minAt.getTime());
  }
  return chosen;
}

/** The columns of a kind, without their prefix. */
function pick(row: Row, prefix: string): Row {
  const own = Object.entries(row).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

function present(row: Row): Row {
  return {
    id: row['id'],
    at: row['at'],
    version: row['version'],
    role: row['role'],
    weight: row['weight'],
    rollout: row['rollout'],
    step: row['step'],
    latencyMs: row['ms'],
    error: row['error'],
    prediction: row['prediction'],
    label: row['label'],
    labelAt: row['label_at'],
    shadow:
      row['shadow_version'] === null ? null : { version: row['shadow_version'], prediction: row['shadow_prediction'] },
    inputs: pick(row, 'input.'),
    features: pick(row, 'feature.'),
  };
}

/** The log, newest first, with what became known of each prediction. */
export async function readPredictions(
  parts: ServingParts,
  project: string,
  name: string,
  { limit, before, id }: PredictionQuery,
): Promise<{ items: Row[] }> {
  const endpoint = await requireEndpoint(parts, project, name);
  const { database, analytics } = parts.platform;
  const until = before === undefined ? FAR_AHEAD : new Date(before);
  const all = await segmentsBetween(database, endpoint.id, 'predictions', LONG_AGO, until);
  const predictions = id === undefined ? newestSegments(all, limit) : all;
  const from = new Date(Math.min(FAR_AHEAD.getTime(), ...predictions.map(({ minAt }) => minAt.getTime())));
  const labels = await segmentsBetween(database, endpoint.id, 'labels', from, FAR_AHEAD);
  const shadows = await segmentsBetween(database, endpoint.id, 'shadows', from, until);
  return await analytics.run({ name: 'read-predictions' }, async (session) => {
    await attachSegments(parts, session, 'predictions', predictions);
    await attachSegments(parts, session, 'labels', labels);
    await attachSegments(parts, session, 'shadows', shadows);
    const rows = await session.rows(
      `with found as (
         select * from predictions where "at" < $1 and ($2::varchar is null or id = $2 or request = $2)
         order by "at" desc, seq desc, row limit $3
       ), truth as (
         select id, arg_min(value, seq) as label, arg_min("at", seq) as label_at from labels
         where id in (select id from found) group by id
       ), other as (
         select id, any_value(version) as shadow_version, any_value(prediction) as shadow_prediction from shadows
         where id in (select id from found) group by id
       )
       select found.*, truth.label, truth.label_at, other.shadow_version, other.shadow_prediction
       from found left join truth on truth.id = found.id left join other on other.id = found.id
       order by found.at desc, found.seq desc, found.row`,
      [until, id ?? null, limit],
    );
    return { items: rows.map(present) };
  });
}
