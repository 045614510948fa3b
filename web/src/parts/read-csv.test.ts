import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCsv } from './read-csv.ts';

describe('comma separated text', () => {
  it('is read with quotes, line ends of every kind and empty cells', () => {
    assert.deepEqual(readCsv('a,b\r\n"x, y","say ""hi"""\n1,\n,2', ',', 10), [
      ['a', 'b'],
      ['x, y', 'say "hi"'],
      ['1', ''],
      ['', '2'],
    ]);
    assert.deepEqual(readCsv('"two\nlines"\tb\n', '\t', 10), [['two\nlines', 'b']]);
    assert.deepEqual(readCsv('', ',', 10), []);
    assert.deepEqual(readCsv('a,', ',', 10), [['a', '']]);
  });

  it('stops where it is told, and does not hang on what is broken', () => {
    assert.equal(readCsv('a\n'.repeat(100), ',', 7).length, 7);
    assert.deepEqual(readCsv('"open,\n', ',', 3), [['open,\n']]);
    assert.ok(readCsv('"a"b,c\nd', ',', 9).length <= 3);
  });
});
