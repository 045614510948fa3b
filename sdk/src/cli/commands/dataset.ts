import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset, Validation } from '@flyball/api';
import type { Command } from 'commander';
import { exitCodes } from '../exit-code.ts';
import { colour, print, printTable, progressBar } from '../output.ts';
import { type Session, sessionOf } from '../session.ts';

type Format = 'parquet' | 'csv' | 'jsonl';
const formatOfExtension: Readonly<Record<string, Format>> = {
  '.parquet': 'parquet',
  '.csv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

function formatOf(file: string, given: string | undefined): Format {
  const format = given ?? formatOfExtension[path.extname(file).toLowerCase()];
  if (format === 'parquet' || format === 'csv' || format === 'jsonl') return format;
  throw new TypeError(`${file}: say which format it has with --format parquet|csv|jsonl`);
}

async function upload(session: Session, file: string): Promise<string> {
  const { size } = await stat(file).catch(() => {
    throw new TypeError(`There is no file ${file}`);
  });
  const bar = progressBar(`uploading ${path.basename(file)}`, size);
  const source = createReadStream(file);
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      bar.add((chunk as Uint8Array).length);
      yield chunk as Uint8Array;
    }
  }
  const { digest } = await session.flyball.uploadObject({
    upload: ReadableStream.from(counted()) as ReadableStream<Uint8Array>,
  });
  bar.end();
  return digest;
}

function printValidation({ verdict, results, rowCount, milliseconds }: Validation): void {
  const paint = verdict === 'fail' ? colour.red : verdict === 'warn' ? colour.yellow : colour.green;
  print(`${paint(verdict)}: ${results.length} expectations over ${rowCount} rows in ${Math.round(milliseconds)} ms`);
  for (const { success, severity, id, message } of results) {
    if (!success) print(`  ${severity === 'critical' ? colour.red('✗') : colour.yellow('!')} ${id}: ${message}`);
  }
}

interface AddOptions {
  readonly format?: string;
  readonly mode: 'append' | 'replace';
  readonly source?: string;
  readonly asOf?: string;
}

async function add(session: Session, dataset: string, files: readonly string[], options: AddOptions): Promise<void> {
  const uploaded = [];
  for (const file of files) {
    const format = formatOf(file, options.format);
    uploaded.push({ digest: await upload(session, file), name: path.basename(file), format });
  }
  const existing = await session.flyball.listDatasets({ query: { search: dataset } });
  if (!existing.items.some(({ name }) => name === dataset)) {
    await session.flyball.putDataset({ params: { dataset }, body: {} });
  }
  const result = await session.flyball.addDatasetVersion({
    params: { dataset },
    body: {
      files: uploaded,
      mode: options.mode,
      source: options.source ?? files.join(', '),
      ...(options.asOf === undefined ? {} : { asOf: options.asOf }),
    },
  });
  session.answer(result, ({ accepted, version, validation }) => {
    if (validation !== null) printValidation(validation);
    if (accepted) print(`${dataset}@${version?.version}: ${version?.rowCount} rows, ${version?.digest.slice(0, 12)}`);
    else print(`refused; read the failing rows with: flyball dataset failing ${validation?.id} <expectation>`);
  });
  if (!result.accepted) process.exitCode = exitCodes.verdict;
}

/** `dataset …` */
export function addDatasetCommands(program: Command): void {
  const dataset = program.command('dataset').description('datasets and what they promise');
  dataset.command('list').action(async (_options: unknown, command: Command) => {
    const session = sessionOf(command);
    session.answer((await session.flyball.listDatasets({ query: {} })).items, (items: Dataset[]) =>
      printTable(items, {
        name: (row) => row.name,
        version: (row) => row.latestVersion,
        rows: (row) => row.rowCount,
        bytes: (row) => row.sizeBytes,
        expectations: (row) => row.expectations.length,
      }),
    );
  });
  dataset
    .command('add')
    .description('add files as a new version; refused when a critical expectation fails (exit code 8)')
    .argument('<dataset>')
    .argument('<files...>', 'Parquet, CSV or JSON lines')
    .option('--format <format>', 'parquet, csv or jsonl, when the name does not tell')
    .option('--mode <mode>', 'append or replace', 'append')
    .option('--source <text>', 'where it comes from')
    .option('--as-of <time>', 'the moment that freshness is measured against')
    .action(async (name: string, files: string[], options: AddOptions, command: Command) => {
      await add(sessionOf(command), name, files, options);
    });
  dataset
    .command('show')
    .argument('<dataset>')
    .argument('[version]', 'number', 'latest')
    .action(async (name: string, version: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const number = version === 'latest' ? ('latest' as const) : Number(version);
      const found = await session.flyball.getDatasetVersion({ params: { dataset: name, version: number } });
      session.answer(found, ({ profile }) =>
        printTable(profile, {
          column: (row) => row.name,
          type: (row) => row.type,
          nulls: (row) => row.nullCount,
          distinct: (row) => row.distinctCount,
          min: (row) => row.min,
          max: (row) => row.max,
          mean: (row) => row.mean,
        }),
      );
    });
  dataset
    .command('failing')
    .description('rows that broke an expectation')
    .argument('<validation>')
    .argument('<expectation>')
    .action(async (validation: string, expectation: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const found = await session.flyball.readFailingRows({ params: { validation }, query: { expectation } });
      session.answer(found, ({ columns, rows }) =>
        printTable(
          rows,
          Object.fromEntries(columns.map(({ name }) => [name, (row: Record<string, unknown>) => row[name]])),
        ),
      );
    });
}
