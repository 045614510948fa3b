import type { AnalyticsSession } from '#platform/analytics/analytics';
import type { Column } from './column-type.ts';
import { convertFile, type UploadedFile } from './convert-file.ts';
import type { DataParts } from './parts.ts';

export type GivenFile = UploadedFile;

export interface ParquetFile {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly name: string;
}

/** A file as a Parquet object; what the dataset has already decides the types of what is converted. */
export async function ingestFile(
  { platform }: DataParts,
  session: AnalyticsSession,
  file: GivenFile,
  place: number,
  known: readonly Column[],
): Promise<ParquetFile> {
  const { columns: _, ...parquet } = await convertFile(platform.objects, session, file, { place, known });
  return parquet;
}
