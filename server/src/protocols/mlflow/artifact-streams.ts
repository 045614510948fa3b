import path from 'node:path';
import { type Access, invalidInput } from '@flyball/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerBytes } from '#platform/http/stream-answer';
import { checkArtifactFile, contentTypeOf } from '#tracking';
import { joinPath, ownFolder } from './artifact-calls.ts';
import type { CallContext } from './mlflow-call.ts';

/** An endpoint whose body or answer is raw bytes. */
export interface StreamRoute {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Below `/api/2.0` and `/ajax-api/2.0`, or at the root of the server. */
  readonly place: 'api' | 'ajax' | 'root';
  readonly access: Access;
  run(request: FastifyRequest, reply: FastifyReply, context: CallContext): Promise<unknown>;
}

function textOf(query: CallContext['query'], ...names: readonly string[]): string {
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
  const { bytes, sizeBytes } = await tracking.artifacts.open(project, file);
  return await answerBytes(reply, {
    bytes,
    sizeBytes,
    contentType: contentTypeOf(file),
    fileName: path.posix.basename(file),
  });
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
      const body = request.body as AsyncIterable<Uint8Array> | undefined;
      await context.tracking.artifacts.put(context.project, file, body ?? new Uint8Array());
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

/** Files of the store, of runs, of logged models and of model versions. */
export const streamRoutes: readonly StreamRoute[] = [
  ...proxyRoutes,
  {
    method: 'GET',
    path: '/get-artifact',
    place: 'root',
    access: 'viewer',
    run: async (_request, reply, context) => {
      const file = checkArtifactFile(textOf(context.query, 'path'));
      const run = await context.tracking.runs.get(context.project, textOf(context.query, 'run_id', 'run_uuid'));
      return await answerFile(reply, context, joinPath(ownFolder(run.artifact_uri), file));
    },
  },
  {
    method: 'GET',
    path: '/mlflow/logged-models/:model_id/artifacts/files',
    place: 'ajax',
    access: 'viewer',
    run: async (_request, reply, context) => {
      const file = checkArtifactFile(textOf(context.query, 'artifact_file_path'));
      const model = await context.tracking.models.get(context.project, context.params['model_id'] ?? '');
      return await answerFile(reply, context, joinPath(ownFolder(model.artifact_uri), file));
    },
  },
  {
    method: 'GET',
    path: '/model-versions/get-artifact',
    place: 'root',
    access: 'viewer',
    run: async (_request, reply, context) => {
      const file = checkArtifactFile(textOf(context.query, 'path'));
      const { registry, project, query } = context;
      const version = await registry.getVersion(project, textOf(query, 'name'), Number(textOf(query, 'version')));
      const { bytes, sizeBytes } = await registry.openFile(version, file);
      return await answerBytes(reply, {
        bytes,
        sizeBytes,
        contentType: contentTypeOf(file),
        fileName: path.posix.basename(file),
      });
    },
  },
];
