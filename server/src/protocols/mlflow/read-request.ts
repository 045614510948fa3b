import { invalidInput, PlatformError } from '@flyball/api';
import type { FastifyRequest } from 'fastify';
import { type Fields, type Message, type MessageOf, Misfit } from './message.ts';
import { checkRules, type Rules } from './request-rules.ts';

type Sent = Record<string, unknown>;

const isObject = (value: unknown): value is Sent =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Also against forged requests: what a form in a foreign page can send is not JSON. */
function checkContentType(request: FastifyRequest): void {
  const type = request.headers['content-type'];
  const isEmpty = request.body === undefined || request.body === '';
  if (isEmpty && (request.method === 'DELETE' || request.method === 'PATCH') && type === undefined) return;
  if (type === undefined) throw invalidInput('Bad Request. Content-Type header is missing.');
  if (type.split(';')[0]?.trim().toLowerCase() === 'application/json') return;
  throw invalidInput("Bad Request. Content-Type must be one of ['application/json'].");
}

/** An empty body is an empty object; old clients wrap theirs into a JSON text. */
function sentInBody(request: FastifyRequest): Sent {
  checkContentType(request);
  let value: unknown = request.body ?? '';
  for (let times = 0; times < 2 && typeof value === 'string'; times++) {
    if (value === '') return {};
    try {
      value = JSON.parse(value);
    } catch {
      throw invalidInput('The body is not valid JSON');
    }
  }
  if (value === null) return {};
  if (!isObject(value)) throw invalidInput('The body must be a JSON object');
  return value;
}

function booleanOf(value: unknown): boolean {
  const lower = String(value).toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  throw invalidInput(`Invalid boolean value: ${value}, must be 'true' or 'false'.`);
}

/** A query has no types: what a field is decides whether one value is a list, and how a boolean is written. */
function sentInQuery(request: FastifyRequest, fields: Fields): Sent {
  const query = request.query as Sent;
  const sent: Sent = {};
  for (const [name, type] of Object.entries(fields)) {
    const given = query[name];
    if (given === undefined) continue;
    if (type.shape === 'list') sent[name] = [given].flat();
    else {
      const one = Array.isArray(given) ? given[0] : given;
      sent[name] = type.shape === 'boolean' ? booleanOf(one) : one;
    }
  }
  return sent;
}

/** Reads a request as the reference does: the whole message first, then rule by rule, naming the first bad place. */
export function readRequest<F extends Fields>(
  request: FastifyRequest,
  of: { readonly request: Message<F>; readonly rules: Rules },
  params: Readonly<Record<string, string>>,
): MessageOf<F> {
  const body = request.method === 'GET' ? sentInQuery(request, of.request.fields) : sentInBody(request);
  const sent = { ...body, ...params };
  for (const [name, value] of Object.entries(params)) {
    if (value.includes('\u0000')) throw invalidInput(`Invalid value for parameter '${name}' supplied: it holds a NUL`);
  }
  let read: MessageOf<F> | null = null;
  try {
    read = of.request.read(sent);
  } catch (error) {
    if (error instanceof PlatformError || !(error instanceof Misfit)) throw error;
  }
  checkRules(sent, of.rules, read !== null);
  if (read !== null) return read;
  throw invalidInput(`The request cannot be read: ${misfits(sent, of.request.fields).join(', ')}`);
}

/** The fields that do not fit, for requests whose rules do not say it. */
function misfits(sent: Sent, fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, type]) => {
    const value = sent[name];
    if (value === undefined || value === null) return [];
    try {
      type.read(value);
      return [];
    } catch (error) {
      return [`'${name}' is ${error instanceof Misfit ? error.message : 'wrong'}`];
    }
  });
}
