import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createThreadRunner, type ThreadWork } from './thread-runner.ts';

const program = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const port = `import { parentPort } from 'node:worker_threads';`;

const sum: ThreadWork = {
  program: program(`${port} let sum = 0;
    parentPort.on('message', (given) => given === null ? parentPort.postMessage(sum) : void (sum += given));`),
  what: 'Summing up',
  timeoutMs: 20_000,
  feed: async (give) => [1, 2, 3].forEach(give),
};

describe('a thread', () => {
  it('answers once it has all that it is given', async () => {
    assert.equal(await createThreadRunner({ atOnce: 1, mostWaiting: 0 }).run(sum), 6);
  });

  it('leaves this one free', async () => {
    const busy = program(`${port} parentPort.on('message', () => {
      const end = Date.now() + 400; while (Date.now() < end); parentPort.postMessage('done'); });`);
    const work = createThreadRunner({ atOnce: 1, mostWaiting: 0 }).run({ ...sum, program: busy });
    let [ticks, isDone] = [0, false];
    void work.then(() => {
      isDone = true;
    });
    while (!isDone) {
      await new Promise((next) => setTimeout(next, 10));
      ticks++;
    }
    assert.ok(ticks > 10);
  });

  it('waits for its turn, and is refused when too many wait', async () => {
    const runner = createThreadRunner({ atOnce: 1, mostWaiting: 1 });
    const first = [runner.run(sum), runner.run(sum)];
    await assert.rejects(runner.run(sum), { code: 'too_many_requests' });
    assert.deepEqual(await Promise.all(first), [6, 6]);
    assert.equal(await runner.run(sum), 6);
  });

  it('is ended when it takes too long or fails', async () => {
    const runner = createThreadRunner({ atOnce: 1, mostWaiting: 0 });
    const run = async (code: string, timeoutMs = 20_000) =>
      await runner.run({ ...sum, program: program(code), timeoutMs });
    await assert.rejects(run('for (;;);', 100), { code: 'deadline_exceeded' });
    await assert.rejects(run(`throw new Error('broken')`), /broken/);
    await assert.rejects(run(''), { code: 'internal' });
    const failing = { ...sum, feed: async () => Promise.reject(new Error('nothing to give')) };
    await assert.rejects(runner.run(failing), /nothing to give/);
  });
});
