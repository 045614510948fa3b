import { invalidInput, PlatformError } from '@flyball/api';
import { type AnalyticsSession, quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import type { ObjectStore } from '#platform/objects/object-store';
import { type Column, familyOf, findColumn } from './column-type.ts';
import { readCsvHeader } from './csv-header.ts';
import { fileProblem } from './file-problem.ts';
import { textColumnTypes } from './text-column-type.ts';

export interface UploadedFile {
  readonly digest: string;
  readonly name: string;
  readonly format: 'parquet' | 'csv' | 'jsonl';
}

/** A Parquet object, and what is in it. */
export interface ConvertedFile {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly name: string;
  readonly columns: readonly Column[];
}

export interface ConversionOptions {
  /** Which file of the batch it is, from 0. */
  readonly place: number;
  /** Columns whose type is decided already: those of the version that grows, or of the contract. */
  readonly known?: readonly Column[];
}

const HEADER_BYTES = 1024 * 1024;
const SAMPLE_ROWS = 20_000;

/** These two are how DuckDB itself numbers the rows of files. */
const RESERVED = new Set(['file_row_number', 'file_index']);

/**
 * An uploaded file as a Parquet object. Parquet is taken as it is; CSV and JSON lines are converted, with the types
 * that `known` columns have already. What is wrong is said in the words of the file: its name, and the line.
 */
export async function convertFile(
  objects: ObjectStore,
  session: AnalyticsSession,
  file: UploadedFile,
  { place, known = [] }: ConversionOptions,
): Promise<ConvertedFile> {
  try {
    const stored = await objects.claim(file.digest);
    if (stored === null) throw invalidInput('is not uploaded: upload it first, and name it by the digest you get');
    if (stored.sizeBytes === 0) throw invalidInput('is empty');
    const source = await session.attach(`upload-${place}.${file.format}`, await objects.localPath(file.digest));
    const relation = await relationOf(session, objects, file, source, known);
    const columns = await describeColumns(session, relation);
    checkNames(columns);
    if (file.format === 'parquet') {
      const [row] = await session.rows(`SELECT count(*) AS n FROM ${relation}`);
      return { ...stored, rowCount: Number(row!['n']), name: file.name, columns };
    }
    const written = await session.copyToParquet(`SELECT * FROM ${relation}`, `converted-${place}.parquet`);
    if (written.rowCount === 0) throw invalidInput('holds no rows');
    // Parquet has fewer types than the engine: what counts is what can be read back.
    const kept = await describeColumns(session, parquetSql(written.path));
    return { ...(await objects.putFile(written.path)), rowCount: written.rowCount, name: file.name, columns: kept };
  } catch (error) {
    throw fileProblem(error, file.name, `body.files[${place}]`);
  }
}

async function describeColumns(session: AnalyticsSession, relation: string): Promise<Column[]> {
  const { columns } = await session.columns(`SELECT * FROM ${relation} LIMIT 0`);
  return columns.map(({ name, type }) => ({ name, type }));
}

const parquetSql = (path: string): string => `read_parquet(${quoteLiteral(path)}, hive_partitioning = false)`;

function checkNames(columns: readonly Column[]): void {
  if (columns.length === 0) throw invalidInput('has no columns');
  for (const { name } of columns) {
    quoteIdentifier(name);
    if (RESERVED.has(name.toLowerCase()))
      throw invalidInput(`has a column "${name}", a name that the engine needs itself`);
  }
}

async function relationOf(
  session: AnalyticsSession,
  objects: ObjectStore,
  file: UploadedFile,
  source: string,
  known: readonly Column[],
): Promise<string> {
  if (file.format === 'parquet') return parquetSql(source);
  if (file.format === 'jsonl') return jsonRelation(session, source, known);
  const start = await readStart(objects, file.digest);
  return csvRelation(session, source, start, known);
}

async function readStart(objects: ObjectStore, digest: string): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of await objects.get(digest, { start: 0, end: HEADER_BYTES - 1 })) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

const structSql = (columns: readonly Column[]): string =>
  `{${columns.map(({ name, type }) => `${quoteLiteral(name)}: ${quoteLiteral(type)}`).join(', ')}}`;

async function csvRelation(
  session: AnalyticsSession,
  source: string,
  start: string,
  known: readonly Column[],
): Promise<string> {
  const { delimiter, names } = readCsvHeader(start);
  const read = (columns: readonly Column[]) =>
    `read_csv(${quoteLiteral(source)}, auto_detect = false, header = true, strict_mode = true,
      delim = ${quoteLiteral(delimiter)}, quote = '"', escape = '"', columns = ${structSql(columns)})`;
  const texts = read(names.map((name) => ({ name, type: 'VARCHAR' })));
  const unknown = names.filter((name) => findColumn(known, name) === undefined);
  const withTypes = (guessed: readonly Column[]) =>
    read(names.map((name) => ({ name, type: (findColumn(known, name) ?? findColumn(guessed, name))!.type })));
  if (unknown.length === 0) return withTypes([]);
  // A table, because the types of a wide file are asked for in pieces, and each would read all lines again.
  await session.execute(`CREATE OR REPLACE TABLE csv_sample AS SELECT * FROM ${texts} LIMIT ${SAMPLE_ROWS}`);
  const sample = withTypes(await textColumnTypes(session, 'csv_sample', unknown));
  if (await isReadable(session, sample)) return sample;
  return withTypes(await textColumnTypes(session, texts, unknown));
}

/** Whether every value fits its type; a sample does not know. */
async function isReadable(session: AnalyticsSession, relation: string): Promise<boolean> {
  try {
    await session.rows(`SELECT count(COLUMNS(*)) FROM ${relation}`);
    return true;
  } catch (error) {
    if (error instanceof PlatformError && /Error when converting/.test(error.message)) return false;
    throw error;
  }
}

async function jsonRelation(session: AnalyticsSession, source: string, known: readonly Column[]): Promise<string> {
  // All lines are looked at: a key or a type that only a late line has would otherwise be refused there.
  const read = (options: string) =>
    `read_json(${quoteLiteral(source)}, format = 'newline_delimited', records = true${options})`;
  const found = await describeColumns(session, read(', sample_size = -1'));
  const doubles = found.filter(({ type }) => familyOf(type) === 'float');
  const texts = doubles.map(({ name }) => ({ name, type: 'VARCHAR' }));
  const exact =
    texts.length === 0
      ? []
      : await textColumnTypes(
          session,
          read(`, columns = ${structSql(texts)}`),
          texts.map(({ name }) => name),
        );
  const columns = found.map(({ name, type }) => {
    const numeric = findColumn(exact, name);
    const guessed = numeric?.type === 'VARCHAR' ? numeric.type : type;
    return { name, type: findColumn(known, name)?.type ?? guessed };
  });
  return read(`, columns = ${structSql(columns)}`);
}
