import type { Access } from '@flyball/api';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '#platform/access/actor';
import type { Projects } from '#platform/access/projects';
import type { Registry } from '#registry';
import type { Tracing } from '#tracing';
import type { Tracking } from '#tracking';
import type { Fields, Message, MessageOf } from './message.ts';
import { readRequest } from './read-request.ts';
import type { Rules } from './request-rules.ts';

/** Who calls, for which project, and what the handler may use. */
export interface CallContext {
  readonly actor: Actor;
  readonly project: string;
  readonly tracking: Tracking;
  readonly tracing: Tracing;
  readonly registry: Registry;
  readonly projects: Projects;
  /** Parameters of the path, and of the query where a call has its own way with them. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly links: Links;
}

/** Links that we hand out, and check when they come back. */
export interface Links {
  /** Below the address under which the caller reaches us; whoever has it may do what `subject` names, for a while. */
  make(path: string, subject: string, seconds: number): Promise<string>;
  /** `not_found` unless the request came by such a link. */
  check(subject: string): Promise<void>;
}

/**
 * Where the caller needs the role: in the project of the call, in the one that the path names as `workspace_name`, on
 * the whole instance, or in any project, where signing in is enough.
 */
export type Scope = 'project' | 'named' | 'instance' | 'anywhere';
type Status = 200 | 201 | 204;

/** An answer that is JSON already. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** One JSON endpoint: where it is, who may call it, what it does. */
export interface MlflowCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The major version of its path. */
  readonly version: 2 | 3;
  /** Whether only pages ask for it, below `/ajax-api`. */
  readonly ajaxOnly: boolean;
  readonly access: Access;
  readonly scope: Scope;
  readonly status: Status;
  /** What is sent as JSON, or its text, whole or as a stream. */
  run(request: FastifyRequest, context: CallContext): Promise<object>;
}

interface TypedCall<F extends Fields> {
  readonly method: MlflowCall['method'];
  readonly path: string;
  readonly version?: 2 | 3;
  readonly ajaxOnly?: boolean;
  readonly access: Access;
  readonly scope?: Scope;
  readonly status?: Status;
  readonly request: Message<F>;
  readonly rules?: Rules;
  handle(input: MessageOf<F>, context: CallContext): Promise<object>;
}

/** Declares an endpoint; the handler's input is typed by the message. */
export function call<F extends Fields>(typed: TypedCall<F>): MlflowCall {
  const { method, path, version = 2, ajaxOnly = false, access, rules = {}, handle } = typed;
  const { scope = 'project', status = 200 } = typed;
  return {
    method,
    path,
    version,
    ajaxOnly,
    access,
    scope,
    status,
    run: async (request, context) => {
      return await handle(readRequest(request, { request: typed.request, rules }, context.params), context);
    },
  };
}

/** What a caller must send, and that it is a text. */
export const requiredText = { kind: 'text', required: true } as const;
export const optionalText = { kind: 'text' } as const;
