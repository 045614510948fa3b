/** Every failure a caller can act on, and the HTTP status it travels with. */
export const errorStatus = {
  invalid_input: 400,
  not_signed_in: 401,
  not_allowed: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  too_many_requests: 429,
  internal: 500,
  not_implemented: 501,
  unavailable: 503,
  deadline_exceeded: 504,
} as const;

/** The codes that every caller can act on; there are no others. */
export type ErrorCode = keyof typeof errorStatus;

/**
 * The one error class: thrown in the server, rethrown by every client, so that `error.code` is the API everywhere.
 *
 * @example
 * throw new PlatformError('conflict', 'Dataset "flights" exists already; choose another name');
 */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }
}

/** A `not_found` that names the thing. */
export const notFound = (what: string, name: string): PlatformError =>
  new PlatformError('not_found', `No ${what} called "${name}"`);

/** An `invalid_input` whose `details` list every bad place. */
export const invalidInput = (message: string, places: readonly BadPlace[] = []): PlatformError =>
  new PlatformError('invalid_input', message, { details: places });

/** One bad place of an input: `at` is a path such as `body.ttlSeconds`. */
export interface BadPlace {
  readonly at: string;
  readonly message: string;
}

/** What a failing request answers with. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: unknown;
  readonly requestId?: string;
}

const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(errorStatus, code);

/** Rebuilds the error that a response body describes. */
export function errorFromBody(body: unknown, status: number): PlatformError {
  if (typeof body === 'object' && body !== null && 'code' in body && isErrorCode(body.code)) {
    const message = 'message' in body ? String(body.message) : body.code;
    return new PlatformError(body.code, message, { details: 'details' in body ? body.details : undefined });
  }
  const code = Object.entries(errorStatus).find(([, known]) => known === status)?.[0];
  return new PlatformError(isErrorCode(code) ? code : 'internal', `The server answered ${status}`);
}
