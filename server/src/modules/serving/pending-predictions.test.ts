import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingPredictions } from './pending-predictions.ts';

const request = (id: string, at: number, rows: number, columns: Record<string, number[]>) => ({
  id,
  sequence: at,
  at,
  rows,
  columns,
  answer: null,
});

describe('pending predictions', () => {
  it('find the row that a label is about', () => {
    const pending = new PendingPredictions(100, false);
    pending.add(request('a.b', 5, 2, { x: [1, 2] }));
    const match = pending.match('a.b.1');
    assert.ok(match.kind === 'pending');
    assert.deepEqual([match.request.at, match.row, match.request.columns], [5, 1, { x: [1, 2] }]);
  });

  it('know nothing of ids that nobody was given', () => {
    const pending = new PendingPredictions(100, false);
    pending.add(request('a', 5, 2, {}));
    for (const id of ['', 'a', 'a.', '.1', 'b.0', 'a.2', 'a.-1', 'a.01', 'a.1e0', 'a. 1']) {
      assert.equal(pending.match(id).kind, 'unknown', id);
    }
  });

  it('take a label once, and let go of the inputs when all rows have theirs', () => {
    const pending = new PendingPredictions(100, false);
    pending.add(request('a', 5, 2, { x: [1, 2] }));
    for (const id of ['a.0', 'a.1']) {
      const match = pending.match(id);
      assert.ok(match.kind === 'pending');
      pending.label(match.request, match.row);
      pending.release(match.request);
      assert.equal(pending.match(id).kind, 'repeated');
    }
    const match = pending.match('a.0');
    assert.ok(match.kind === 'repeated' && match.request.columns === null);
  });

  it('get the inputs of another feedback where a label is still to come', () => {
    const pending = new PendingPredictions(100, false);
    pending.add(request('a', 5, 1, {}));
    pending.add(request('b', 6, 1, { x: [1] }));
    const done = pending.match('b.0');
    assert.ok(done.kind === 'pending');
    pending.label(done.request, done.row);
    pending.release(done.request);
    for (const id of ['a', 'b', 'unknown']) pending.refill(id, { y: [2] });
    assert.deepEqual([pending.get('a')?.columns, pending.get('b')?.columns], [{ y: [2] }, null]);
  });

  it('take a label back that could not be written', () => {
    const pending = new PendingPredictions(100, false);
    pending.add(request('a', 5, 1, {}));
    const match = pending.match('a.0');
    assert.ok(match.kind === 'pending');
    pending.label(match.request, match.row);
    pending.unlabel(match.request, match.row);
    assert.equal(pending.match('a.0').kind, 'pending');
  });

  it('forget the oldest, and then do not say of any id that it is unknown', () => {
    const pending = new PendingPredictions(3, false);
    pending.add(request('a', 1, 2, {}));
    assert.equal(pending.match('x.0').kind, 'unknown');
    pending.add(request('b', 2, 2, {}));
    assert.equal(pending.rows, 2);
    assert.equal(pending.match('a.0').kind, 'forgotten');
    assert.equal(pending.match('b.0').kind, 'pending');
  });
});
