import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completed, completionAt } from './filter-completion.ts';

const keys = { metrics: ['loss', 'val loss'], params: ['lr', 'loss_name'], tags: ['team', 'mlflow.user'] };
const items = (text: string): readonly string[] => completionAt(text, text.length, keys).items;

describe('the completion of a filter', () => {
  it('offers names that were logged, those that begin so first, quoted where they must be', () => {
    assert.deepEqual(items('loss'), ['metrics.loss', 'params.loss_name', 'metrics.`val loss`']);
    assert.deepEqual(items('metrics.v'), ['metrics.`val loss`']);
    assert.deepEqual(items('metrics.loss > 1 AND tags.`mlf'), ['tags.`mlflow.user`']);
    assert.equal(items('').includes('attributes.status'), true);
  });

  it('offers the operators that the name takes', () => {
    assert.deepEqual(items('metrics.loss '), ['=', '!=', '>', '>=', '<', '<=']);
    assert.deepEqual(items('metrics.loss >'), ['>=']);
    assert.deepEqual(items('params.lr i'), ['ILIKE', 'IS NULL', 'IS NOT NULL']);
    assert.deepEqual(items('metrics.`val loss` <'), ['<=']);
    assert.deepEqual(items('run_id N'), ['NOT IN (']);
  });

  it('offers statuses, and what joins conditions', () => {
    assert.deepEqual(items("attributes.status = 'F"), ["'FINISHED'", "'FAILED'"]);
    assert.deepEqual(items('metrics.loss > 1 '), ['AND']);
    assert.deepEqual(items("params.lr = 'a and b' "), ['AND']);
    assert.deepEqual(items('params.lr IS NULL '), ['AND']);
    assert.deepEqual(items('metrics.loss > 1'), []);
    assert.deepEqual(items("params.lr = 'los"), []);
  });

  it('replaces what was typed and keeps the rest', () => {
    const text = "me AND params.lr = '1'";
    assert.deepEqual(completed(text, completionAt(text, 2, keys), 'metrics.loss'), {
      text: "metrics.loss AND params.lr = '1'",
      caret: 13,
    });
  });
});
