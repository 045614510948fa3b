import { hash } from 'node:crypto';

/**
 * Where a key stands in [0, 1): the first four bytes of SHA-256(rollout ‖ 0 ‖ key) over 2³². The candidate answers keys
 * below its weight, so that raising the weight only ever moves keys to it.
 */
export function stickyPosition(rolloutId: string, key: string): number {
  return hash('sha256', `${rolloutId}\0${key}`, 'buffer').readUInt32BE(0) / 2 ** 32;
}
