import assert from 'node:assert/strict';

export type Body = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  /** Empty where the answer is no JSON. */
  readonly body: Body;
  readonly text: string;
}

/** Raw requests to the protocol of MLflow; the address is asked for late, because servers start in `before`. */
export function mlflowCaller(urlOf: () => string) {
  const call = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(urlOf() + path, { method, ...init });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, body: isJson ? (JSON.parse(text) as Body) : {}, text };
  };
  return {
    call,
    send: async (method: string, path: string, body: unknown, version = 3, headers: Record<string, string> = {}) =>
      await call(method, `/api/${version}.0/mlflow${path}`, {
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    get: async (path: string, version = 3) => await call('GET', `/api/${version}.0/mlflow${path}`),
  };
}

export function refused(
  answer: Answer,
  message: RegExp | string,
  code = 'INVALID_PARAMETER_VALUE',
  status = 400,
): void {
  assert.deepEqual([answer.status, answer.body['error_code']], [status, code], answer.text);
  if (typeof message === 'string') assert.equal(answer.body['message'], message);
  else assert.match(String(answer.body['message']), message);
}

export function missing(answer: Answer, message: string): void {
  refused(answer, message, 'RESOURCE_DOES_NOT_EXIST', 404);
}
