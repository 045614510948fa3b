import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import { Batcher, type BatcherOptions, type Outcome, type RunFailure, type Runner } from './batcher.ts';
import type { TensorData } from './tensor.ts';

type Answer = (values: Float32Array) => Float32Array | RunFailure;

/** Answers every batch as `answer` says, a turn of the event loop later; remembers the batches. */
class FakeRunner implements Runner {
  isReady = true;
  readonly batches: number[][] = [];
  killed: string[] = [];
  readonly #answer: Answer;
  readonly #held: (() => void)[] = [];
  isHeld = false;

  constructor(answer: Answer = (values) => values.map((value) => value * 10)) {
    this.#answer = answer;
  }

  run(_rows: number, tensors: readonly TensorData[], done: (result: Float32Array | RunFailure) => void): void {
    const values = tensors[0] as Float32Array;
    this.batches.push([...values]);
    const finish = (): void => done(this.#answer(values));
    if (this.isHeld) this.#held.push(finish);
    else setImmediate(finish);
  }

  kill(reason: string): void {
    this.killed.push(reason);
  }

  release(): void {
    this.isHeld = false;
    for (const finish of this.#held.splice(0)) finish();
  }
}

const createBatcher = (options: Partial<BatcherOptions> = {}): Batcher =>
  new Batcher({
    datatypes: ['FP32'],
    maxBatchRows: 100,
    maxQueuedRows: 1000,
    runTimeoutMs: 10_000,
    afterBatch: () => undefined,
    ...options,
  });

function ask(batcher: Batcher, values: number[], options: { isShadow?: boolean; withinMs?: number } = {}) {
  return new Promise<Outcome>((settle) => {
    batcher.submit({
      rows: values.length,
      tensors: [Float32Array.from(values)],
      deadline: performance.now() + (options.withinMs ?? 5000),
      isShadow: options.isShadow ?? false,
      settle,
    });
  });
}

const valuesOf = ({ values, error }: Outcome): number[] => {
  if (error !== undefined) throw error;
  return [...values];
};

describe('batcher', () => {
  it('sends together what arrives in one turn, and gives everybody their own rows', async () => {
    const runner = new FakeRunner();
    const batcher = createBatcher();
    batcher.add(runner);
    const answers = await Promise.all([ask(batcher, [1, 2]), ask(batcher, [3]), ask(batcher, [4, 5, 6])]);
    assert.deepEqual(answers.map(valuesOf), [[10, 20], [30], [40, 50, 60]]);
    assert.deepEqual(runner.batches, [[1, 2, 3, 4, 5, 6]]);
  });

  it('keeps two batches under way, and lets requests pile up meanwhile', async () => {
    const runner = new FakeRunner();
    runner.isHeld = true;
    const batcher = createBatcher();
    batcher.add(runner);
    const answers: Promise<Outcome>[] = [];
    for (let i = 0; i < 6; i++) {
      answers.push(ask(batcher, [i]));
      await new Promise(setImmediate);
    }
    assert.deepEqual(runner.batches, [[0], [1]]);
    runner.release();
    await Promise.all(answers);
    assert.deepEqual(runner.batches, [[0], [1], [2, 3, 4, 5]]);
  });

  it('never makes a batch larger than allowed, but lets one larger request go alone', async () => {
    const runner = new FakeRunner();
    const batcher = createBatcher({ maxBatchRows: 3 });
    batcher.add(runner);
    await Promise.all([ask(batcher, [1, 1]), ask(batcher, [2, 2]), ask(batcher, [3, 3, 3, 3]), ask(batcher, [4])]);
    assert.deepEqual(
      runner.batches.map(({ length }) => length),
      [2, 2, 4, 1],
    );
  });

  it('finds the one request that a batch fails of, and answers the others', async () => {
    const runner = new FakeRunner((values) => (values.includes(7) ? { kind: 'model', message: 'seven' } : values));
    const batcher = createBatcher();
    batcher.add(runner);
    const answers = await Promise.all([1, 2, 7, 4, 5, 6].map((value) => ask(batcher, [value])));
    assert.deepEqual(
      answers.map(({ error }) => error?.message ?? 'fine'),
      ['fine', 'fine', 'The model failed: seven', 'fine', 'fine', 'fine'],
    );
    assert.ok(batcher.canBatch);
  });

  it('answers with an error when the model gives other rows than it got, naming both numbers', async () => {
    const batcher = createBatcher();
    batcher.add(new FakeRunner((values) => values.subarray(1)));
    const { error } = await ask(batcher, [1, 2, 3]);
    assert.match(error?.message ?? '', /answered 2 rows for 3/);
  });

  it('stops batching for a model that answers only requests that come alone', async () => {
    const runner = new FakeRunner((values) => (values.length === 1 ? values : Float32Array.of(1)));
    const batcher = createBatcher();
    batcher.add(runner);
    const ask3 = () => Promise.all([ask(batcher, [1]), ask(batcher, [2]), ask(batcher, [3])]);
    assert.deepEqual((await ask3()).map(valuesOf), [[1], [2], [3]]);
    assert.ok(!batcher.canBatch);
    const before = runner.batches.length;
    await ask3();
    assert.deepEqual(runner.batches.slice(before), [[1], [2], [3]]);
  });

  it('tries each request of a dead replica once more, alone, and then says what happened', async () => {
    const runner = new FakeRunner((values) => (values.includes(7) ? { kind: 'gone', message: 'killed' } : values));
    const batcher = createBatcher();
    batcher.add(runner);
    const answers = await Promise.all([ask(batcher, [1]), ask(batcher, [7]), ask(batcher, [3])]);
    assert.deepEqual(runner.batches, [[1, 7, 3], [1], [7], [3]]);
    assert.equal(answers[1]?.error?.code, 'internal');
    assert.match(answers[1]?.error?.message ?? '', /died/);
    assert.deepEqual([answers[0]!, answers[2]!].map(valuesOf), [[1], [3]]);
  });

  it('drops what has waited too long before it is sent, with a clear answer', async () => {
    const batcher = createBatcher();
    const late = ask(batcher, [1], { withinMs: 30 });
    const { error } = await late;
    assert.equal(error?.code, 'deadline_exceeded');
    const runner = new FakeRunner();
    batcher.add(runner);
    assert.deepEqual(valuesOf(await ask(batcher, [2])), [20]);
    assert.deepEqual(runner.batches, [[2]]);
  });

  it('kills a replica whose run takes too long', async () => {
    const runner = new FakeRunner();
    runner.isHeld = true;
    const batcher = createBatcher({ runTimeoutMs: 20 });
    batcher.add(runner);
    const answer = ask(batcher, [1]);
    await pause(100);
    assert.match(runner.killed[0] ?? '', /too long/);
    runner.release();
    await answer;
  });

  it('refuses at once what could not be answered, and says when to come again', async () => {
    const runner = new FakeRunner();
    runner.isHeld = true;
    const batcher = createBatcher({ maxQueuedRows: 4 });
    batcher.add(runner);
    const first = [ask(batcher, [1]), ask(batcher, [2, 2, 2])];
    const { error } = await ask(batcher, [3, 3]);
    assert.ok(error?.code === 'too_many_requests');
    assert.ok((error.details as { retryAfterSeconds: number }).retryAfterSeconds >= 1);
    runner.release();
    await Promise.all(first);
  });

  it('lets shadow rows wait until nobody else does', async () => {
    const runner = new FakeRunner();
    const batcher = createBatcher();
    batcher.add(runner);
    const shadows = [ask(batcher, [100], { isShadow: true }), ask(batcher, [101], { isShadow: true })];
    assert.equal(batcher.shadowRows, 2);
    await Promise.all([ask(batcher, [1]), ...shadows]);
    assert.deepEqual(runner.batches, [[1], [100, 101]]);
    assert.equal(batcher.shadowRows, 0);
  });

  it('forgets requests whose callers have left', async () => {
    const runner = new FakeRunner();
    const batcher = createBatcher();
    const outcome = new Promise<Outcome>((settle) => {
      const tensors = [Float32Array.of(1)];
      const deadline = performance.now() + 1000;
      batcher.submit({ rows: 1, tensors, deadline, isShadow: false, settle, isAbandoned: () => true });
    });
    batcher.add(runner);
    assert.equal((await outcome).error?.code, 'unavailable');
    assert.deepEqual(runner.batches, []);
  });

  it('spreads batches over replicas, and goes on without one that is gone', async () => {
    const [first, second] = [new FakeRunner(), new FakeRunner()];
    first.isHeld = true;
    second.isHeld = true;
    const batcher = createBatcher({ maxBatchRows: 1 });
    batcher.add(first);
    batcher.add(second);
    const answers = [1, 2, 3, 4].map((value) => ask(batcher, [value]));
    await pause(5);
    assert.equal(first.batches.length, 2);
    assert.equal(second.batches.length, 2);
    batcher.remove(second);
    first.release();
    second.release();
    await Promise.all(answers);
    assert.deepEqual(valuesOf(await ask(batcher, [5])), [50]);
    assert.equal(second.batches.length, 2);
  });

  it('fails all that waits when its version will not come back', async () => {
    const batcher = createBatcher();
    const answers = [ask(batcher, [1]), ask(batcher, [2], { isShadow: true })];
    batcher.failAll(new PlatformError('unavailable', 'gone'));
    for (const { error } of await Promise.all(answers)) assert.equal(error?.message, 'gone');
    assert.ok(batcher.isIdle);
  });
});
