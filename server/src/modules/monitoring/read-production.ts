import type { Endpoint } from '@flyball/api';
import {
  type AnalyticsColumn,
  type AnalyticsSession,
  quoteIdentifier,
  quoteLiteral,
} from '#platform/analytics/analytics';
import { type LogFile, placedLabelsSql } from '#serving';
import type { ProductionRows } from './production-rows.ts';

/** Rows with their place in the log, by which labels find them. */
export interface PlacedRows extends ProductionRows {
  readonly seq: Float64Array;
  readonly row: Float64Array;
}

/** Labels in the order of the log, by the place of their prediction. */
export interface PlacedLabels {
  readonly requestSeq: Float64Array;
  readonly row: Float64Array;
  /** The target: 0 or 1, or the value of a regression. */
  readonly value: Float64Array;
  readonly seq: Float64Array;
  /** When the truth became known, epoch ms. */
  readonly at: Float64Array;
}

export async function attachFiles(session: AnalyticsSession, kind: string, files: readonly LogFile[]): Promise<string> {
  const paths: string[] = [];
  for (const [i, { path }] of files.entries()) {
    paths.push(quoteLiteral(await session.attach(`${kind}-${i}.parquet`, path)));
  }
  return `read_parquet([${paths.join(', ')}], union_by_name = true)`;
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

export interface PredictionsQuestion {
  readonly champion: number;
  readonly inputs: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** One row per answered prediction made in a stretch of time, in the order of time; labels are not filled in yet. */
export async function readPredictions(
  session: AnalyticsSession,
  predictions: string,
  shadows: string | null,
  { champion, inputs, fromMs, untilMs }: PredictionsQuestion,
): Promise<PlacedRows> {
  const own = `case when p.version = $3 then p.prediction${shadows === null ? '' : ' else s.prediction'} end`;
  const columns = inputs.map((name) => `, p.${quoteIdentifier(`input.${name}`)}`).join('');
  const joinShadows =
    shadows === null
      ? ''
      : `left join (select request_seq, row, any_value(prediction) as prediction from ${shadows}
           where version = $3 group by request_seq, row) s
         on s.request_seq = p.seq and s.row = p.row`;
  const result = await session.columns(
    `select epoch_ms(p.at)::double, p.prediction::double, (${own})::double, p.ms::double,
      (p.error is not null)::int::double, p.seq::double, p.row::double${columns}
    from ${predictions} p ${joinShadows}
    where p.at >= epoch_ms($1::bigint) and p.at < epoch_ms($2::bigint) and $3::int is not null
    order by p.at, p.seq, p.row`,
    [fromMs, untilMs, champion],
  );
  const [at, prediction, championPrediction, latencyMs, failed, seq, row, ...values] = result.columns;
  return {
    at: numbers(at!),
    prediction: numbers(prediction!),
    championPrediction: numbers(championPrediction!),
    label: new Float64Array(result.rowCount).fill(Number.NaN),
    latencyMs: numbers(latencyMs!),
    failed: numbers(failed!),
    seq: numbers(seq!),
    row: numbers(row!),
    inputs: new Map(inputs.map((name, i) => [name, cells(values[i]!)])),
  };
}

/** Whether some labels have no place: the gateway had forgotten their predictions when they came. */
export async function hasUnplaced(session: AnalyticsSession, labels: string): Promise<boolean> {
  const rows = await session.rows(`select 1 as one from ${labels} where request_seq is null limit 1`);
  return rows.length > 0;
}

/** What was known before a moment. Labels without a place are looked up in `predictions`, when it is given. */
export async function readLabels(
  session: AnalyticsSession,
  labels: string,
  predictions: string | null,
  { target }: Pick<Endpoint, 'target'>,
  untilMs: number,
): Promise<PlacedLabels> {
  const value = target.kind === 'binary' ? `(value > ${target.positiveAbove})::int::double` : 'value::double';
  const source = predictions === null ? labels : `(${placedLabelsSql(labels, predictions)})`;
  const { columns } = await session.columns(
    `select request_seq::double, row::double, ${value}, seq::double, epoch_ms("at")::double from ${source}
     where request_seq is not null and "at" < epoch_ms($1::bigint)`,
    [untilMs],
  );
  const [requestSeq, row, values, seq, at] = columns.map(numbers);
  return { requestSeq: requestSeq!, row: row!, value: values!, seq: seq!, at: at! };
}
