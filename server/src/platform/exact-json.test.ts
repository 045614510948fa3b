import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exactNumber, parseExact, pythonJson } from './exact-json.ts';

describe('JSON with all digits', () => {
  it('keeps integers of 64 bits and tells them from doubles', () => {
    const text = '{"at": 1795990332114089131, "one": 1.0, "tiny": 1e-05, "big": 1e+16, "list": [1, -2.5, null, true]}';
    const value = parseExact(text);
    assert.deepEqual(value, {
      at: 1795990332114089131n,
      one: 1,
      tiny: 1e-5,
      big: 1e16,
      list: [1n, -2.5, null, true],
    });
    assert.equal(pythonJson(value), text);
  });

  it('writes numbers into answers digit by digit', () => {
    const numbers = [1795990332114089131n, 2, 0.1, -0, Number.NaN, Number.NEGATIVE_INFINITY];
    assert.equal(JSON.stringify(numbers.map(exactNumber)), '[1795990332114089131,2.0,0.1,-0.0,"NaN","-Infinity"]');
  });

  it('refuses what is no JSON', () => {
    assert.throws(() => parseExact('{"a":'), SyntaxError);
  });
});
