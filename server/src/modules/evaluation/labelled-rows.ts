import { PlatformError, type TrainingSet } from '@flyball/api';
import type { AnalyticsColumn } from '#platform/analytics/analytics';
import { quoteIdentifier } from '#platform/analytics/analytics';
import type { Platform } from '#platform/platform';

/** A training set in memory, as learners and metrics want it. */
export interface LabelledRows {
  readonly rowCount: number;
  readonly columns: ReadonlyMap<string, Float32Array>;
  readonly labels: Float64Array;
  /** Epoch ms of each row's moment. */
  readonly at: Float64Array;
  /** Columns that only tell rows apart, whatever they hold; what is missing is null. */
  readonly groups: ReadonlyMap<string, readonly (string | null)[]>;
}

/** Float32 as models see it; what is missing is NaN. */
function numbersOf(column: AnalyticsColumn): Float32Array {
  const { values, valid } = column;
  const numbers = new Float32Array(values.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = valid[i] === 0 ? Number.NaN : Number(values[i]);
  return numbers;
}

function checkColumns(set: TrainingSet, wanted: readonly string[], groups: readonly string[]): void {
  const known = new Map(set.columns.map(({ name, type }) => [name, type]));
  const absent = [...wanted, ...groups].filter((name) => !known.has(name));
  if (absent.length > 0) {
    throw new PlatformError('invalid_input', `Training set ${set.id} has no column ${absent.join(', ')}`);
  }
  const texts = wanted.filter((name) => known.get(name) === 'VARCHAR');
  if (texts.length > 0) {
    throw new PlatformError('invalid_input', `These columns hold text, and models take numbers: ${texts.join(', ')}`);
  }
}

interface Reading {
  readonly label?: string;
  /** Columns that rows are grouped by. */
  readonly groups?: readonly string[];
  readonly maxRows?: number;
  readonly signal?: AbortSignal;
}

/** Reads columns of a training set from its Parquet file; `maxRows` takes the newest ones. */
export async function readLabelledRows(
  platform: Platform,
  set: TrainingSet,
  path: string,
  wanted: readonly string[],
  options: Reading = {},
): Promise<LabelledRows> {
  const label = options.label ?? set.spec.label.name;
  const groups = options.groups ?? [];
  checkColumns(set, [...wanted, label], groups);
  const job = { name: 'read-training-set', ...(options.signal === undefined ? {} : { signal: options.signal }) };
  return await platform.analytics.run(job, async (session) => {
    const file = await session.attach('training-set.parquet', path);
    const list = [
      ...wanted.map((name) => `${quoteIdentifier(name)}::float`),
      ...groups.map((name) => `${quoteIdentifier(name)}::varchar`),
    ];
    const newest = options.maxRows === undefined ? '' : ` order by __at desc limit ${Math.floor(options.maxRows)}`;
    const inner = `select * from read_parquet($1)${newest}`;
    const { rowCount, columns } = await session.columns(
      `select ${['__at::double', `${quoteIdentifier(label)}::double`, ...list].join(', ')}
       from (${inner}) as rows order by __at`,
      [file],
    );
    if (rowCount === 0) throw new PlatformError('invalid_input', `Training set ${set.id} has no rows`);
    const [at, labels, ...rest] = columns;
    return {
      rowCount,
      at: Float64Array.from(at!.values as Float64Array),
      labels: Float64Array.from(labels!.values as Float64Array),
      columns: new Map(wanted.map((name, i) => [name, numbersOf(rest[i]!)])),
      groups: new Map(groups.map((name, i) => [name, rest[wanted.length + i]!.values as (string | null)[]])),
    };
  });
}

/** The group of each row: equal values of a column, or a stretch of time for `at:<seconds>`. */
export function clustersOf(rows: LabelledRows, cluster: string | undefined): Float64Array | undefined {
  if (cluster === undefined) return undefined;
  const stretch = /^at:(\d+)$/.exec(cluster);
  if (stretch !== null) {
    const milliseconds = Number(stretch[1]) * 1000;
    return rows.at.map((at) => Math.floor(at / milliseconds));
  }
  const group = rows.groups.get(cluster);
  if (group === undefined) throw new PlatformError('invalid_input', `There is no column "${cluster}" to group rows by`);
  const numbers = new Map<string | null, number>();
  return Float64Array.from(group, (value) => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value)!;
  });
}
