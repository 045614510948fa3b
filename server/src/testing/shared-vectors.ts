import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedDir } from '../../../tools/shared-dir.ts';

/** The path of a reference file beside the repository, or null where a checkout came without it. */
export function sharedFile(path: string): string | null {
  const shared = sharedDir();
  const file = shared === null ? null : join(shared, path);
  return file !== null && existsSync(file) ? file : null;
}

/** The reference vectors of that name, or null. */
export function readSharedVectors(name: string): unknown {
  const file = sharedFile(`vectors/${name}`);
  return file === null ? null : JSON.parse(readFileSync(file, 'utf8'));
}
