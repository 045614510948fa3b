import { Readable } from 'node:stream';
import {
  apiPrefix,
  type BadPlace,
  invalidInput,
  PlatformError,
  type Route,
  type RouteAnswer,
  type RouteRequest,
  type Routes,
} from '@flyball/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Access } from '../access/access.ts';
import type { Actor } from '../access/actor.ts';
import { requireAccess } from '../access/permission.ts';
import { fromIssues } from './bad-places.ts';
import { answerBytes, answerEvents, type BytesAnswer, type EventsAnswer } from './stream-answer.ts';
import { unknownFields } from './unknown-fields.ts';
import { unstorablePlaces } from './unstorable-places.ts';

/** What every handler gets beside the parsed parts of its route. */
export interface RequestContext {
  readonly actor: Actor;
  /** The project of the path; `default` for routes of the instance. */
  readonly project: string;
  readonly requestId: string;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal;
  /** The raw body of an upload route; empty otherwise. */
  readonly upload: AsyncIterable<Uint8Array>;
}

export type HandlerRequest<R extends Route> = RouteRequest<R> & RequestContext;

type HandlerAnswer<R extends Route> = R extends { readonly stream: 'bytes' }
  ? BytesAnswer
  : R extends { readonly stream: 'events' }
    ? EventsAnswer
    : RouteAnswer<R>;

/** One function per route; a missing or mistyped one does not compile. */
export type Handlers<R extends Routes> = {
  readonly [K in keyof R]: (request: HandlerRequest<R[K]>) => HandlerAnswer<R[K]> | Promise<HandlerAnswer<R[K]>>;
};

export interface ServeOptions {
  readonly access: Access;
  /** Parse answers by the contract too: tests find what the types cannot. */
  readonly checkAnswers: boolean;
  readonly maxBodyBytes: number;
  readonly maxUploadBytes: number;
}

type AnyHandler = (request: Record<string, unknown> & RequestContext) => unknown;

const parts = ['params', 'query', 'body'] as const;

const MOST_PLACES = 100;

function parsePart(schema: z.ZodType, value: unknown, at: string, bad: BadPlace[]): unknown {
  const unstorable = unstorablePlaces(value, at);
  if (unstorable.length > 0) {
    for (const place of unstorable) bad.push(place);
    return undefined;
  }
  const result = schema.safeParse(value);
  for (const place of fromIssues(result.error?.issues ?? [], at)) bad.push(place);
  for (const place of unknownFields(schema, value, at)) bad.push(place);
  return result.data;
}

function refusal(bad: readonly BadPlace[]): PlatformError {
  const shown = bad.slice(0, MOST_PLACES);
  const list = shown.map(({ at, message }) => `${at}: ${message}`).join('; ');
  const more = bad.length > shown.length ? ` … and ${bad.length - shown.length} more places` : '';
  return invalidInput((list.length > 2000 ? `${list.slice(0, 2000).toWellFormed()} …` : list) + more, shown);
}

function checkContentType(route: Route, { body }: FastifyRequest): void {
  const isBytes = body instanceof Readable;
  if (route.upload === true && body != null && !isBytes) {
    throw invalidInput('Send the bytes with the content type application/octet-stream');
  }
  if (route.upload !== true && (isBytes || typeof body === 'string')) {
    throw invalidInput('Send JSON with the content type application/json');
  }
}

function parseRequest(route: Route, request: FastifyRequest): Record<string, unknown> {
  checkContentType(route, request);
  const bad: BadPlace[] = [];
  const parsed: Record<string, unknown> = {};
  for (const part of parts) {
    const schema = route[part];
    if (schema !== undefined) parsed[part] = parsePart(schema, request[part] ?? {}, part, bad);
  }
  if (bad.length > 0) throw refusal(bad);
  return parsed;
}

/** The bytes of an upload; `too_large` beyond the limit, which only counting finds when no length was announced. */
async function* uploadOf({ body }: FastifyRequest, maxBytes: number): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Readable)) return;
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new PlatformError('too_large', `An upload may have ${maxBytes} bytes`);
    yield chunk;
  }
}

function projectOf(route: Route, request: FastifyRequest): string | null {
  if (!route.path.startsWith('/projects/:project')) return null;
  return (request.params as { project: string }).project;
}

/** Aborted when the caller leaves before the answer is complete. */
function signalOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

async function handle(
  route: Route,
  handler: AnyHandler,
  options: ServeOptions,
  request: FastifyRequest,
  context: Pick<RequestContext, 'actor' | 'signal'>,
): Promise<unknown> {
  const project = projectOf(route, request);
  const parsed = parseRequest(route, request);
  if (project !== null) await options.access.requireProject(project);
  const upload = uploadOf(request, route.upload === true ? options.maxUploadBytes : 0);
  return await handler({ ...parsed, ...context, project: project ?? 'default', requestId: request.id, upload });
}

function checkAnswer(route: Route, answer: unknown): void {
  const result = route.result.safeParse(answer);
  if (result.success) return;
  const places = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new PlatformError('internal', `${route.method} ${route.path} answers outside its contract: ${places}`);
}

async function respond(route: Route, answer: unknown, options: ServeOptions, reply: FastifyReply): Promise<unknown> {
  if (route.stream === 'bytes') return answerBytes(reply, answer as BytesAnswer);
  if (route.stream === 'events') return answerEvents(reply, answer as EventsAnswer);
  if (options.checkAnswers) checkAnswer(route, answer);
  return await reply.type('application/json; charset=utf-8').send(JSON.stringify(answer ?? {}));
}

/** Mounts routes with their handlers: authenticate, authorise, read, parse, handle, answer. */
export function serve<R extends Routes>(
  app: FastifyInstance,
  routes: R,
  handlers: Handlers<R>,
  options: ServeOptions,
): void {
  const actors = new WeakMap<FastifyRequest, Actor>();
  for (const [name, route] of Object.entries(routes)) {
    const handler = handlers[name] as unknown as AnyHandler;
    app.route({
      method: route.method,
      url: apiPrefix + route.path,
      bodyLimit: route.upload === true ? options.maxUploadBytes : options.maxBodyBytes,
      // Nobody waits for the end of a stream of events without a body.
      exposeHeadRoute: route.stream === undefined,
      // Before the body is read: a stranger's is not worth parsing.
      onRequest: async (request) => {
        const actor = await options.access.authenticate(request.headers, request.id);
        requireAccess(actor, route.access, projectOf(route, request));
        actors.set(request, actor);
      },
      handler: async (request, reply) => {
        const context = { actor: actors.get(request)!, signal: signalOf(reply) };
        return await respond(route, await handle(route, handler, options, request, context), options, reply);
      },
    });
  }
}
