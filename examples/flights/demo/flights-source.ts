import { createRequire } from 'node:module';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** The three million flights, from the package that ships them. */
export function flightsFile(): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('vega-datasets');
  const folder = entry.slice(0, entry.lastIndexOf('vega-datasets') + 'vega-datasets'.length);
  return path.join(folder, 'data', 'flights-3m.parquet');
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
  /** Codes of airports; origins and destinations are positions in it. */
  readonly airports: readonly string[];
  readonly origin: Float64Array;
  readonly destination: Float64Array;
}

export interface FlightsSource {
  /** Writes the rows of a query over `flights` as a Parquet file. */
  write(sql: string, file: string): Promise<void>;
  read(from: string, until: string): Promise<Flights>;
  close(): void;
}

/** A column that grows as chunks come in; only numbers, so that two million rows stay small. */
function fill(target: Float64Array, from: number, values: readonly unknown[]): void {
  for (let i = 0; i < values.length; i++) target[from + i] = Number(values[i]);
}

async function countRows(connection: DuckDBConnection, bounds: [string, string]): Promise<number> {
  const sql = 'select count(*)::int from flights where date >= $1::timestamp and date < $2::timestamp';
  return Number((await connection.runAndReadAll(sql, bounds)).getRows()[0]![0]);
}

async function airportNames(connection: DuckDBConnection): Promise<string[]> {
  const reader = await connection.runAndReadAll('select name from airports order by id');
  return reader.getRows().map(([name]) => String(name));
}

async function readFlights(connection: DuckDBConnection, from: string, until: string): Promise<Flights> {
  const count = await countRows(connection, [from, until]);
  const columns = Array.from({ length: 8 }, () => new Float64Array(count));
  const result = await connection.stream(
    `select epoch_ms(date)::double, epoch_ms(landed_at)::double, delay::double, distance::double, hour(date)::double,
       isodow(date)::double, o.id::double, d.id::double
     from flights join airports o on o.name = origin join airports d on d.name = destination
     where date >= $1::timestamp and date < $2::timestamp order by date, origin, destination, delay`,
    [from, until],
  );
  let row = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const [i, values] of chunk.getColumns().entries()) fill(columns[i]!, row, values);
    row += chunk.rowCount;
  }
  if (row !== count) throw new Error(`${row} flights of ${count} were read`);
  const [at, landedAt, delay, distance, hour, weekday, origin, destination] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const names = await airportNames(connection);
  return { count, at, landedAt, delay, distance, hour, weekday, airports: names, origin, destination };
}

export async function openFlights(): Promise<FlightsSource> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '400MB' });
  const connection = await instance.connect();
  await connection.run(`create view flights as ${flightsSql(flightsFile())}`);
  await connection.run(`create table airports as select name, row_number() over (order by name) - 1 as id
    from (select origin as name from flights union select destination from flights)`);
  // Another query would cut off the rows that are still to come.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
  return {
    write: async (sql, file) => {
      await inTurn(() => connection.run(`copy (${sql}) to ${quote(file)} (format parquet, compression zstd)`));
    },
    read: async (from, until) => await inTurn(() => readFlights(connection, from, until)),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
