import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupFilter } from './group-filter.ts';

describe('the filter of a group', () => {
  it('says the values of the group beside what was filtered before', () => {
    assert.equal(groupFilter('', ['params.depth'], ['10']), "params.depth = '10'");
    assert.equal(
      groupFilter('metrics.loss < 1', ['params.a b', 'tags.team'], ["it's", null]),
      'metrics.loss < 1 AND params.`a b` = "it\'s" AND tags.team IS NULL',
    );
  });

  it('is none where a value has both quotes', () => {
    assert.equal(groupFilter('', ['params.a'], [`'"`]), null);
  });
});
