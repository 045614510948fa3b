import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalidInput, PlatformError } from '@flyball/api';
import { type AnalyticsSession, quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import { checkArtifactPath } from './artifact-path.ts';
import { filePlace, openPlace } from './artifact-places.ts';
import type { TrackingParts } from './parts.ts';
import { getStoredRun } from './runs.ts';

const TIMEOUT_MS = 60_000;
const LARGEST_COPY = 2_000_000_000;

const readers: Readonly<Record<string, string>> = {
  parquet: 'read_parquet',
  pq: 'read_parquet',
  csv: 'read_csv_auto',
  tsv: 'read_csv_auto',
};

export interface ArtifactRowsQuestion {
  readonly runId: string;
  readonly path: string;
  readonly limit: number;
  readonly offset: number;
  readonly order?: string | undefined;
}

export interface ArtifactRows {
  readonly columns: { readonly name: string; readonly type: string }[];
  readonly rows: Record<string, unknown>[];
  readonly total: number;
}

/** Files of our own store are linked into the sandbox; those in a folder of a client's may change and are copied. */
async function attachArtifact(
  parts: TrackingParts,
  session: AnalyticsSession,
  project: string,
  question: ArtifactRowsQuestion,
): Promise<string> {
  const file = checkArtifactPath(question.path);
  const run = await getStoredRun(parts, project, question.runId);
  const digest = await filePlace(parts, project, run, file);
  if (digest !== null) return await session.attach('artifact', await parts.platform.objects.localPath(digest));
  const opened = await openPlace(parts, project, run, file);
  if (opened.sizeBytes > LARGEST_COPY) throw new PlatformError('too_large', `${file} is too large to be read here`);
  const copy = path.join(session.scratch, 'artifact');
  await pipeline(Readable.from(opened.bytes), createWriteStream(copy));
  return copy;
}

function orderSql(columns: ArtifactRows['columns'], order: string | undefined): string {
  if (order === undefined) return '';
  const isDown = order.startsWith('-') && !columns.some(({ name }) => name === order);
  const name = isDown ? order.slice(1) : order;
  if (!columns.some((column) => column.name === name)) {
    throw invalidInput(`query.order: the file has no column "${order}"`);
  }
  return ` order by ${quoteIdentifier(name)}${isDown ? ' desc' : ''} nulls last`;
}

/** A page of the rows of a table among the artifacts, read in the sandbox of DuckDB. */
export async function readArtifactRows(
  parts: TrackingParts,
  project: string,
  question: ArtifactRowsQuestion,
  signal: AbortSignal,
): Promise<ArtifactRows> {
  const reader = readers[path.posix.extname(question.path).slice(1).toLowerCase()];
  if (reader === undefined) throw invalidInput('query.path: rows are read of .parquet, .csv and .tsv files');
  const job = { name: 'artifact-rows', signal, timeoutMs: TIMEOUT_MS };
  return await parts.platform.analytics.run(job, async (session) => {
    const from = `${reader}(${quoteLiteral(await attachArtifact(parts, session, project, question))})`;
    const described = await session.rows(`select column_name, column_type from (describe select * from ${from})`);
    const columns = described.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
    const { limit, offset } = question;
    const rows = await session.rows(
      `select * from ${from}${orderSql(columns, question.order)} limit ${limit} offset ${offset}`,
    );
    const [count] = await session.rows(`select count(*) as total from ${from}`);
    return { columns, rows, total: Number(count!['total']) };
  });
}
