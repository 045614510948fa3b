import { PlatformError } from '@flyball/api';
import { patientFetch } from './patient-fetch.ts';

export interface MlflowAddress {
  readonly url: string;
  /** Bearer token, or a name with its password. */
  readonly token?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly workspace: string;
}

export type Json = Readonly<Record<string, unknown>>;

const PATIENCE_MS = 300_000;

function credentialsOf({ token, user, password }: MlflowAddress): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
}

/** Calls of MLflow's own protocol. */
export class MlflowHttp {
  readonly #address: MlflowAddress;

  constructor(address: MlflowAddress) {
    this.#address = address;
  }

  async #fetch(path: string, init: RequestInit, query: Readonly<Record<string, string | number>> = {}) {
    const { url, workspace } = this.#address;
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) search.set(key, String(value));
    const address = `${url}${path}${search.size === 0 ? '' : `?${search}`}`;
    const headers = {
      'content-type': 'application/json',
      ...credentialsOf(this.#address),
      ...(workspace === 'default' ? {} : { 'x-mlflow-workspace': workspace }),
    };
    return await patientFetch(address, { ...init, headers }).catch((cause: unknown) => {
      throw new PlatformError('unavailable', `No answer from ${url}; is it running?`, { cause });
    });
  }

  async #answer(path: string, response: Response): Promise<Json> {
    const { url } = this.#address;
    const said: unknown = await response.json().catch(() => null);
    const isObject = typeof said === 'object' && said !== null;
    if (response.status === 401 || response.status === 403) {
      const message = `${url} refuses to be read; set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and _PASSWORD`;
      throw new PlatformError('not_allowed', message);
    }
    if (response.ok && isObject) return said as Json;
    const { error_code: code, message } = (isObject ? said : {}) as { error_code?: unknown; message?: unknown };
    if (typeof code !== 'string') throw new TypeError(`${url} does not answer ${path} as an MLflow server does`);
    throw new PlatformError(response.status === 404 ? 'not_found' : 'invalid_input', `${url}: ${String(message)}`);
  }

  async get(path: string, query: Readonly<Record<string, string | number>>): Promise<Json> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return await this.#answer(path, await this.#fetch(path, { signal }, query));
  }

  async post(path: string, body: Json): Promise<Json> {
    const init = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS) };
    return await this.#answer(path, await this.#fetch(path, init));
  }

  /** All items of a paged list. */
  async *pages(
    method: 'get' | 'post',
    path: string,
    list: string,
    input: Readonly<Record<string, string | number | string[]>>,
  ): AsyncGenerator<Json> {
    for (let token = ''; ; ) {
      const asked = token === '' ? input : { ...input, page_token: token };
      const found =
        method === 'post'
          ? await this.post(path, asked)
          : await this.get(path, asked as Readonly<Record<string, string | number>>);
      yield* (found[list] as Json[] | undefined) ?? [];
      token = typeof found['next_page_token'] === 'string' ? found['next_page_token'] : '';
      if (token === '') return;
    }
  }

  async *bytes(path: string, query: Readonly<Record<string, string>> = {}): AsyncGenerator<Uint8Array> {
    const response = await this.#fetch(path, {}, query);
    if (!response.ok || response.body === null) await this.#answer(path, response);
    yield* response.body!;
  }
}
