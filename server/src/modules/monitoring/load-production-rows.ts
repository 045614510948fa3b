import type { Endpoint } from '@flyball/api';
import {
  type AnalyticsColumn,
  type AnalyticsSession,
  quoteIdentifier,
  quoteLiteral,
} from '#platform/analytics/analytics';
import { placedLabelsSql } from '#serving';
import type { MonitoringParts } from './parts.ts';
import type { ProductionRows } from './production-rows.ts';

const DAY_MS = 86_400_000;

const noRows: ProductionRows = {
  at: new Float64Array(),
  prediction: new Float64Array(),
  championPrediction: new Float64Array(),
  label: new Float64Array(),
  latencyMs: new Float64Array(),
  failed: new Float64Array(),
  inputs: new Map(),
};

async function relation(session: AnalyticsSession, name: string, files: readonly string[]): Promise<string | null> {
  if (files.length === 0) return null;
  const paths: string[] = [];
  for (const [i, file] of files.entries()) paths.push(quoteLiteral(await session.attach(`${name}-${i}.parquet`, file)));
  return `read_parquet([${paths.join(', ')}], union_by_name = true)`;
}

/** What the target is, in SQL: 1 for a label above the endpoint's bound, or the label itself. */
const targetSql = ({ target }: Endpoint): string =>
  target.kind === 'binary' ? `(l.value > ${target.positiveAbove})::int::double` : 'l.value::double';

interface Relations {
  readonly predictions: string;
  readonly shadows: string | null;
  readonly labels: string | null;
}

/** One row per answered prediction, in the order of time. Of repeated labels the first one stands. */
function rowsSql(endpoint: Endpoint, inputs: readonly string[], { predictions, shadows, labels }: Relations): string {
  const label = labels === null ? 'null::double' : targetSql(endpoint);
  const own = `case when p.version = $3 then p.prediction${shadows === null ? '' : ' else s.prediction'} end`;
  const columns = inputs.map((name) => `, p.${quoteIdentifier(`input.${name}`)}`).join('');
  const joinLabels =
    labels === null
      ? ''
      : `left join (select request_seq, row, arg_min(value, seq) as value
           from (${placedLabelsSql(labels, predictions)}) where "at" < epoch_ms($2::bigint) group by request_seq, row) l
         on l.request_seq = p.seq and l.row = p.row`;
  const joinShadows =
    shadows === null
      ? ''
      : `left join (select request_seq, row, any_value(prediction) as prediction from ${shadows}
           where version = $3 group by request_seq, row) s
         on s.request_seq = p.seq and s.row = p.row`;
  return `select epoch_ms(p.at)::double, p.prediction::double, (${own})::double, ${label}, p.ms::double,
      (p.error is not null)::int::double${columns}
    from ${predictions} p ${joinLabels} ${joinShadows}
    where p.at >= epoch_ms($1::bigint) and p.at < epoch_ms($2::bigint) and $3::int is not null
    order by p.at, p.seq, p.row`;
}

function numbers({ values, valid }: AnalyticsColumn): Float64Array {
  // Missing doubles are NaN already.
  if (values instanceof Float64Array) return values;
  const result = new Float64Array(values.length);
  for (let i = 0; i < result.length; i++) result[i] = valid[i] === 0 ? Number.NaN : Number(values[i]);
  return result;
}

const cells = (column: AnalyticsColumn): Float64Array | readonly (string | null)[] =>
  Array.isArray(column.values) ? column.values : numbers(column);

/**
 * Reads what an endpoint answered in a stretch of event time, with the inputs that are looked at, and what has become
 * known of the truth by its end.
 */
export async function loadProductionRows(
  { platform, serving }: MonitoringParts,
  project: string,
  endpoint: Endpoint,
  inputs: readonly string[],
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<ProductionRows> {
  const { name } = endpoint;
  const files = {
    predictions: await serving.predictionFiles(project, name, fromMs, untilMs),
    shadows: await serving.shadowFiles(project, name, fromMs, untilMs),
    // Labels of these predictions may have come at any time up to the end.
    labels: await serving.labelFiles(project, name, fromMs - DAY_MS, untilMs),
  };
  if (files.predictions.length === 0) return noRows;
  return await platform.analytics.run({ name: 'production-rows' }, async (session) => {
    const relations = {
      predictions: (await relation(session, 'predictions', files.predictions))!,
      shadows: await relation(session, 'shadows', files.shadows),
      labels: await relation(session, 'labels', files.labels),
    };
    const { columns } = await session.columns(rowsSql(endpoint, inputs, relations), [
      fromMs,
      untilMs,
      endpoint.champion,
    ]);
    const [at, prediction, championPrediction, label, latencyMs, failed, ...values] = columns;
    return {
      at: numbers(at!),
      prediction: numbers(prediction!),
      championPrediction: numbers(championPrediction!),
      label: numbers(label!),
      latencyMs: numbers(latencyMs!),
      failed: numbers(failed!),
      inputs: new Map(inputs.map((name, i) => [name, cells(values[i]!)])),
    };
  });
}
