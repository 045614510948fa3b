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
import { type CallContext, JsonText, type MlflowCall } from './mlflow-call.ts';
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

function checkServed(path: string, { servesArtifacts }: MlflowOptions): void {
  if (servesArtifacts || !path.startsWith('/mlflow-artifacts/')) return;
  throw new PlatformError('not_implemented', 'This server was started with --no-serve-artifacts');
}

/** Who calls and for which project; refused before anything of the request is read. */
async function contextOf(
  request: FastifyRequest,
  options: MlflowOptions,
  { access: needed, scope, path }: Pick<MlflowRoute, 'access' | 'scope' | 'path'>,
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
  checkServed(path, options);
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
  const calls = mlflowCalls.filter((call) => prefixesOf(call).includes(prefix));
  const { fixed, others } = separateFixed(calls);
  for (const call of others) {
    const handler = (request: FastifyRequest, reply: FastifyReply) => answerCall(call, request, reply, options);
    scope.route({ method: call.method, url: call.path, bodyLimit: MOST_BODY_BYTES, handler });
  }
  for (const method of new Set(calls.map((call) => call.method))) {
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const { '*': path } = request.params as { '*': string };
      const call = fixed.get(`${method} /${path}`);
      if (call === undefined) return await answerNoEndpoint(request, reply);
      return await answerCall(call, request, reply, options);
    };
    scope.route({ method, url: '/*', bodyLimit: MOST_BODY_BYTES, handler });
  }
}

/**
 * Calls whose path has no parameter are found by their path: a route for each would take a fifth of a second at every
 * start. One that a path with parameters would take as well stays a route, which is then preferred.
 */
function separateFixed(calls: readonly MlflowCall[]) {
  const fixed = new Map<string, MlflowCall>();
  const withParams = calls.filter(({ path }) => /[:*]/.test(path));
  const patterns = withParams.map(
    ({ method, path }) => new RegExp(`^${method} ${path.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`),
  );
  const others: MlflowCall[] = [...withParams];
  for (const call of calls) {
    const name = `${call.method} ${call.path}`;
    if (withParams.includes(call)) continue;
    if (patterns.some((pattern) => pattern.test(name))) others.push(call);
    else fixed.set(name, call);
  }
  return { fixed, others };
}

async function answerCall(call: MlflowCall, request: FastifyRequest, reply: FastifyReply, options: MlflowOptions) {
  // Authorisation does not wait for the body to be understood.
  const context = await contextOf(request, options, call);
  const answer = await call.run(request, context);
  reply.status(call.status);
  if (call.status === 204) return await reply.send();
  reply.type('application/json');
  if (answer instanceof Readable) return await reply.send(answer);
  return await reply.send(answer instanceof JsonText ? answer.text : JSON.stringify(answer));
}

function mountStreams(scope: FastifyInstance, options: MlflowOptions): void {
  readBodiesAsStreams(scope);
  scope.setErrorHandler(answerMlflowError);
  for (const route of streamRoutes) {
    const handler = async (request: FastifyRequest, reply: FastifyReply) =>
      await route.run(request, reply, await contextOf(request, options, { ...route, scope: 'project' }));
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
