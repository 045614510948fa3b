import { type ErrorCode, PlatformError } from '@flyball/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toPlatformError } from '#platform/http/error-response';

interface MlflowAnswer {
  readonly status: number;
  readonly code: string;
}

/** The platform's codes in MLflow's catalogue. Its clients repeat 5xx for minutes, so a caller's mistake is never that. */
const answers: Readonly<Record<ErrorCode, MlflowAnswer>> = {
  invalid_input: { status: 400, code: 'INVALID_PARAMETER_VALUE' },
  not_signed_in: { status: 401, code: 'UNAUTHENTICATED' },
  not_allowed: { status: 403, code: 'PERMISSION_DENIED' },
  not_found: { status: 404, code: 'RESOURCE_DOES_NOT_EXIST' },
  conflict: { status: 400, code: 'RESOURCE_ALREADY_EXISTS' },
  too_large: { status: 413, code: 'BAD_REQUEST' },
  too_many_requests: { status: 429, code: 'REQUEST_LIMIT_EXCEEDED' },
  internal: { status: 500, code: 'INTERNAL_ERROR' },
  not_implemented: { status: 501, code: 'NOT_IMPLEMENTED' },
  unavailable: { status: 503, code: 'TEMPORARILY_UNAVAILABLE' },
  deadline_exceeded: { status: 504, code: 'DEADLINE_EXCEEDED' },
};

/** Conflicts that are about the state of a thing, not about its name. */
const invalidStates = new Set<unknown>(['not_active', 'not_empty', 'names_taken']);

const reasonOf = (details: unknown): unknown =>
  typeof details === 'object' && details !== null && 'reason' in details ? details.reason : undefined;

function answerOf({ code, details }: PlatformError): MlflowAnswer {
  if (code === 'conflict' && invalidStates.has(reasonOf(details))) return { status: 400, code: 'INVALID_STATE' };
  return answers[code];
}

/** Answers a failure as MLflow does. */
export async function answerMlflowError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const known = toPlatformError(error);
  if (known.code === 'internal') request.log.error({ err: error }, 'request failed');
  const { status, code } = answerOf(known);
  if (known.code === 'not_signed_in') reply.header('www-authenticate', 'Basic realm="mlflow"');
  if (known.code === 'unavailable' || known.code === 'too_many_requests') reply.header('retry-after', '1');
  await reply.status(status).type('application/json').send({ error_code: code, message: known.message });
}

/** What is not built: clients then try another version of the endpoint, or do without. */
export async function answerNoEndpoint(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const path = request.url.split('?')[0];
  const message = `There is no endpoint ${request.method} ${path}`;
  await reply.status(404).type('application/json').send({ error_code: 'ENDPOINT_NOT_FOUND', message });
}

/** The same failure in other words, where a caller matches on them. */
export async function saying<T>(work: Promise<T>, texts: Partial<Record<ErrorCode, string>>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const said = error instanceof PlatformError ? texts[error.code] : undefined;
    if (said === undefined || !(error instanceof PlatformError)) throw error;
    throw new PlatformError(error.code, said, { cause: error, details: error.details });
  }
}
