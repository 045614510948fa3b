import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { createRandom } from '@flyball/stats';
import type { LabelledColumns } from '@flyball/stats/learn';

/** Rows to train on and later rows to test on. */
export interface BenchTable {
  readonly source: string;
  readonly features: readonly string[];
  readonly train: LabelledColumns;
  readonly test: LabelledColumns;
}

const features = [
  'hour',
  'minute',
  'weekday',
  'day',
  'distance',
  'origin_flights',
  'destination_flights',
  'route_flights',
  'origin_delay',
  'destination_delay',
] as const;

const flights = resolve(import.meta.dirname, '../../node_modules/vega-datasets/data/flights-3m.parquet');

// The delay state of an airport is the mean delay of the flights that left it three to four hours earlier; where none
// did it is missing.
const query = `
  with flight as (
    select date, delay, distance, origin, destination, date_trunc('hour', date) as slot
    from read_parquet($flights) where date < '2001-07-01'
  ),
  state as (select origin, slot + interval 3 hour as slot, avg(delay) as delay from flight group by all),
  origin_size as (select origin, count(*) as flights from flight where date < '2001-05-01' group by all),
  destination_size as (select destination, count(*) as flights from flight where date < '2001-05-01' group by all),
  route_size as (select origin, destination, count(*) as flights from flight where date < '2001-05-01' group by all)
  select
    hour(f.date) as hour, minute(f.date) as minute, dayofweek(f.date) as weekday, dayofyear(f.date) as day,
    f.distance as distance, o.flights as origin_flights, d.flights as destination_flights, r.flights as route_flights,
    so.delay as origin_delay, sd.delay as destination_delay,
    case when f.delay > 15 then 1 else 0 end as label, case when f.date >= '2001-05-01' then 1 else 0 end as later
  from flight f
  left join origin_size o using (origin)
  left join destination_size d on d.destination = f.destination
  left join route_size r on r.origin = f.origin and r.destination = f.destination
  left join state so on so.origin = f.origin and so.slot = f.slot
  left join state sd on sd.origin = f.destination and sd.slot = f.slot
  order by hash(f.date, f.origin, f.destination, f.distance, f.delay), f.date, f.origin, f.destination, f.delay`;

/**
 * US flights of January to April 2001 to train on, of May and June to test on, "more than 15 minutes late" being the
 * label. Without the data package, a made-up table of the same shape.
 */
export async function flightsTable(rows: number): Promise<BenchTable> {
  if (!existsSync(flights)) return syntheticTable(rows);
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    const pick = `select * from (${query}) where later = $later limit $rows`;
    const read = async (later: number): Promise<LabelledColumns> => {
      const result = await connection.runAndReadAll(pick, { flights, later, rows });
      const found = result.getColumnsJS();
      const column = (index: number) => Float32Array.from(found[index]!, (x) => (x === null ? Number.NaN : Number(x)));
      return { columns: features.map((_, f) => column(f)), labels: column(features.length) };
    };
    const source = 'vega-datasets data/flights-3m.parquet (US Bureau of Transportation Statistics)';
    return { source, features, train: await read(0), test: await read(1) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function syntheticTable(rows: number): BenchTable {
  const { uniform: random } = createRandom(2001);
  const make = (): LabelledColumns => {
    const whole = (most: number) => Float32Array.from({ length: rows }, () => Math.floor(random() * most));
    const delay = () =>
      Float32Array.from({ length: rows }, () => (random() < 0.1 ? Number.NaN : 60 * random() ** 2 - 8));
    const columns = [whole(24), whole(60), whole(7), whole(120), whole(2500), whole(9e4), whole(9e4), whole(4e3)];
    columns.push(delay(), delay());
    const labels = columns[0]!.map((hour, i) => {
      const state = columns[8]![i]!;
      const score = hour / 12 - 3 + (Number.isNaN(state) ? 0 : state / 25) + (columns[2]![i] === 4 ? 0.5 : 0);
      return random() < 1 / (1 + Math.exp(-score)) ? 1 : 0;
    });
    return { columns, labels };
  };
  return { source: 'synthetic, seed 2001', features, train: make(), test: make() };
}
