import { stat } from 'node:fs/promises';
import { environment } from '../environment.ts';
import { FolderSource } from './folder-source.ts';
import type { MlflowSource } from './mlflow-source.ts';
import { RestSource } from './rest-source.ts';
import { type LocalSourceOptions, SqliteSource } from './sqlite-source.ts';

/** Opens what a user names: the address of a server, an SQLite file or a folder. */
export async function openSource(given: string, options: LocalSourceOptions): Promise<MlflowSource> {
  if (/^https?:\/\//i.test(given)) {
    const { mlflowToken: token, mlflowUser: user, mlflowPassword: password } = environment;
    const url = given.replace(/\/+$/, '');
    return new RestSource({ url, token, user, password, workspace: options.workspace });
  }
  const place = given.replace(/^sqlite:\/\/\//i, '').replace(/^file:(\/\/)?/i, '');
  const found = await stat(place).catch(() => null);
  if (found === null) throw new TypeError(`There is no file or folder ${place}, and it is no address of a server`);
  if (found.isDirectory()) return await FolderSource.open(place, options);
  return await SqliteSource.open(place, options);
}
