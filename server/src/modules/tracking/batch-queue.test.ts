import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import { BatchQueue } from './batch-queue.ts';

interface Entry {
  readonly key: string;
  readonly value: number;
}

function queueOf(commit: (entries: readonly Entry[]) => Promise<readonly (Error | null)[]>, most = 100) {
  return new BatchQueue<Entry>({ commit, keyOf: ({ key }) => key, weightOf: () => 1, lanes: 2, most });
}

describe('group commit', () => {
  it('puts what arrives during a commit into the next one, in order', async () => {
    const groups: number[][] = [];
    const queue = queueOf(async (entries) => {
      groups.push(entries.map(({ value }) => value));
      await sleep(20);
      return entries.map(() => null);
    });
    const first = queue.submit({ key: 'a', value: 0 });
    while (groups.length === 0) await sleep(1);
    await Promise.all([first, ...Array.from({ length: 50 }, (_, i) => queue.submit({ key: 'a', value: i + 1 }))]);
    assert.deepEqual(groups, [[0], Array.from({ length: 50 }, (_, i) => i + 1)]);
  });

  it('tells each entry its own fate', async () => {
    const odd = new Error('odd');
    const queue = queueOf(async (entries) => entries.map(({ value }) => (value % 2 === 1 ? odd : null)));
    const settled = await Promise.allSettled([0, 1, 2, 3].map((value) => queue.submit({ key: 'a', value })));
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
    );
  });

  it('lets nobody pay for the entry of another', async () => {
    const queue = queueOf(async (entries) => {
      if (entries.some(({ value }) => value === 3)) throw new Error('poison');
      return entries.map(() => null);
    });
    const settled = await Promise.allSettled(
      Array.from({ length: 6 }, (_, value) => queue.submit({ key: 'a', value })),
    );
    assert.deepEqual(
      settled.map(({ status }) => status === 'fulfilled'),
      [true, true, true, false, true, true],
    );
  });

  it('fails all at once when there is no database', async () => {
    let tries = 0;
    const queue = queueOf(async () => {
      tries++;
      throw new PlatformError('unavailable', 'gone');
    });
    const settled = await Promise.allSettled([1, 2, 3].map((value) => queue.submit({ key: 'a', value })));
    assert.ok(settled.every(({ status }) => status === 'rejected'));
    assert.equal(tries, 1);
  });

  it('keeps groups below the weight that one commit should carry', async () => {
    const sizes: number[] = [];
    const queue = queueOf(async (entries) => {
      sizes.push(entries.length);
      return entries.map(() => null);
    }, 10);
    await Promise.all(Array.from({ length: 35 }, (_, value) => queue.submit({ key: 'a', value })));
    assert.deepEqual(sizes, [10, 10, 10, 5]);
  });
});
