import type { ServerResponse } from 'node:http';
import { type ErrorCode, errorStatus, PlatformError } from '@flyball/api';
import type { InferAnswer } from '#serving';

const JSON_HEADERS = { 'content-type': 'application/json' } as const;

export function sendJson(response: ServerResponse, text: string): void {
  response.writeHead(200, { ...JSON_HEADERS, 'content-length': Buffer.byteLength(text) }).end(text);
}

const retried: ReadonlySet<ErrorCode> = new Set(['too_many_requests', 'unavailable']);

/** `{"error": "…"}`: clients of the protocol cannot read anything else. */
export function sendError(response: ServerResponse, error: unknown, status?: number): void {
  const known =
    error instanceof PlatformError
      ? error
      : new PlatformError('internal', 'Something went wrong on our side; the log knows more');
  const text = JSON.stringify({ error: known.message });
  const headers: Record<string, string | number> = { ...JSON_HEADERS, 'content-length': Buffer.byteLength(text) };
  if (retried.has(known.code)) headers['retry-after'] = retryAfter(known);
  if (known.code === 'not_signed_in') headers['www-authenticate'] = 'Bearer realm="flyball"';
  // The rest of a body that is too large is not worth waiting for.
  if (known.code === 'too_large') headers['connection'] = 'close';
  response.writeHead(status ?? errorStatus[known.code], headers).end(text);
}

function retryAfter({ details }: PlatformError): number {
  const { retryAfterSeconds = 1 } = (details ?? {}) as { retryAfterSeconds?: number };
  return retryAfterSeconds;
}

/** How an answer is addressed: the names and ids around its values. */
export interface Envelope {
  /** `"model_name":…` as JSON. */
  readonly modelText: string;
  readonly outputName: string;
  /** The caller's id. */
  readonly id: string | undefined;
}

/** The id is the caller's; where it could not become the predictions' own, theirs is a parameter. */
function beginning({ modelText, id }: Envelope, answer: InferAnswer): string {
  const own =
    id === undefined || id === answer.id ? '' : `,"parameters":{"prediction_id":${JSON.stringify(answer.id)}}`;
  return `{${modelText},"model_version":"${answer.version}","id":${JSON.stringify(id ?? answer.id)}${own}`;
}

export function sendAnswer(response: ServerResponse, envelope: Envelope, answer: InferAnswer): void {
  const { values, text } = answer;
  const output = `{"name":"${envelope.outputName}","datatype":"FP32","shape":[${values.length}],"data":${text}}`;
  const body = `${beginning(envelope, answer)},"outputs":[${output}]}`;
  response.writeHead(200, { ...JSON_HEADERS, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** The binary tensor data extension: JSON, then the raw values. */
export function sendBinaryAnswer(response: ServerResponse, envelope: Envelope, answer: InferAnswer): void {
  const { values } = answer;
  const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const output =
    `{"name":"${envelope.outputName}","datatype":"FP32","shape":[${values.length}],` +
    `"parameters":{"binary_data_size":${raw.length}}}`;
  const header = Buffer.from(`${beginning(envelope, answer)},"outputs":[${output}]}`);
  response
    .writeHead(200, {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': header.length,
      'content-length': header.length + raw.length,
    })
    .end(Buffer.concat([header, raw]));
}
