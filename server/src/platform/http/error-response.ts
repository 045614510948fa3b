import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type ErrorBody, type ErrorCode, errorStatus, PlatformError } from '@flyball/api';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_input',
  403: 'not_allowed',
  404: 'not_found',
  413: 'too_large',
  414: 'invalid_input',
  415: 'invalid_input',
  429: 'too_many_requests',
};

/**
 * Of PostgreSQL: a number or a moment out of range, a text too long for an index. Only values of a request get there.
 */
const tooLargeToStore = new Set<unknown>(['22003', '22008', '54000']);

/** A foreign key to projects that finds none: the request was under way when its project was deleted. */
function isProjectGone(error: unknown): boolean {
  const { code, constraint } = (error ?? {}) as { code?: unknown; constraint?: unknown };
  return code === '23503' && typeof constraint === 'string' && constraint.endsWith('_project_fkey');
}

/** Anything thrown, as an error that callers may see; what is not ours becomes `internal` and says nothing. */
export function toPlatformError(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error;
  const status = (error as Partial<FastifyError>).statusCode;
  const code = status === undefined ? undefined : codeOfStatus[status];
  if (code !== undefined) return new PlatformError(code, (error as Error).message, { cause: error });
  if (tooLargeToStore.has((error as { code?: unknown } | undefined)?.code)) {
    return new PlatformError('invalid_input', 'A value is larger than what can be stored', { cause: error });
  }
  if (isProjectGone(error)) {
    return new PlatformError('not_found', 'The project was deleted meanwhile', { cause: error });
  }
  return new PlatformError('internal', 'Something went wrong on our side; the log knows more', { cause: error });
}

async function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const known = toPlatformError(error);
  if (known.code === 'internal') request.log.error({ err: error }, 'request failed');
  const body: ErrorBody = {
    code: known.code,
    message: known.message,
    ...(known.details === undefined ? {} : { details: known.details }),
    requestId: request.id,
  };
  if (known.code === 'unavailable' || known.code === 'too_many_requests') reply.header('retry-after', '1');
  if (known.code === 'not_signed_in') reply.header('www-authenticate', 'Bearer realm="flyball"');
  await reply.status(errorStatus[known.code]).send(body);
}

/** For what fails before there is a route: an address that is not well-formed or too long. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
  answerError(error, request, reply).catch((failure: unknown) => request.log.error({ err: failure }, 'no answer'));
}

/** For what is no HTTP: the connection is answered by hand and closed. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const message = error.code === 'HPE_HEADER_OVERFLOW' ? 'The headers are too large' : 'This is not well-formed HTTP';
  const body: ErrorBody = { code: 'invalid_input', message, requestId: randomUUID() };
  const text = JSON.stringify(body);
  const head = ['HTTP/1.1 400 Bad Request', 'content-type: application/json; charset=utf-8', 'connection: close'];
  socket.end(`${[...head, `content-length: ${Buffer.byteLength(text)}`].join('\r\n')}\r\n\r\n${text}`);
}

/** Answers every failure with `{ code, message, details?, requestId }`. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(async (request, reply) => {
    const body: ErrorBody = {
      code: 'not_found',
      message: `There is nothing at ${request.method} ${request.url.split('?')[0]}`,
      requestId: request.id,
    };
    await reply.status(404).send(body);
  });
}
