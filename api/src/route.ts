import type { z } from 'zod';
import type { ErrorCode } from './errors.ts';

/** Who may call a route: anybody, or members whose role in the route's project is at least this. */
export type Access = 'public' | 'viewer' | 'contributor' | 'approver' | 'admin';

/**
 * One operation of the HTTP API, as data. Paths are below `/api/v1`; `:name` marks a parameter.
 * A path below `/projects/:project` is checked against that project, any other against the instance.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The request body is raw bytes, streamed to the handler. */
  readonly upload?: true;
  /** The answer is not JSON: raw bytes, or server-sent events. */
  readonly stream?: 'bytes' | 'events';
  readonly result: z.ZodType;
  readonly errors?: readonly ErrorCode[];
}

/** Routes by the name of their operation. */
export type Routes = Readonly<Record<string, Route>>;

/** Declares routes; the literal types survive, so handlers and clients are inferred from it. */
export function defineRoutes<const R extends Routes>(routes: R): R {
  return routes;
}

type Part<R> = keyof R & ('params' | 'query' | 'body');

/** What a caller passes. */
export type RouteInput<R extends Route> = {
  readonly [K in Part<R>]: R[K] extends z.ZodType ? z.input<R[K]> : never;
};

/** What a handler gets. */
export type RouteRequest<R extends Route> = {
  readonly [K in Part<R>]: R[K] extends z.ZodType ? z.output<R[K]> : never;
};

/** What a caller gets. */
export type RouteResult<R extends Route> = z.output<R['result']>;
/** What a handler returns. */
export type RouteAnswer<R extends Route> = z.input<R['result']>;

/** The prefix below which all routes live. */
export const apiPrefix = '/api/v1';
