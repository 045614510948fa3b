import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import pg from 'pg';
import { type FlightsSource, openFlights } from '../../examples/flights/demo/flights-source.ts';
import { connect, type Flyball } from '../../sdk/src/index.ts';
import { startEmbeddedPostgres } from '../../server/src/platform/database/embedded-postgres.ts';
import { type RunningFlyball, startFlyball } from '../tracking/servers.ts';
import { Peer } from './peer.ts';

/** A platform of its own with the flights beside it, and the libraries it is built on, bare. */
export interface LoopWorld {
  readonly flyball: Flyball;
  readonly server: RunningFlyball;
  readonly source: FlightsSource;
  /** A Parquet file of the flights, with what a dataset of them has. */
  readonly flightsFile: string;
  readonly folder: string;
  /** DuckDB with the limits that the platform gives it. */
  readonly duckdb: DuckDBConnection;
  readonly postgres: pg.Pool;
  readonly peer: Peer;
  /** Where the platform keeps an object. */
  objectPath(digest: string): string;
  close(): Promise<void>;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export async function openLoopWorld(): Promise<LoopWorld> {
  const peer = new Peer();
  const folder = mkdtempSync(join(tmpdir(), 'flyball-bench-loop-'));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const source = await openFlights();
    closing.push(() => source.close());
    const flightsFile = join(folder, 'flights.parquet');
    await source.write('select * from flights', flightsFile);
    const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '900MB' });
    const duckdb = await instance.connect();
    closing.push(
      () => instance.closeSync(),
      () => duckdb.closeSync(),
    );
    const database = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), log: silent });
    closing.push(() => database.stop());
    const postgres = new pg.Pool({ connectionString: database.ownerUrl, max: 4 });
    closing.push(() => postgres.end());
    const dataDir = join(folder, 'flyball');
    const server = await startFlyball(dataDir, database.url, database.ownerUrl);
    closing.push(() => server.stop());
    const objectPath = (digest: string): string =>
      join(dataDir, 'objects', digest.slice(0, 2), digest.slice(2, 4), digest);
    const flyball = connect({ url: server.url });
    return { flyball, server, source, flightsFile, folder, duckdb, postgres, peer, objectPath, close };
  } catch (error) {
    await close();
    throw error;
  }
}
