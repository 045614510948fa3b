// The door for MLflow's clients: their paths, messages, errors and limits, on the functions of #tracking and #registry.
// It keeps nothing of its own. What is not built answers ENDPOINT_NOT_FOUND.

import { Readable } from 'node:stream';
import { invalidInput, PlatformError } from '@flyball/api';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '#platform/access/access';
import { requireAccess, requireSignedIn } from '#platform/access/permission';
import type { Projects } from '#platform/access/projects';
import type { SignedLinks } from '#platform/access/signed-links';
import type { Registry } from '#registry';
import type { Tracing } from '#tracing';
import type { Tracking } from '#tracking';
import type { CallContext } from './mlflow-call.ts';
import { answerMlflowError, answerNoEndpoint, saying } from './mlflow-error.ts';
import { type MlflowRoute, mlflowCalls, prefixesOf, streamPrefixes, streamRoutes } from './route-table.ts';

export { type MlflowRoute, mlflowRouteTable } from './route-table.ts';

/** The newest client that the tests run. */
export const MLFLOW_VERSION = '3.17.2';

export interface MlflowOptions {
  readonly tracking: Tracking;
  readonly tracing: Tracing;
  readonly registry: Registry;
  readonly projects: Projects;
  readonly access: Access;
  readonly links: SignedLinks;
  /** Where clients reach us, for links; otherwise what they say themselves. With the prefix of all paths. */
  readonly publicUrl: string | undefined;
  readonly pathPrefix: string;
  /** Whether clients send artifacts through this server. */
  readonly servesArtifacts: boolean;
  /** Whether they can be sent to the object store itself, which saves a way; through us, one stream is the fastest. */
  readonly sendsToStore: boolean;
}

/** What clients may count on; they try nothing else. */
const serverInfo = ({ servesArtifacts, sendsToStore }: MlflowOptions) => ({
  store_type: 'SqlStore',
  workspaces_enabled: true,
  trace_archival_enabled: false,
  multipart_uploads_enabled: servesArtifacts && sendsToStore,
  multipart_downloads_enabled: servesArtifacts && sendsToStore,
  presigned_upload_run_id_supported: false,
  presigned_upload_model_id_supported: false,
  features_enabled: { gateway: false },
});

const MOST_BODY_BYTES = 32 * 1024 * 1024;
const MOST_ARTIFACT_BYTES = 1024 ** 4;
const prefixes = ['/api/2.0', '/api/3.0', '/ajax-api/2.0', '/ajax-api/3.0'] as const;

function projectOf(request: FastifyRequest): string {
  const header = request.headers['x-mlflow-workspace'];
  const name = (Array.isArray(header) ? header[0] : header)?.trim() ?? '';
  if (name === '') return 'default';
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/.test(name)) return name;
  throw invalidInput('The header X-MLFLOW-WORKSPACE names a project: letters, digits, dots, dashes and underscores');
}

function linksFor(request: FastifyRequest, { links, publicUrl, pathPrefix }: MlflowOptions): CallContext['links'] {
  const base = publicUrl ?? `${request.protocol}://${request.host}${pathPrefix}`;
  return {
    make: async (path, subject, seconds) =>
      `${base}${path}?${new URLSearchParams({ ...(await links.sign(subject, seconds)) })}`,
    check: async (subject) => await links.check(subject, request.query as Record<string, unknown>),
  };
}

function checkServed(request: FastifyRequest, { servesArtifacts }: MlflowOptions): void {
  if (servesArtifacts || request.routeOptions.url?.includes('/mlflow-artifacts/') !== true) return;
  throw new PlatformError('not_implemented', 'This server was started with --no-serve-artifacts');
}

/** Who calls and for which project; refused before anything of the request is read. */
async function contextOf(
  request: FastifyRequest,
  options: MlflowOptions,
  { access: needed, scope }: Pick<MlflowRoute, 'access' | 'scope'>,
): Promise<CallContext> {
  const { tracking, tracing, registry, projects, access } = options;
  const actor = await access.authenticate(request.headers, request.id);
  const params = request.params as Record<string, string>;
  const project = scope === 'project' ? projectOf(request) : (params['workspace_name'] ?? 'default');
  if (scope === 'anywhere') requireSignedIn(actor);
  else requireAccess(actor, needed, scope === 'instance' ? null : project);
  if (scope === 'project' && project !== 'default') {
    await saying(access.requireProject(project), { not_found: `Workspace '${project}' not found` });
  }
  checkServed(request, options);
  const query = request.query as Record<string, unknown>;
  return { actor, project, tracking, tracing, registry, projects, params, query, links: linksFor(request, options) };
}

/** Bodies are read as text: which content types are fine is said in MLflow's words. */
function readBodiesAsText(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MOST_BODY_BYTES }, (_request, body, done) => {
    done(null, body);
  });
}

function readBodiesAsStreams(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}

function mountCalls(scope: FastifyInstance, options: MlflowOptions, prefix: string): void {
  readBodiesAsText(scope);
  scope.setErrorHandler(answerMlflowError);
  scope.setNotFoundHandler(answerNoEndpoint);
  if (prefix.endsWith('3.0')) {
    scope.get('/mlflow/server-info', () => serverInfo(options));
  }
  for (const call of mlflowCalls) {
    if (!prefixesOf(call).includes(prefix)) continue;
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      // Authorisation does not wait for the body to be understood.
      const context = await contextOf(request, options, call);
      const answer = await call.run(request, context);
      reply.status(call.status);
      if (call.status === 204) return await reply.send();
      reply.type('application/json');
      return await reply.send(answer instanceof Readable ? answer : JSON.stringify(answer));
    };
    scope.route({ method: call.method, url: call.path, bodyLimit: MOST_BODY_BYTES, handler });
  }
}

function mountStreams(scope: FastifyInstance, options: MlflowOptions): void {
  readBodiesAsStreams(scope);
  scope.setErrorHandler(answerMlflowError);
  for (const route of streamRoutes) {
    const handler = async (request: FastifyRequest, reply: FastifyReply) =>
      await route.run(request, reply, await contextOf(request, options, { access: route.access, scope: 'project' }));
    for (const prefix of streamPrefixes(route)) {
      scope.route({ method: route.method, url: prefix + route.path, bodyLimit: MOST_ARTIFACT_BYTES, handler });
    }
  }
}

/** Mounts everything that MLflow's clients call. */
export async function mountMlflow(app: FastifyInstance, options: MlflowOptions): Promise<void> {
  app.get('/version', async (_request, reply) => await reply.type('text/plain').send(MLFLOW_VERSION));
  const streams: FastifyPluginAsync = async (scope) => mountStreams(scope, options);
  await app.register(streams);
  for (const prefix of prefixes) {
    const calls: FastifyPluginAsync = async (scope) => mountCalls(scope, options, prefix);
    await app.register(calls, { prefix });
  }
}
