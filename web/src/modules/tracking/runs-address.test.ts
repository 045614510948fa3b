import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { viewPart } from './runs-address.ts';

describe('the part of an address that a view saves', () => {
  it('is what the table shows, without the place in the list', () => {
    const address = { filter: 'metrics.a < 1', group: ['params.b'], pages: ['x'], chosen: ['r'], view: 'v', size: 25 };
    assert.deepEqual(viewPart(address), { filter: 'metrics.a < 1', group: ['params.b'], size: 25 });
  });

  it('leaves out what somebody saved that fits nothing', () => {
    assert.deepEqual(viewPart({ columns: 'all', sort: [1], open: {}, filter: ['x'], flat: null, other: 1 }), {});
  });
});
