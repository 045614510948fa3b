import type { Command } from 'commander';
import { connect, type Flyball } from '../connect.ts';
import { environment } from './environment.ts';
import { printJson } from './output.ts';

export interface Session {
  readonly flyball: Flyball;
  readonly url: string;
  readonly project: string;
  readonly token: string | undefined;
  /** Prints the value as JSON with `--json`, else calls `show`. */
  answer<T>(value: T, show: (value: T) => void): void;
}

interface GlobalOptions {
  readonly url?: string;
  readonly token?: string;
  readonly project?: string;
  readonly json?: boolean;
}

/** The server and project that the global options name. */
export function sessionOf(command: Command): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  const url = (options.url ?? environment.url ?? `http://127.0.0.1:${environment.port ?? '5050'}`).replace(/\/+$/, '');
  const token = options.token ?? environment.token;
  const project = options.project ?? environment.project ?? 'default';
  return {
    flyball: connect({ url, project, ...(token === undefined ? {} : { token }) }),
    url,
    project,
    token,
    answer: (value, show) => {
      if (options.json === true) printJson(value);
      else show(value);
    },
  };
}
