import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom } from '@flyball/stats';
import { PendingPredictions } from './pending-predictions.ts';

const request = (id: string, at: number, rows: number, columns: Record<string, number[]>) => ({
  id,
  sequence: at,
  at,
  rows,
  columns,
  answer: null,
});

function labelBoth(one: PendingPredictions, other: PendingPredictions, label: string): void {
  const [a, b] = [one.match(label), other.match(label)];
  assert.equal(a.kind, b.kind, label);
  if (a.kind !== 'pending' || b.kind !== 'pending') return;
  assert.deepEqual(a.request, b.request);
  for (const [pending, match] of [
    [one, a],
    [other, b],
  ] as const) {
    pending.label(match.request, match.row);
    pending.release(match.request);
  }
}

describe('pending predictions', () => {
  it('find the row that a label is about', () => {
    const pending = new PendingPredictions(100, false, 'own-');
    pending.add(request('a.b', 5, 2, { x: [1, 2] }));
    const match = pending.match('a.b.1');
    assert.ok(match.kind === 'pending');
    assert.deepEqual([match.request.at, match.row, match.request.columns], [5, 1, { x: [1, 2] }]);
  });

  it('know nothing of ids that nobody was given', () => {
    const pending = new PendingPredictions(100, false, 'own-');
    pending.add(request('a', 5, 2, {}));
    for (const id of ['', 'a', 'a.', '.1', 'b.0', 'a.2', 'a.-1', 'a.01', 'a.1e0', 'a. 1']) {
      assert.equal(pending.match(id).kind, 'unknown', id);
    }
  });

  it('take a label once, and let go of the inputs when all rows have theirs', () => {
    const pending = new PendingPredictions(100, false, 'own-');
    pending.add(request('a', 5, 2, { x: [1, 2] }));
    for (const id of ['a.0', 'a.1']) {
      const match = pending.match(id);
      assert.ok(match.kind === 'pending');
      pending.label(match.request, match.row);
      pending.release(match.request);
      assert.equal(pending.match(id).kind, 'repeated');
    }
    const match = pending.match('a.0');
    assert.equal(match.kind, 'repeated');
    assert.equal(pending.get('a')?.columns, null);
  });

  it('get the inputs of another feedback where a label is still to come', () => {
    const pending = new PendingPredictions(100, false, 'own-');
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
    const pending = new PendingPredictions(100, false, 'own-');
    pending.add(request('a', 5, 1, {}));
    const match = pending.match('a.0');
    assert.ok(match.kind === 'pending');
    pending.label(match.request, match.row);
    pending.unlabel(match.request, match.row);
    assert.equal(pending.match('a.0').kind, 'pending');
  });

  it('forget the oldest, and then do not say of any id that it is unknown', () => {
    const pending = new PendingPredictions(3, false, 'own-');
    pending.add(request('a', 1, 2, {}));
    assert.equal(pending.match('x.0').kind, 'unknown');
    pending.add(request('b', 2, 2, {}));
    assert.equal(pending.rows, 2);
    assert.equal(pending.match('a.0').kind, 'forgotten');
    assert.equal(pending.match('b.0').kind, 'pending');
  });

  it('remember, label and forget own ids as they do the ids of callers', () => {
    const random = createRandom(7);
    const pick = (limit: number): number => Math.floor(random.uniform() * limit);
    const own = new PendingPredictions(3000, false, 'own-');
    const plain = new PendingPredictions(3000, false, 'never-');
    const underway = Array.from({ length: 8 }, () => own.idFor(undefined));
    const known: string[] = [];
    for (let step = 0; step < 40_000; step++) {
      // Answers overtake each other, and one of ten requests fails.
      const id = underway.splice(pick(8), 1, own.idFor(undefined))[0]!;
      if (pick(10) === 0) continue;
      for (const pending of [own, plain]) pending.add(request(id, step, 1 + (step % 3), { x: [step] }));
      known.push(id);
      // What is about to be forgotten may differ by an answer that overtook another.
      const asked = known[known.length - 1 - (pick(4) === 0 ? 2500 : pick(1000))];
      if (asked !== undefined) labelBoth(own, plain, `${asked}.${pick(3)}`);
    }
    assert.ok(own.rows <= 3000 && own.rows > 2990);
  });

  it('give no id that a caller has taken, and let no caller take one of theirs', () => {
    const pending = new PendingPredictions(100, false, 'own-');
    assert.equal(pending.idFor('mine'), 'mine');
    pending.add(request('mine', 1, 1, {}));
    assert.equal(pending.idFor('mine'), 'own-1');
    assert.equal(pending.idFor('own-5'), 'own-2');
    assert.equal(pending.idFor('own-05'), 'own-05');
    assert.equal(pending.idFor(undefined), 'own-3');
  });
});
