import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiPrefix, type ErrorBody, errorStatus, PlatformError } from '@flyball/api';
import { readLabels, type Serving } from '#serving';
import { requireAccess } from './platform/access/permission.ts';
import { toPlatformError } from './platform/http/error-response.ts';
import type { Platform } from './platform/platform.ts';

export interface ListeningGateway {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_LABELS_BYTES = 32 * 1024 * 1024;
const LABELS = new RegExp(`^${apiPrefix}/projects/([^/?]+)/endpoints/([^/?]+)/labels(?:\\?.*)?$`);
const loopback = ['localhost', '127.0.0.1', '[::1]', '::1'];
const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/**
 * The HTTP server of the gateway. It is Node's own, without a framework: predictions are its whole work, and a router,
 * hooks and a reply object would cost a quarter of them.
 */
export async function listenGateway(
  platform: Platform,
  serving: Serving,
  inference: { handle: RequestListener },
): Promise<ListeningGateway> {
  const { config } = platform;
  const allowed = new Set([...loopback, ...config.allowedHosts, config.host].map(hostName));
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
    response.on('error', () => undefined);
    const problem = refusal(request, allowed, [config.port, config.gatewayPort]);
    if (problem !== null) answerError(platform, response, problem);
    else if (request.url?.startsWith('/v2')) inference.handle(request, response);
    else answerOther(platform, serving, request, response);
  });
  const port = await listen(server, config.gatewayPort, config.host);
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return {
    url: `http://${host}:${port}`,
    close: async () => {
      server.closeIdleConnections();
      const closed = new Promise((resolve) => server.close(resolve));
      setTimeout(() => server.closeAllConnections(), 5_000).unref();
      await closed;
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Our pages come from the API's port, which passes their requests on. */
function isOwn(origin: string, allowed: ReadonlySet<string>, ports: readonly number[]): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, port } = new URL(origin);
  const name = hostName(host);
  return loopback.includes(name) ? ports.includes(Number(port)) : allowed.has(name);
}

/** Against DNS rebinding and request forgery, as on the port of the API. */
function refusal(
  { headers, method }: IncomingMessage,
  allowed: ReadonlySet<string>,
  ports: readonly number[],
): PlatformError | null {
  const host = headers.host ?? '';
  const name = allowed.has(host) ? host : hostName(host);
  if (!allowed.has(name)) {
    return new PlatformError('not_allowed', `The host "${name}" is not allowed; add it with --allowed-hosts`);
  }
  const { origin } = headers;
  if (origin === undefined || method === 'GET' || method === 'HEAD') return null;
  return isOwn(origin, allowed, ports)
    ? null
    : new PlatformError('not_allowed', 'Changes are accepted from our own pages only');
}

function answerError(platform: Platform, response: ServerResponse, error: unknown): void {
  const known = toPlatformError(error);
  const requestId = randomUUID();
  if (known.code === 'internal') platform.log.error({ err: error, requestId }, 'request failed');
  const { code, message, details } = known;
  const body: ErrorBody = { code, message, ...(details === undefined ? {} : { details }), requestId };
  if (code === 'unavailable' || code === 'too_many_requests') response.setHeader('retry-after', '1');
  if (code === 'too_large') response.setHeader('connection', 'close');
  answerJson(response, body, errorStatus[code]);
}

function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) };
  response.writeHead(status, headers).end(text);
}

function answerOther(platform: Platform, serving: Serving, request: IncomingMessage, response: ServerResponse): void {
  const work = async (): Promise<void> => {
    const labels = LABELS.exec(request.url ?? '');
    const path = (request.url ?? '').split('?', 1)[0]!;
    if (labels !== null && request.method === 'POST') {
      const [, project = '', endpoint = ''] = labels.map((part) => decodeURIComponent(part ?? ''));
      answerJson(response, await takeLabels(platform, serving, request, project, endpoint));
    } else if (path === '/health') response.end('OK');
    else if (path === '/ready') answerReady(serving, response);
    else if (path === '/metrics') {
      response.setHeader('content-type', platform.metrics.registry.contentType);
      response.end(await platform.metrics.registry.metrics());
    } else throw new PlatformError('not_found', `There is nothing at ${request.method} ${path}`);
  };
  work().catch((error: unknown) => answerError(platform, response, error));
}

function answerReady({ gateway }: Serving, response: ServerResponse): void {
  if (!gateway.isReady) throw new PlatformError('unavailable', 'The gateway is starting');
  answerJson(response, { ready: true });
}

async function takeLabels(
  platform: Platform,
  { gateway }: Serving,
  request: IncomingMessage,
  project: string,
  endpoint: string,
) {
  const actor = await platform.access.authenticate(request.headers, '');
  requireAccess(actor, 'contributor', project);
  const body = await readJson(request);
  return await gateway.recordLabels(project, endpoint, readLabels(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_LABELS_BYTES) throw new PlatformError('too_large', 'Send fewer labels at once');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PlatformError('invalid_input', `The body is not JSON: ${reason}`, { cause });
  }
}
