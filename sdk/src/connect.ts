import { allRoutes, type Client, createClient } from '@flyball/api';

/** Everything a program can do with a server, typed by the contract. */
export type Flyball = Client<typeof allRoutes>;

/** Which server to talk to, as whom, about which project. */
export interface ConnectOptions {
  /** Default `http://127.0.0.1:5050`. */
  readonly url?: string;
  readonly token?: string;
  readonly project?: string;
  /** Instead of the global one, for instance to repeat calls. */
  readonly fetch?: typeof fetch;
}

/**
 * @example
 * const flyball = connect();
 * const { items } = await flyball.listEndpoints({ query: {} });
 */
export function connect(options: ConnectOptions = {}): Flyball {
  return createClient(allRoutes, { url: 'http://127.0.0.1:5050', ...options });
}
