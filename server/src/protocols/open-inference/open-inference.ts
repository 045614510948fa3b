// The Open Inference Protocol, version 2, over REST: foreign clients ask our endpoints by it. A model is an endpoint.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlatformError } from '@flyball/api';
import { type Actor, localActor } from '#platform/access/actor';
import type { Platform } from '#platform/platform';
import type { Serving } from '#serving';
import { answerGet } from './answer-get.ts';
import { type Envelope, sendAnswer, sendBinaryAnswer, sendError, sendJson } from './answers.ts';
import { decodeBody, readBody } from './body.ts';
import { outputOf } from './describe.ts';
import { findModel, type Model, pathParts } from './find-model.ts';
import { readInfer } from './read-infer.ts';

export interface OpenInference {
  /** Answers a request below `/v2`. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

export function createOpenInference(platform: Platform, { gateway }: Serving, version: string): OpenInference {
  const fail = (response: ServerResponse, error: unknown): void => {
    if (!(error instanceof PlatformError)) platform.log.error({ err: error }, 'an inference request failed');
    sendError(response, error);
  };

  function receive(request: IncomingMessage, response: ServerResponse, actor: Actor, parts: readonly string[]): void {
    const [, name = '', kind, number] = parts;
    const model = findModel(gateway, actor, name, kind === 'versions' ? number : undefined);
    const work = (body: Buffer): void => {
      try {
        infer(request, response, model, body);
      } catch (error) {
        fail(response, error);
      }
    };
    const coding = request.headers['content-encoding'] ?? 'identity';
    readBody(request, (error, body) => {
      if (error !== null) fail(response, error);
      else if (coding === 'identity') work(body);
      else decodeBody(body, coding).then(work, (cause: unknown) => fail(response, cause));
    });
  }

  function answer(request: IncomingMessage, response: ServerResponse, actor: Actor): void {
    const parts = pathParts(request.url ?? '');
    if (isInferPath(parts)) {
      if (request.method === 'POST') receive(request, response, actor, parts);
      else refuseMethod(response, request.method, 'POST');
      return;
    }
    if (request.method === 'GET' || request.method === 'HEAD') {
      sendJson(response, JSON.stringify(answerGet(gateway, actor, parts, version)));
    } else refuseMethod(response, request.method, 'GET');
  }

  return {
    handle(request, response) {
      const proceed = (actor: Actor): void => {
        try {
          answer(request, response, actor);
        } catch (error) {
          fail(response, error);
        }
      };
      // The common case of one machine goes without a promise.
      const isOpen = platform.config.auth === 'open' && request.headers.authorization === undefined;
      if (isOpen) proceed(localActor);
      else {
        const actor = platform.access.authenticate(request.headers, '');
        actor.then(proceed, (error: unknown) => fail(response, error));
      }
    },
  };
}

function infer(
  request: IncomingMessage,
  response: ServerResponse,
  { name, served, version }: Model,
  body: Buffer,
): void {
  const { inputs, target } = served.state.definition;
  const outputName = outputOf(target);
  const read = readInfer(body, headerLengthOf(request), inputs, outputName);
  const timeoutMs = read.request.timeoutMs ?? timeoutOf(request);
  const envelope: Envelope = { modelText: `"model_name":${JSON.stringify(name)}`, outputName, id: read.id };
  const isAbandoned = (): boolean => response.destroyed;
  served.infer({ ...read.request, timeoutMs, version, isAbandoned }, (error, answer) => {
    if (answer === null) sendError(response, error);
    else if (read.isBinary) sendBinaryAnswer(response, envelope, answer);
    else sendAnswer(response, envelope, answer);
  });
}

/** `models/{m}/infer` or `models/{m}/versions/{v}/infer`. */
function isInferPath(parts: readonly string[]): boolean {
  if (parts[0] !== 'models') return false;
  if (parts.length === 3) return parts[2] === 'infer';
  return parts.length === 5 && parts[2] === 'versions' && parts[4] === 'infer';
}

function refuseMethod(response: ServerResponse, method: string | undefined, allowed: string): void {
  response.setHeader('allow', allowed);
  sendError(response, new PlatformError('invalid_input', `${method} is not possible here; use ${allowed}`), 405);
}

function headerLengthOf({ headers }: IncomingMessage): number | undefined {
  const text = headers['inference-header-content-length'];
  if (text === undefined) return undefined;
  if (typeof text === 'string' && /^\d{1,9}$/.test(text)) return Number(text);
  throw new PlatformError('invalid_input', 'The header Inference-Header-Content-Length is a number of bytes');
}

function timeoutOf({ headers }: IncomingMessage): number | undefined {
  const text = headers['x-request-timeout-ms'];
  if (text === undefined) return undefined;
  const milliseconds = Number(text);
  if (milliseconds > 0 && Number.isFinite(milliseconds)) return milliseconds;
  throw new PlatformError('invalid_input', 'The header X-Request-Timeout-Ms is a number of milliseconds');
}
