import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { readSpool } from './read-spool.ts';
import { scanSpool } from './scan-spool.ts';
import { Spool, type SpoolOptions } from './spool.ts';
import { listSpoolFiles } from './spool-files.ts';
import type { SpoolEntry } from './spool-line.ts';

const NOTHING = { position: 0, sequence: 0 };

describe('spool', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'fb-spool-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (options: Partial<SpoolOptions> = {}): Spool =>
    new Spool({ folder, sync: 'interval', known: NOTHING, ...options });
  const write = (spool: Spool, text: string): Promise<Error | null> =>
    new Promise((resolve) => {
      spool.append('u', `"n":${JSON.stringify(text)}`);
      spool.flush(resolve);
    });
  async function entries(until = Number.POSITIVE_INFINITY): Promise<SpoolEntry[]> {
    const found: SpoolEntry[] = [];
    await scanSpool(folder, until, (entry) => found.push(entry));
    return found;
  }
  const numbers = async (): Promise<number[]> => (await entries()).map(({ q }) => q);

  it('keeps lines in order and numbers them', async () => {
    const spool = open();
    for (const text of ['a', 'b', 'ä']) assert.equal(await write(spool, text), null);
    spool.close();
    assert.deepEqual(await entries(), [
      { t: 'u', q: 1, n: 'a' },
      { t: 'u', q: 2, n: 'b' },
      { t: 'u', q: 3, n: 'ä' },
    ]);
  });

  it('goes on where it was, in a new file when one is full, with positions that never change', async () => {
    let spool = open({ maxFileBytes: 100 });
    for (let i = 0; i < 20; i++) await write(spool, 'some text');
    const { position } = spool;
    spool.close();
    spool = open({ maxFileBytes: 100 });
    assert.equal(spool.position, position);
    await write(spool, 'more');
    spool.close();
    assert.deepEqual(
      await numbers(),
      Array.from({ length: 21 }, (_, i) => i + 1),
    );
    const files = listSpoolFiles(folder);
    assert.ok(files.length > 3);
    for (const [i, file] of files.entries()) {
      if (i > 0) assert.equal(file.start, files[i - 1]!.start + files[i - 1]!.sizeBytes);
    }
  });

  it('cuts off half a line that a crash left, wherever it was cut', async () => {
    const spool = open();
    for (let i = 0; i < 5; i++) await write(spool, `line ${i}`);
    spool.close();
    const [file] = listSpoolFiles(folder);
    const whole = readFileSync(file!.path);
    for (let size = 0; size <= whole.length; size++) {
      appendFileSync(file!.path, whole.subarray(listSpoolFiles(folder)[0]!.sizeBytes));
      truncateSync(file!.path, size);
      const lines = whole.subarray(0, size).toString().split('\n').length - 1;
      const again = open();
      assert.equal((await numbers()).length, lines, `cut at ${size}`);
      again.close();
    }
  });

  it('cuts off lines that are no JSON, as a disk that lost power leaves them', async () => {
    const spool = open();
    await write(spool, 'good');
    spool.close();
    appendFileSync(listSpoolFiles(folder)[0]!.path, `{"t":"u","q":2${'\0'.repeat(40)}\n\0\0\0\n`);
    const again = open();
    await write(again, 'next');
    again.close();
    assert.deepEqual(await numbers(), [1, 2]);
  });

  it('never falls behind what was read of it already', async () => {
    const spool = open({ known: { position: 1000, sequence: 70 } });
    await write(spool, 'after');
    spool.close();
    assert.deepEqual(await numbers(), [71]);
    assert.equal(listSpoolFiles(folder)[0]!.start, 1000);
    assert.equal(readSpool(folder, 1000)?.sequence, 71);
  });

  it('says when nobody reads it for too long, and goes on once somebody does', async () => {
    const spool = open({ maxUnreadBytes: 60 });
    assert.equal(await write(spool, 'first'), null);
    assert.match(String(await write(spool, 'x'.repeat(60))), /full/);
    spool.readPosition = spool.position;
    assert.equal(await write(spool, 'second'), null);
    spool.close();
    assert.deepEqual((await entries()).length, 2);
  });

  it('waits for the disk where that is asked for, for many at once', async () => {
    const spool = open({ sync: 'always' });
    const results = await Promise.all(Array.from({ length: 50 }, (_, i) => write(spool, `${i}`)));
    assert.deepEqual([...new Set(results)], [null]);
    spool.close();
    assert.equal((await numbers()).length, 50);
  });

  it('is read in parts that add up, whatever their ends', () => {
    const steps = fc.array(fc.record({ text: fc.string({ maxLength: 30 }), isRead: fc.boolean() }), { maxLength: 20 });
    fc.assert(
      fc.property(steps, (all) => {
        const own = mkdtempSync(path.join(folder, 'p-'));
        const spool = open({ folder: own, maxFileBytes: 80 });
        let position = 0;
        let read = 0;
        const readOn = (): void => {
          const part = readSpool(own, position);
          position = part?.position ?? position;
          read += (part?.counts.u ?? 0) + (part?.counts.l ?? 0);
        };
        for (const [i, { text, isRead }] of all.entries()) {
          spool.append(i % 2 === 0 ? 'u' : 'l', `"n":1,"x":${JSON.stringify(text)}`);
          spool.flush(() => undefined);
          if (isRead) readOn();
        }
        readOn();
        spool.close();
        assert.deepEqual([read, position], [all.length, spool.position]);
      }),
      { numRuns: 40 },
    );
  });
});
