import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peerPython } from '../report/peer-python.ts';
import type { Sample } from './stage.ts';

const script = join(import.meta.dirname, 'peer.py');
const packages = ['great_expectations==1.24.1', 'evidently==0.7.23', 'pandas==2.3.3', 'pyarrow==26.0.1'];

/** Other people's tools, each question in a Python of its own, so that its memory is its own too. */
export class Peer {
  readonly #python = peerPython('loop', packages);

  /** Imports do not count: they are paid once by whoever keeps a Python running. */
  async measure(task: string, argument: object): Promise<Sample> {
    return await this.#ask<Sample>(task, argument);
  }

  async versions(): Promise<Record<string, string>> {
    return await this.#ask('versions', {});
  }

  async #ask<T>(task: string, argument: object): Promise<T> {
    const { stdout } = await promisify(execFile)(this.#python, [script, task, JSON.stringify(argument)]);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
  }
}
