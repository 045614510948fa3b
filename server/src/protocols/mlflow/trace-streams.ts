import { promisify } from 'node:util';
import { gunzip, inflate, inflateRaw } from 'node:zlib';
import { invalidInput, PlatformError } from '@flyball/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ExactValue, parseExact } from '#platform/exact-json';
import { answerBytes } from '#platform/http/stream-answer';
import { hasSpansHere } from '#tracing';
import { checkArtifactFile, contentTypeOf } from '#tracking';
import { answerOpened, queryText, type StreamRoute } from './artifact-streams.ts';
import type { CallContext } from './mlflow-call.ts';
import { readExportRequest } from './otlp-message.ts';
import { spanBatchOf } from './otlp-spans.ts';

const MOST_BODY_BYTES = 32 * 1024 * 1024;
const MOST_UNPACKED_BYTES = 64 * 1024 * 1024;
const PROTOBUF = 'application/x-protobuf';

const tooLarge = (): PlatformError =>
  new PlatformError('too_large', 'An export of spans may have 32 MiB, and 64 MiB unpacked: send smaller batches');

async function bodyOf(request: FastifyRequest): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const limit = { maxOutputLength: MOST_UNPACKED_BYTES };
const unpackers: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  identity: async (body) => body,
  gzip: async (body) => await promisify(gunzip)(body, limit),
  // Some clients leave the wrapper away.
  deflate: async (body) =>
    await promisify(inflate)(body, limit).catch(async (error: unknown) => {
      if (isTooLong(error)) throw error;
      return await promisify(inflateRaw)(body, limit);
    }),
};

const isTooLong = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';

async function unpacked(request: FastifyRequest): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (!Object.hasOwn(unpackers, encoding)) throw invalidInput(`Unsupported Content-Encoding: ${encoding}`);
  return await unpackers[encoding]!(await bodyOf(request)).catch((error: unknown) => {
    if (error instanceof PlatformError) throw error;
    if (isTooLong(error)) throw tooLarge();
    throw invalidInput(`Failed to decompress ${encoding} payload`);
  });
}

function parsedRequest(body: Buffer, isJson: boolean): ExactValue {
  try {
    return isJson ? parseExact(body.toString('utf8')) : readExportRequest(body);
  } catch {
    throw invalidInput('Invalid OpenTelemetry format');
  }
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function exportSpans(request: FastifyRequest, reply: FastifyReply, { tracing, project }: CallContext) {
  const contentType = request.headers['content-type'];
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase();
  const isJson = mediaType === 'application/json';
  if (!isJson && mediaType !== PROTOBUF) {
    throw invalidInput(`Invalid Content-Type: ${contentType}. Expected: ${PROTOBUF} or application/json`);
  }
  const experimentId = headerOf(request, 'x-mlflow-experiment-id');
  if (experimentId === undefined) throw invalidInput('The header x-mlflow-experiment-id must name an experiment');
  const batch = spanBatchOf(parsedRequest(await unpacked(request), isJson));
  await tracing.traces.logSpans(project, experimentId, { ...batch, runId: headerOf(request, 'x-mlflow-run-id') });
  // Nothing was refused: an empty message.
  return await reply.type(mediaType!).send(isJson ? '{}' : Buffer.alloc(0));
}

const FILE = 'traces.json';

/** The spans of a trace, or a file that belongs to it. */
async function answerTraceFile(reply: FastifyReply, context: CallContext): Promise<FastifyReply> {
  const { tracing, project, query } = context;
  const traceId = queryText(query, 'request_id');
  const attachment = query['path'] === undefined ? null : checkArtifactFile(queryText(query, 'path'));
  const trace = await tracing.traces.get(project, traceId);
  if (attachment === null && hasSpansHere(trace)) {
    const bytes = Buffer.from(`{"spans":[${(await tracing.traces.spanContents(trace)).join(',')}]}`);
    return await answerBytes(reply, {
      bytes: (async function* whole() {
        yield bytes;
      })(),
      sizeBytes: bytes.length,
      contentType: contentTypeOf(FILE),
      fileName: FILE,
    });
  }
  const file = attachment === null ? FILE : `attachments/${attachment}`;
  const place = { artifact_uri: trace.tags['mlflow.artifactLocation'] ?? '', experiment: trace.experiment };
  return await answerOpened(reply, await context.tracking.artifacts.openAt(context.project, place, file), file);
}

/** Spans in OpenTelemetry's protocol, and the files of traces. */
export const traceStreams: readonly StreamRoute[] = [
  { method: 'POST', path: '/v1/traces', place: 'root', access: 'contributor', run: exportSpans },
  {
    method: 'GET',
    path: '/mlflow/get-trace-artifact',
    place: 'ajaxBoth',
    access: 'viewer',
    run: async (_request, reply, context) => await answerTraceFile(reply, context),
  },
];
