import { randomUUID } from 'node:crypto';
import { PlatformError } from '@flyball/api';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from '../telemetry/log.ts';
import { answerErrors, answerFrameworkError, answerMalformed } from './error-response.ts';

export interface HttpAppOptions {
  readonly log: Logger;
  readonly host: string;
  /** Names beside loopback that the Host header may carry. */
  readonly allowedHosts: readonly string[];
  /** A path in front of all others; what comes without it, as from a proxy that takes it away, is answered too. */
  readonly pathPrefix?: string;
}

/** `/prefix/path?query` without its prefix; `/prefixed` has none. */
function withoutPrefix(url: string, prefix: string): string {
  if (prefix === '' || !url.startsWith(prefix)) return url;
  const rest = url.slice(prefix.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : url;
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Of a Host header, or of an address as one writes it in a setting: IPv6 may lack its brackets there. */
function hostName(host: string): string {
  const name = host.toLowerCase();
  if (/^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*$/.test(name)) return `[${name}]`;
  return name.replace(/:\d+$/, '');
}

/** Against DNS rebinding: a page elsewhere must not reach us under its own name. */
function checkHost(request: FastifyRequest, allowed: ReadonlySet<string>): void {
  const name = hostName(request.headers.host ?? '');
  if (loopback.has(name) || allowed.has(name)) return;
  throw new PlatformError('not_allowed', `The host "${name}" is not allowed; add it with --allowed-hosts`);
}

/** Against request forgery: a browser may change things only from our own pages. */
function checkOrigin(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return;
  const origin = request.headers.origin;
  if (origin === undefined) return;
  const same = URL.canParse(origin) && new URL(origin).host === request.headers.host;
  if (!same) throw new PlatformError('not_allowed', 'Changes are accepted from our own pages only');
}

/** An HTTP server with request ids, one shape of errors, and the checks that every route needs. */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const allowed = new Set([...options.allowedHosts, options.host].map(hostName));
  const { log, pathPrefix = '' } = options;
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 5000, ignoreDuplicateSlashes: true },
    rewriteUrl: ({ url = '/' }) => withoutPrefix(url, pathPrefix),
    forceCloseConnections: true,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerMalformed,
  });
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('x-frame-options', 'DENY');
    checkHost(request, allowed);
    checkOrigin(request);
  });
  answerErrors(app);
  return app;
}
