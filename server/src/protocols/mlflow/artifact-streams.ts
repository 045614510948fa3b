import path from 'node:path';
import { type Access, invalidInput, PlatformError } from '@flyball/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bodyChunks } from '#platform/http/body-chunks';
import { answerBytes } from '#platform/http/stream-answer';
import { checkArtifactFile, contentTypeOf, proxiedPath } from '#tracking';
import { joinPath } from './artifact-calls.ts';
import { fileSubject, partSubject } from './artifact-transfers.ts';
import type { CallContext } from './mlflow-call.ts';

/** An endpoint whose body or answer is raw bytes. */
export interface StreamRoute {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  /** Below `/api/2.0` and `/ajax-api/2.0`, below `/ajax-api` of both versions, or at the root of the server. */
  readonly place: 'api' | 'ajax' | 'ajaxBoth' | 'root';
  readonly access: Access;
  run(request: FastifyRequest, reply: FastifyReply, context: CallContext): Promise<unknown>;
}

/** A parameter of the query under one of its names. */
export function queryText(query: CallContext['query'], ...names: readonly string[]): string {
  for (const name of names) {
    const value = query[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  throw invalidInput(`Missing value for required parameter '${names[0]}'.`);
}

async function answerFile(
  reply: FastifyReply,
  { tracking, project }: CallContext,
  file: string,
): Promise<FastifyReply> {
  return await answerOpened(reply, await tracking.artifacts.open(project, file), file);
}

type Opened = Awaited<ReturnType<CallContext['tracking']['artifacts']['openAt']>>;

export async function answerOpened(reply: FastifyReply, opened: Opened, file: string): Promise<FastifyReply> {
  const fileName = path.posix.basename(file);
  return await answerBytes(reply, { ...opened, contentType: contentTypeOf(file), fileName });
}

const bodyOf = ({ body }: FastifyRequest): AsyncIterable<Uint8Array> | Uint8Array =>
  body === undefined ? new Uint8Array() : bodyChunks(body as AsyncIterable<Uint8Array>);

/** The SHA-256 that a caller says its body has (RFC 9530), in hexadecimal digits. */
function digestIn(headers: FastifyRequest['headers']): string | undefined {
  const given = [headers['content-digest'] ?? headers['repr-digest']].flat().join(',');
  const value = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(given)?.[1];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('hex');
}

const wildcard = ({ params }: CallContext): string => params['*'] ?? '';

const proxyRoutes: readonly StreamRoute[] = [
  {
    method: 'GET',
    path: '/mlflow-artifacts/artifacts/*',
    place: 'api',
    access: 'viewer',
    run: async (_request, reply, context) => await answerFile(reply, context, wildcard(context)),
  },
  {
    method: 'PUT',
    path: '/mlflow-artifacts/artifacts/*',
    place: 'api',
    access: 'contributor',
    run: async (request, _reply, context) => {
      const file = checkArtifactFile(wildcard(context));
      const digest = digestIn(request.headers);
      await context.tracking.artifacts.put(context.project, file, bodyOf(request), {
        ...(digest === undefined ? {} : { digest }),
      });
      return {};
    },
  },
  {
    method: 'DELETE',
    path: '/mlflow-artifacts/artifacts/*',
    place: 'api',
    access: 'admin',
    run: async (_request, _reply, context) => {
      await context.tracking.artifacts.remove(context.actor, context.project, wildcard(context));
      return {};
    },
  },
];

/** Parts of uploads and whole files, for whoever has a link. */
const linkedRoutes: readonly StreamRoute[] = [
  {
    method: 'PUT',
    path: '/mlflow-artifacts/mpu/parts/:upload/:number',
    place: 'api',
    access: 'public',
    run: async (request, reply, { params: { upload = '', number = '' }, tracking, links }) => {
      await links.check(partSubject(upload, Number(number)));
      const etag = await tracking.uploads.putPart(upload, Number(number), bodyOf(request));
      return await reply.header('etag', `"${etag}"`).send();
    },
  },
  {
    method: 'GET',
    path: '/mlflow-artifacts/signed/:digest/:name',
    place: 'api',
    access: 'public',
    run: async (_request, reply, { params: { digest = '', name = '' }, tracking, links }) => {
      await links.check(fileSubject(digest, name));
      return await answerOpened(reply, await tracking.artifacts.openDigest(digest), name);
    },
  },
];

/** As much as the pages of the reference send at once. */
const MOST_PAGE_UPLOAD_BYTES = 10 * 1024 * 1024;

async function uploadToRun(request: FastifyRequest, { tracking, project, query }: CallContext): Promise<object> {
  const file = checkArtifactFile(queryText(query, 'path'));
  const run = await tracking.runs.get(project, queryText(query, 'run_uuid'));
  const folder = proxiedPath(run.artifact_uri);
  if (folder === null) {
    throw new PlatformError('not_implemented', `The artifacts at ${run.artifact_uri} are not kept by this server`);
  }
  const length = Number(request.headers['content-length'] ?? Number.NaN);
  if (!(length <= MOST_PAGE_UPLOAD_BYTES)) {
    throw new PlatformError('too_large', `Say how long the file is, ${MOST_PAGE_UPLOAD_BYTES} bytes at most`);
  }
  await tracking.artifacts.put(project, joinPath(folder, file), bodyOf(request));
  return {};
}

/** Files of the store, of runs, of logged models and of model versions. */
export const artifactRoutes: readonly StreamRoute[] = [
  ...proxyRoutes,
  ...linkedRoutes,
  {
    method: 'GET',
    path: '/get-artifact',
    place: 'root',
    access: 'viewer',
    run: async (_request, reply, context) => {
      const file = checkArtifactFile(queryText(context.query, 'path'));
      const run = await context.tracking.runs.get(context.project, queryText(context.query, 'run_id', 'run_uuid'));
      return await answerOpened(reply, await context.tracking.artifacts.openAt(context.project, run, file), file);
    },
  },
  {
    method: 'POST',
    path: '/mlflow/upload-artifact',
    place: 'ajax',
    access: 'contributor',
    run: async (request, _reply, context) => await uploadToRun(request, context),
  },
  {
    method: 'GET',
    path: '/mlflow/logged-models/:model_id/artifacts/files',
    place: 'ajax',
    access: 'viewer',
    run: async (_request, reply, context) => {
      const file = checkArtifactFile(queryText(context.query, 'artifact_file_path'));
      const model = await context.tracking.models.get(context.project, context.params['model_id'] ?? '');
      return await answerOpened(reply, await context.tracking.artifacts.openAt(context.project, model, file), file);
    },
  },
  {
    method: 'GET',
    path: '/model-versions/get-artifact',
    place: 'root',
    access: 'viewer',
    run: async (_request, reply, context) => {
      const file = checkArtifactFile(queryText(context.query, 'path'));
      const { registry, project, query } = context;
      const version = await registry.getVersion(project, queryText(query, 'name'), Number(queryText(query, 'version')));
      return await answerOpened(reply, await registry.openFile(version, file), file);
    },
  },
];
