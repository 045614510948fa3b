import { PlatformError } from '@flyball/api';
import { type AnalyticsSession, quoteLiteral } from '#platform/analytics/analytics';
import type { DataParts } from './parts.ts';

export interface GivenFile {
  readonly digest: string;
  readonly name: string;
  readonly format: 'parquet' | 'csv' | 'jsonl';
}

export interface ParquetFile {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly name: string;
}

const readers: Readonly<Record<GivenFile['format'], (path: string) => string>> = {
  parquet: (path) => `read_parquet(${quoteLiteral(path)})`,
  csv: (path) => `read_csv(${quoteLiteral(path)}, sample_size = 100000, null_padding = false)`,
  jsonl: (path) => `read_json(${quoteLiteral(path)}, format = 'newline_delimited', sample_size = 100000)`,
};

function naming(file: GivenFile, error: unknown): unknown {
  if (!(error instanceof PlatformError) || error.code !== 'invalid_input') return error;
  return new PlatformError('invalid_input', `${file.name}: ${error.message}`, { cause: error });
}

async function countRows(session: AnalyticsSession, path: string): Promise<number> {
  const [row] = await session.rows('select count(*) as rows from read_parquet($1)', [path]);
  return Number(row!['rows']);
}

/**
 * A file as a Parquet object: taken as it is, or converted from CSV or JSON lines, with the reader's own complaints.
 */
export async function ingestFile(
  { platform }: DataParts,
  session: AnalyticsSession,
  file: GivenFile,
  place: number,
): Promise<ParquetFile> {
  const { objects } = platform;
  try {
    const path = await session.attach(`given-${place}.${file.format}`, await objects.localPath(file.digest));
    if (file.format === 'parquet') {
      const { sizeBytes } = (await objects.stat(file.digest))!;
      return { digest: file.digest, sizeBytes, rowCount: await countRows(session, path), name: file.name };
    }
    const converted = await session.copyToParquet(
      `select * from ${readers[file.format](path)}`,
      `given-${place}.parquet`,
    );
    const stored = await objects.putFile(converted.path);
    return { ...stored, rowCount: converted.rowCount, name: file.name };
  } catch (error) {
    throw naming(file, error);
  }
}
