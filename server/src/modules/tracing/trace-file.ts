import { PlatformError } from '@flyball/api';
import type { TracingParts } from './parts.ts';
import type { Span } from './span-content.ts';
import { readSpanFile } from './span-file.ts';
import { traceKey } from './trace-keys.ts';
import type { StoredTrace } from './trace-store.ts';

const FILE = 'traces.json';
/** What is read while somebody waits for a page. */
const MOST_BYTES = 16 * 2 ** 20;

/** The spans that a client wrote as a file of the trace, or why there are none. */
export interface FiledSpans {
  readonly spans: readonly Span[];
  readonly problem: string | null;
}

const missing = (problem: string | null): FiledSpans => ({ spans: [], problem });

async function opened({ tracking }: TracingParts, project: string, trace: StoredTrace) {
  const place = { artifact_uri: trace.tags[traceKey.artifacts] ?? '', experiment: trace.experiment };
  try {
    return await tracking.artifacts.openAt(project, place, FILE);
  } catch (error) {
    if (error instanceof PlatformError) return error;
    throw error;
  }
}

/** Of clients that send their spans as an artifact: those before 3.0 always, later ones to servers that want it. */
export async function readTraceFile(parts: TracingParts, project: string, trace: StoredTrace): Promise<FiledSpans> {
  const file = await opened(parts, project, trace);
  if (file instanceof PlatformError) return missing(file.code === 'not_found' ? null : file.message);
  const { sizeBytes, bytes } = file;
  if (sizeBytes > MOST_BYTES) {
    for await (const _ of bytes) break;
    return missing(`The spans are in a file of ${sizeBytes} bytes, and up to ${MOST_BYTES} are shown: download it`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  const spans = readSpanFile(Buffer.concat(chunks).toString('utf8'));
  return spans === null
    ? missing(`The file ${FILE} of the trace holds no spans that can be read`)
    : { spans, problem: null };
}
