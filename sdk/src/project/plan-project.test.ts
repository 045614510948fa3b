import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { differencesOf } from './plan-project.ts';

describe('differences between what is defined and what the server has', () => {
  it('are named by their place', () => {
    const from = { name: 'a', size: 1, list: [{ x: 1 }, { x: 2 }], gone: [1, 2] };
    const to = { name: 'a', size: 2, list: [{ x: 1 }, { x: 3 }], gone: [1], more: true };
    assert.deepEqual(differencesOf(from, to), [
      { at: 'size', from: 1, to: 2 },
      { at: 'list.1.x', from: 2, to: 3 },
      { at: 'gone', from: [1, 2], to: [1] },
      { at: 'more', from: undefined, to: true },
    ]);
  });

  it('are also what was taken away, but not an option that was left out', () => {
    assert.deepEqual(differencesOf({ with: { label: 'late', slices: ['a'] } }, { with: { label: 'late' } }), [
      { at: 'with.slices', from: ['a'], to: undefined },
    ]);
    assert.deepEqual(differencesOf({ name: 'a' }, { name: 'a', timeColumn: undefined }), []);
  });

  it('are none between equal values, whatever they are, also after they went through JSON', () => {
    void fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const again: unknown = JSON.parse(JSON.stringify(value));
        assert.deepEqual(differencesOf(again, JSON.parse(JSON.stringify(value))), []);
      }),
    );
  });

  it('are found when kinds of values differ', () => {
    for (const [from, to] of [
      [[], {}],
      [null, {}],
      [{}, null],
      [1, '1'],
      [[1], 1],
    ]) {
      assert.equal(differencesOf({ at: from }, { at: to }).length, 1, JSON.stringify([from, to]));
    }
  });
});
