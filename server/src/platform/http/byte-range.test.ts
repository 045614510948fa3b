import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rangeIn } from './byte-range.ts';

describe('the range that a caller asks for', () => {
  it('is read as RFC 9110 says', () => {
    for (const [header, expected] of [
      ['bytes=0-0', { start: 0, end: 0 }],
      ['bytes=0-', { start: 0, end: 99 }],
      ['bytes=10-19', { start: 10, end: 19 }],
      ['bytes=90-1000', { start: 90, end: 99 }],
      ['bytes=-5', { start: 95, end: 99 }],
      ['bytes=-500', { start: 0, end: 99 }],
      ['bytes=100-', 'none'],
      ['bytes=-0', 'none'],
      ['bytes=5-4', 'all'],
      ['bytes=-', 'all'],
      ['bytes=1-2,4-5', 'all'],
      ['bytes=a-b', 'all'],
      ['items=1-2', 'all'],
      ['bytes=99999999999999999999-', 'all'],
      ['', 'all'],
      [undefined, 'all'],
    ] as const) {
      assert.deepEqual(rangeIn(header, 100), expected, header);
    }
    assert.equal(rangeIn('bytes=0-', 0), 'none');
    assert.equal(rangeIn('bytes=-1', 0), 'none');
  });
});
