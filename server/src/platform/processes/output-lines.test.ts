import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createOutputLines } from './output-lines.ts';

function collect(chunks: Iterable<Uint8Array>, maxBytes = 1_000_000): string[] {
  const got: string[] = [];
  const stream = createOutputLines((_, line) => got.push(line), maxBytes)('stdout');
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return got;
}

describe('output lines', () => {
  it('gives the same lines however the bytes are cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '🎈', '\n', ' ') });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 7 })), (value, cuts) => {
        const bytes = Buffer.from(value);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        chunks.push(bytes.subarray(at));
        const expected = value.split('\n');
        if (expected.at(-1) === '') expected.pop();
        assert.deepEqual(collect(chunks), expected);
      }),
    );
  });

  it('shows what a progress bar showed last, and no carriage returns', () => {
    assert.deepEqual(collect([Buffer.from('a\r\n\r 10%\r 20%\r100%\nend\r')]), ['a', '100%', 'end']);
  });

  it('cuts lines that do not end', () => {
    const lines = collect(Array.from({ length: 40 }, () => Buffer.alloc(10_000, 'x')));
    assert.equal(lines.join('').length, 400_000);
    assert.ok(lines.every((line) => line.length <= 65_536));
  });

  it('drops what is beyond the limit, and says so once', () => {
    const lines = collect(
      Array.from({ length: 1000 }, (_, i) => Buffer.from(`line ${i}\n`)),
      100,
    );
    assert.ok(lines.length < 20);
    assert.equal(lines.filter((line) => /longer than 100 bytes/.test(line)).length, 1);
    assert.equal(lines.at(-1), '[the output is longer than 100 bytes: the rest is dropped]');
  });
});
