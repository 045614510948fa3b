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
import { answerBytes, answerEvents, type BytesAnswer, type EventsAnswer } from './stream-answer.ts';
import { unknownFields } from './unknown-fields.ts';

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

/** `undefined` values of a query mean "not given", as an absent key does. */
function parsePart(schema: z.ZodType, value: unknown, at: string, bad: BadPlace[]): unknown {
  const result = schema.safeParse(value);
  if (!result.success) {
    for (const issue of result.error.issues) {
      bad.push({ at: [at, ...issue.path.map(String)].join('.'), message: issue.message });
    }
    return undefined;
  }
  bad.push(...unknownFields(schema, value, at));
  return result.data;
}

function parseRequest(route: Route, request: FastifyRequest): Record<string, unknown> {
  const bad: BadPlace[] = [];
  const parsed: Record<string, unknown> = {};
  for (const part of parts) {
    const schema = route[part];
    if (schema !== undefined) parsed[part] = parsePart(schema, request[part] ?? {}, part, bad);
  }
  if (bad.length > 0) {
    const list = bad.map(({ at, message }) => `${at}: ${message}`).join('; ');
    throw invalidInput(list.length > 2000 ? `${list.slice(0, 2000)} …` : list, bad);
  }
  return parsed;
}

async function* noUpload(): AsyncGenerator<Uint8Array> {}

function projectOf(route: Route, request: FastifyRequest): string | null {
  if (!route.path.startsWith('/projects/:project')) return null;
  return (request.params as { project: string }).project;
}

async function handle(route: Route, handler: AnyHandler, options: ServeOptions, request: FastifyRequest) {
  const actor = await options.access.authenticate(request.headers, request.id);
  const project = projectOf(route, request);
  requireAccess(actor, route.access, project);
  const parsed = parseRequest(route, request);
  if (project !== null) await options.access.requireProject(project);
  const gone = new AbortController();
  request.raw.once('close', () => {
    if (!request.raw.complete) gone.abort();
  });
  request.socket.once('close', () => gone.abort());
  const upload = route.upload === true ? (request.body as AsyncIterable<Uint8Array>) : noUpload();
  return await handler({
    ...parsed,
    actor,
    project: project ?? 'default',
    requestId: request.id,
    signal: gone.signal,
    upload,
  });
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

/** Mounts routes with their handlers: authenticate, authorise, parse, handle, answer. */
export function serve<R extends Routes>(
  app: FastifyInstance,
  routes: R,
  handlers: Handlers<R>,
  options: ServeOptions,
): void {
  for (const [name, route] of Object.entries(routes)) {
    const handler = handlers[name] as unknown as AnyHandler;
    app.route({
      method: route.method,
      url: apiPrefix + route.path,
      bodyLimit: route.upload === true ? options.maxUploadBytes : options.maxBodyBytes,
      handler: async (request, reply) =>
        await respond(route, await handle(route, handler, options, request), options, reply),
    });
  }
}
