import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stickyPosition } from './sticky-arm.ts';

describe('sticky arm', () => {
  it('is the first four bytes of SHA-256 over rollout, zero and key', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (rollout, key) => {
        const digest = createHash('sha256').update(`${rollout}\0${key}`).digest();
        assert.equal(stickyPosition(rollout, key), digest.readUInt32BE(0) / 2 ** 32);
      }),
    );
  });

  it('moves keys only to the candidate when its weight rises', () => {
    const keys = Array.from({ length: 2000 }, (_, i) => `user ${i}`);
    const inside = (weight: number) => new Set(keys.filter((key) => stickyPosition('r', key) < weight));
    const [small, large] = [inside(0.1), inside(0.5)];
    assert.ok([...small].every((key) => large.has(key)));
  });

  it('gives the candidate its share, and other keys in another rollout', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `user ${i}`);
    const first = keys.filter((key) => stickyPosition('a', key) < 0.1);
    assert.ok(Math.abs(first.length / keys.length - 0.1) < 0.01, `${first.length}`);
    const both = first.filter((key) => stickyPosition('b', key) < 0.1);
    assert.ok(Math.abs(both.length / first.length - 0.1) < 0.03, `${both.length} of ${first.length}`);
  });
});
