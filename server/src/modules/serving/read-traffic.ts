import type { TrafficPoint } from '@flyball/api';
import { invalidInput } from '@flyball/api';
import { attachLog } from './log-relation.ts';
import { placedLabelsSql } from './log-sql.ts';
import type { ServingParts } from './parts.ts';
import { requireEndpoint } from './put-endpoint.ts';
import { logSpan } from './segment-store.ts';

export interface TrafficQuery {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly bucketSeconds: number;
}

const DEFAULT_SPAN_MS = 7 * 86_400_000;
const MAX_BUCKETS = 10_000;

const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value));

/**
 * Predictions, errors, latency and losses per bucket of event time, version and role. Labels count with their
 * prediction.
 */
export async function readTraffic(
  parts: ServingParts,
  project: string,
  name: string,
  query: TrafficQuery,
): Promise<{ points: TrafficPoint[] }> {
  const endpoint = await requireEndpoint(parts, project, name);
  const { database, analytics, clock } = parts.platform;
  const { last } = await logSpan(database, endpoint.id);
  const until =
    query.until === undefined ? new Date((last?.getTime() ?? clock.now().getTime()) + 1) : new Date(query.until);
  const from = query.from === undefined ? new Date(until.getTime() - DEFAULT_SPAN_MS) : new Date(query.from);
  const bucketMs = query.bucketSeconds * 1000;
  if ((until.getTime() - from.getTime()) / bucketMs > MAX_BUCKETS) {
    throw invalidInput(`More than ${MAX_BUCKETS} buckets`, [
      { at: 'query.bucketSeconds', message: 'Choose longer ones' },
    ]);
  }
  const { kind, positiveAbove } = endpoint.definition.target;
  const truth = kind === 'binary' ? `(l.value > ${positiveAbove})::int::double` : 'l.value';
  const loss =
    kind === 'binary'
      ? `-ln(case when l.value > ${positiveAbove} then greatest(p.prediction, 1e-15)
           else greatest(1 - p.prediction, 1e-15) end)`
      : 'null';
  return await analytics.run({ name: 'read-traffic' }, async (session) => {
    // Labels come any time after their predictions.
    await attachLog(parts, session, endpoint.id, { from, until, labelsUntil: new Date(8.64e15) });
    const rows = await session.rows(
      `with truth as (
         select request_seq, row, arg_min(value, seq) as value from (${placedLabelsSql('labels', 'predictions')})
         group by request_seq, row)
       select epoch_ms(p.at) // $3::bigint * $3::bigint as bucket, p.version, p.role,
         count(*) filter (where p.error is null) as predictions, count(*) filter (where p.error is not null) as errors,
         count(l.value) as labels, avg(p.prediction) as mean_prediction, avg(${truth}) as mean_label,
         avg(${loss}) filter (where l.value is not null and p.prediction is not null) as log_loss,
         quantile_cont(p.ms, 0.5) as p50, quantile_cont(p.ms, 0.99) as p99
       from predictions p left join truth l on l.request_seq = p.seq and l.row = p.row
       where p.at >= $1 and p.at < $2
       group by bucket, p.version, p.role order by bucket, p.version, p.role`,
      [from, until, bucketMs],
    );
    return {
      points: rows.map((row) => ({
        at: new Date(Number(row['bucket'])).toISOString(),
        version: Number(row['version']),
        role: String(row['role']),
        predictions: Number(row['predictions']),
        errors: Number(row['errors']),
        labels: Number(row['labels']),
        meanPrediction: numberOrNull(row['mean_prediction']),
        meanLabel: numberOrNull(row['mean_label']),
        logLoss: numberOrNull(row['log_loss']),
        p50Ms: numberOrNull(row['p50']),
        p99Ms: numberOrNull(row['p99']),
      })),
    };
  });
}
