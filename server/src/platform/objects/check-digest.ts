import { invalidInput } from '@flyball/api';

/** The one check of names of objects: nothing else ever becomes part of a path or a key. */
export function checkDigest(digest: string): void {
  if (/^[0-9a-f]{64}$/.test(digest)) return;
  throw invalidInput('An object is named by 64 lower-case hexadecimal digits', [
    { at: 'digest', message: 'must be a SHA-256 digest of 64 lower-case hexadecimal digits' },
  ]);
}
