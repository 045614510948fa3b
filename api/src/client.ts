import { errorFromBody, invalidInput, PlatformError } from './errors.ts';
import { apiPrefix, type Route, type RouteInput, type RouteResult, type Routes } from './route.ts';

/** Where the server is and who calls. */
export interface ClientOptions {
  /** Base address of the server, for example `http://127.0.0.1:5050`; empty for the page's own origin. */
  readonly url: string;
  readonly token?: string;
  /** Fills `:project` where a call does not name one. Default `default`. */
  readonly project?: string;
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

/** What `fetch` takes as a body. */
export type UploadBody = NonNullable<RequestInit['body']>;

type ProjectFree<P> = P extends { readonly project: string } ? Omit<P, 'project'> & { readonly project?: string } : P;
type CallInput<R extends Route> = {
  readonly [K in keyof RouteInput<R>]: K extends 'params' ? ProjectFree<RouteInput<R>[K]> : RouteInput<R>[K];
} & (R extends { readonly upload: true } ? { readonly upload: UploadBody } : unknown);

type Optional<T> = Record<never, never> extends T ? [input?: T] : [input: T];
type OptionalParams<T> = T extends { readonly params: infer P }
  ? Record<never, never> extends P
    ? Omit<T, 'params'> & { readonly params?: P }
    : T
  : T;

/** One typed function per route. */
export type Client<R extends Routes> = {
  readonly [K in keyof R]: (
    ...input: Optional<OptionalParams<CallInput<R[K]>>>
  ) => Promise<R[K] extends { readonly stream: string } ? Response : RouteResult<R[K]>>;
};

interface AnyInput {
  readonly params?: Record<string, unknown>;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
  readonly upload?: UploadBody;
}

function fillPath(path: string, params: Record<string, unknown>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new PlatformError('invalid_input', `The path ${path} needs a value for "${name}"`);
    const segment = encodeURIComponent(String(value));
    // WHATWG URL parsing takes these segments away, however they are escaped: the call would reach another route.
    if (['', '.', '..'].includes(segment)) throw invalidInput(`"${segment}" is no value for "${name}" of ${path}`);
    return segment;
  });
}

function queryString(query: Record<string, unknown> | undefined): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) search.append(key, String(item));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** The path and query of a call, below the server's address. */
export function routeUrl(route: Route, input: AnyInput, project = 'default'): string {
  return apiPrefix + fillPath(route.path, { project, ...input.params }) + queryString(input.query);
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function call(route: Route, input: AnyInput, options: ClientOptions): Promise<unknown> {
  const headers: Record<string, string> = {};
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
  const init: RequestInit = { method: route.method, headers };
  if (options.signal !== undefined) init.signal = options.signal;
  if (input.upload !== undefined) {
    headers['content-type'] = 'application/octet-stream';
    Object.assign(init, { body: input.upload, duplex: 'half' });
  } else if (route.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(input.body ?? {});
  }
  const address = options.url + routeUrl(route, input, options.project);
  const response = await (options.fetch ?? fetch)(address, init).catch((cause: unknown) => {
    if (options.signal?.aborted === true) throw cause;
    throw new PlatformError('unavailable', `No answer from ${options.url || 'the server'}; is it running?`, { cause });
  });
  if (!response.ok) throw errorFromBody(await readJson(response), response.status);
  return route.stream === undefined ? await readJson(response) : response;
}

/**
 * A typed client for routes, by inference alone.
 *
 * @example
 * const client = createClient(dataRoutes, { url: 'http://127.0.0.1:5050' });
 * const flights = await client.getDataset({ params: { dataset: 'flights' } });
 */
export function createClient<R extends Routes>(routes: R, options: ClientOptions): Client<R> {
  const entries = Object.entries(routes).map(([name, route]) => [
    name,
    (input: AnyInput = {}) => call(route, input, options),
  ]);
  return Object.fromEntries(entries) as Client<R>;
}
