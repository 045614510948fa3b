import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const repositoryRoot = resolve(import.meta.dirname, '..');

/** The folder of reference vectors and data beside the repository, or null where a checkout came without it. */
export function sharedDir(): string | null {
  const path = join(dirname(repositoryRoot), 'shared');
  return existsSync(path) ? path : null;
}
