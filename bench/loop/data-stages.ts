import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExpectationInput } from '@flyball/api';
import { contract, foreignContract } from './contract.ts';
import type { LoopWorld } from './loop-world.ts';
import { compare, timed } from './stage.ts';

const CONTRACT_ROWS = 1_000_000;

/** Every value of the six columns has to be decoded for it. */
const scanSql = (file: string): string =>
  `select bit_xor(hash(date, delay, distance, origin, destination, landed_at)) from read_parquet('${file}')`;

async function upload({ flyball }: LoopWorld, file: string): Promise<string> {
  const bytes = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
  return (await flyball.uploadObject({ upload: bytes })).digest;
}

async function addVersion(world: LoopWorld, dataset: string, file: string) {
  const digest = await upload(world, file);
  const added = await world.flyball.addDatasetVersion({
    params: { dataset },
    body: { files: [{ digest, name: 'flights.parquet', format: 'parquet' }], source: 'bench' },
  });
  if (!added.accepted) throw new Error(`${dataset}: ${JSON.stringify(added.validation?.results)}`);
  return added;
}

async function defineDataset({ flyball }: LoopWorld, dataset: string, expectations: ExpectationInput[]) {
  await flyball.putDataset({ params: { dataset }, body: { timeColumn: 'date', expectations } });
}

/** The whole of a dataset: uploaded, hashed, kept, profiled. The last one made is called "flights". */
export async function addDatasetStage(world: LoopWorld) {
  const names = ['first', 'second', 'flights'];
  return await compare({
    stage: 'dataset add, 3,000,000 rows',
    turns: names.length,
    flyball: {
      what: 'upload over HTTP, SHA-256, durable copy, profile of every column, version',
      measure: async (turn) => {
        await defineDataset(world, names[turn]!, []);
        return await timed(() => addVersion(world, names[turn]!, world.flightsFile));
      },
    },
    limit: {
      what: 'SHA-256 of the file, and one DuckDB scan of all its columns',
      measure: async () =>
        await timed(async () => {
          await pipeline(createReadStream(world.flightsFile), createHash('sha256'));
          await world.duckdb.run(scanSql(world.flightsFile));
        }),
    },
    units: { count: 3_000_000, of: 'rows' },
  });
}

/** A contract of one scan, against the tool that made contracts known. */
export async function contractStage(world: LoopWorld) {
  const file = join(world.folder, 'contract.parquet');
  await world.source.write(`select * from flights limit ${CONTRACT_ROWS}`, file);
  return await compare({
    stage: `contract of ${contract.length} expectations, ${CONTRACT_ROWS.toLocaleString('en')} rows`,
    turns: 3,
    flyball: {
      what: 'validation of a version, from the Parquet file',
      measure: async (turn) => {
        await defineDataset(world, `contract-${turn}`, contract);
        const { validation } = await addVersion(world, `contract-${turn}`, file);
        return { seconds: validation!.milliseconds / 1000 };
      },
    },
    limit: {
      what: 'one DuckDB scan of all columns',
      measure: async () => await timed(() => world.duckdb.run(scanSql(file))),
    },
    peer: {
      what: 'Great Expectations, pandas data frame from the same file',
      measure: async () => await world.peer.measure('contract', { file, expectations: foreignContract }),
    },
    units: { count: CONTRACT_ROWS, of: 'rows' },
  });
}
