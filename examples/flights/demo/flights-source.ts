import { createRequire } from 'node:module';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** The three million flights, from the package that ships them. */
export function flightsFile(): string {
  const require = createRequire(import.meta.url);
  return path.join(path.dirname(require.resolve('vega-datasets/package.json')), 'data', 'flights-3m.parquet');
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A flight's outcome is known when it has landed: half an hour of taxiing, and seven and a half miles a minute. */
const landedAt = 'date + to_seconds(cast(round(60 * (30 + distance / 7.5)) as bigint))';

/** All columns of the dataset, as SQL over the file. */
export const flightsSql = (file: string): string =>
  `select date, delay, distance, origin, destination, ${landedAt} as landed_at from read_parquet(${quote(file)})`;

/** Flights of the replay in the order of departure, as columns. */
export interface Flights {
  readonly count: number;
  /** Departure, epoch ms. */
  readonly at: Float64Array;
  /** Landing, epoch ms. */
  readonly landedAt: Float64Array;
  readonly delay: Float64Array;
  readonly distance: Float64Array;
  readonly hour: Float64Array;
  readonly weekday: Float64Array;
  readonly origin: readonly string[];
  readonly destination: readonly string[];
}

export interface FlightsSource {
  /** Writes the rows of a query over `flights` as a Parquet file. */
  write(sql: string, file: string): Promise<void>;
  read(from: string, until: string): Promise<Flights>;
  close(): void;
}

async function readFlights(connection: DuckDBConnection, from: string, until: string): Promise<Flights> {
  const reader = await connection.runAndReadAll(
    `select epoch_ms(date)::double, epoch_ms(landed_at)::double, delay::double, distance::double, hour(date)::double,
       isodow(date)::double, origin, destination
     from flights where date >= $1::timestamp and date < $2::timestamp order by date, origin, destination, delay`,
    [from, until],
  );
  const [at, landed, delay, distance, hour, weekday, origin, destination] = reader.getColumns();
  const numbers = (column: unknown): Float64Array => Float64Array.from(column as number[]);
  return {
    count: reader.currentRowCount,
    at: numbers(at),
    landedAt: numbers(landed),
    delay: numbers(delay),
    distance: numbers(distance),
    hour: numbers(hour),
    weekday: numbers(weekday),
    origin: origin as string[],
    destination: destination as string[],
  };
}

export async function openFlights(): Promise<FlightsSource> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '700MB' });
  const connection = await instance.connect();
  await connection.run(`create view flights as ${flightsSql(flightsFile())}`);
  return {
    write: async (sql, file) => {
      await connection.run(`copy (${sql}) to ${quote(file)} (format parquet, compression zstd)`);
    },
    read: async (from, until) => await readFlights(connection, from, until),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
