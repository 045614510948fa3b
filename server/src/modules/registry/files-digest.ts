import { createHash } from 'node:crypto';
import type { ModelVersion } from '@flyball/api';

/** SHA-256 over `path NUL digest LF` of every file, by path: one digest says whether anything has changed. */
export function filesDigest(files: ModelVersion['files']): string {
  const hash = createHash('sha256');
  for (const { path, digest } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${path}\u0000${digest}\n`);
  }
  return hash.digest('hex');
}
