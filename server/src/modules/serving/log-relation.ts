import { type AnalyticsSession, quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import type { PlatformParts } from './parts.ts';
import { type Segment, type SegmentKind, segmentsBetween } from './segment-store.ts';

export async function localPaths({ platform }: PlatformParts, segments: readonly Segment[]): Promise<string[]> {
  const paths: string[] = [];
  for (const { digest } of segments) {
    paths.push(await platform.objects.localPath(digest));
  }
  return paths;
}

const emptyColumns: Readonly<Record<SegmentKind, string>> = {
  predictions: `null::varchar as id, null::varchar as request, null::int as row, null::timestamp as "at",
    null::int as version,
    null::varchar as role, null::double as weight, null::varchar as rollout, null::int as step,
    null::varchar as sticky_key, null::double as ms, null::varchar as error, null::double as prediction,
    null::bigint as seq`,
  shadows: `null::varchar as id, null::varchar as request, null::int as row, null::timestamp as "at", null::int
    as version,
    null::varchar as rollout, null::int as step, null::double as ms, null::varchar as error,
    null::double as prediction, null::bigint as seq, null::bigint as request_seq`,
  labels: `null::varchar as id, null::timestamp as "at", null::double as value, null::timestamp as predicted_at,
    null::bigint as seq, null::bigint as request_seq, null::int as row`,
};

/** Makes a view of some segments, named by their kind; an empty one when there are none. */
export async function attachSegments(
  parts: PlatformParts,
  session: AnalyticsSession,
  kind: SegmentKind,
  segments: readonly Segment[],
): Promise<void> {
  const files: string[] = [];
  for (const [i, file] of (await localPaths(parts, segments)).entries()) {
    files.push(quoteLiteral(await session.attach(`${kind}-${i}.parquet`, file)));
  }
  const source =
    files.length === 0
      ? `(select ${emptyColumns[kind]} limit 0)`
      : `read_parquet([${files.join(', ')}], union_by_name = true)`;
  await session.execute(`create view ${quoteIdentifier(kind)} as select * from ${source}`);
}

/** Views `predictions`, `shadows` and `labels` of a stretch of event time. Labels of it may have come until `labelsUntil`. */
export async function attachLog(
  parts: PlatformParts,
  session: AnalyticsSession,
  endpointId: string,
  span: { readonly from: Date; readonly until: Date; readonly labelsUntil: Date },
): Promise<void> {
  const { database } = parts.platform;
  for (const kind of ['predictions', 'shadows', 'labels'] as const) {
    const until = kind === 'labels' ? span.labelsUntil : span.until;
    await attachSegments(parts, session, kind, await segmentsBetween(database, endpointId, kind, span.from, until));
  }
}
