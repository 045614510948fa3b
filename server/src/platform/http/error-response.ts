import { type ErrorBody, type ErrorCode, errorStatus, PlatformError } from '@flyball/api';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_input',
  404: 'not_found',
  413: 'too_large',
  414: 'invalid_input',
  415: 'invalid_input',
  429: 'too_many_requests',
};

/** Anything thrown, as an error that callers may see; what is not ours becomes `internal` and says nothing. */
export function toPlatformError(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error;
  const status = (error as Partial<FastifyError>).statusCode;
  const code = status === undefined ? undefined : codeOfStatus[status];
  if (code !== undefined) return new PlatformError(code, (error as Error).message, { cause: error });
  return new PlatformError('internal', 'Something went wrong on our side; the log knows more', { cause: error });
}

/** Answers every failure with `{ code, message, details?, requestId }`. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
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
  });
  app.setNotFoundHandler(async (request, reply) => {
    const body: ErrorBody = {
      code: 'not_found',
      message: `There is nothing at ${request.method} ${request.url.split('?')[0]}`,
      requestId: request.id,
    };
    await reply.status(404).send(body);
  });
}
