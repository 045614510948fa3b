import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { spanContent } from './span-content.ts';
import { readSpanFile } from './span-file.ts';

const old = (spanId: string, parentId: string | null, more: object = {}) => ({
  name: 'answer',
  context: { span_id: spanId, trace_id: '0x1f' },
  parent_id: parentId,
  start_time: 1,
  end_time: 5,
  status_code: 'ERROR',
  status_message: 'it broke',
  attributes: { 'mlflow.spanType': '"TOOL"', 'mlflow.spanInputs': '{"q": NaN}', plain: 'text' },
  events: [{ name: 'exception', timestamp: 3, attributes: { 'exception.type': 'ValueError' } }],
  ...more,
});

const fileOf = (...spans: readonly object[]): string => JSON.stringify({ spans, request: null, response: null });

describe('the file of a trace', () => {
  it('is read as clients before 3.0 wrote it', () => {
    const [root, step] = readSpanFile(fileOf(old('0x2a', null), old('00000000000000ff', '0x2a', { end_time: null })))!;
    assert.deepEqual(root, {
      traceId: `${'0'.repeat(30)}1f`,
      spanId: `${'0'.repeat(14)}2a`,
      parentId: null,
      name: 'answer',
      startNs: 1n,
      endNs: 5n,
      status: { code: 'ERROR', message: 'it broke' },
      attributes: { 'mlflow.spanType': 'TOOL', 'mlflow.spanInputs': '{"q": NaN}', plain: 'text' },
      events: [{ name: 'exception', timeNs: 3n, attributes: { 'exception.type': 'ValueError' } }],
      links: [],
    });
    assert.deepEqual([step!.spanId, step!.parentId, step!.endNs], [`${'0'.repeat(14)}ff`, root!.spanId, null]);
  });

  it('is read as later clients wrote it', () => {
    const [root] = readSpanFile(fileOf(old('0x2a', null)))!;
    assert.deepEqual(readSpanFile(`{"spans": [${spanContent(root!)}]}`), [root]);
    assert.deepEqual(readSpanFile('{"spans": []}'), []);
  });

  it('says nothing when it is no such file, whatever it is', () => {
    for (const text of ['', '{', '[]', 'null', '{"spans": 1}', '{"spans": [1]}', fileOf(old('x', null)), fileOf({})]) {
      assert.equal(readSpanFile(text), null, text);
    }
    assert.equal(readSpanFile(fileOf(...new Array(20_001).fill(old('1', null)))), null);
    assert.equal(readSpanFile(fileOf(old('1', 'y'))), null);
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    assert.equal(readSpanFile(`{"spans": [], "request": ${deep}}`), null);
    fc.assert(
      fc.property(fc.json(), (text) => {
        const spans = readSpanFile(`{"spans": [${text}]}`);
        assert.ok(spans === null || spans.length === 1);
      }),
    );
  });
});
