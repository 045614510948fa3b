import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TraceSpan } from '@flyball/api';
import { spanOfAll, spanRows } from './span-rows.ts';

const span = (spanId: string, parentId: string | null, offsetMs = 0, durationMs: number | null = 1): TraceSpan => ({
  spanId,
  parentId,
  name: spanId,
  type: 'TOOL',
  status: 'OK',
  statusMessage: '',
  offsetMs,
  durationMs,
  attributes: {},
  events: [],
});

describe('the rows of a waterfall', () => {
  const spans = [
    span('a', null, 0, 10),
    span('b', 'a', 1, 20),
    span('c', 'b', 2, null),
    span('d', 'a'),
    span('e', 'x'),
  ];

  it('are spans below their parents, in the order in which they began', () => {
    const rows = spanRows(spans, new Set());
    assert.deepEqual(
      rows.map(({ span: { spanId }, depth, children }) => [spanId, depth, children]),
      [
        ['a', 0, 2],
        ['b', 1, 1],
        ['c', 2, 0],
        ['d', 1, 0],
        ['e', 0, 0],
      ],
    );
    assert.equal(spanOfAll(spans), 21);
    assert.equal(spanOfAll([]), 1);
  });

  it('leave out what is below a closed span, and bear chains and loops', () => {
    assert.deepEqual(
      spanRows(spans, new Set(['b'])).map(({ span: { spanId } }) => spanId),
      ['a', 'b', 'd', 'e'],
    );
    const chain = Array.from({ length: 20_000 }, (_, i) => span(`${i}`, i === 0 ? null : `${i - 1}`));
    assert.equal(spanRows(chain, new Set()).length, 20_000);
    assert.equal(spanRows([span('x', 'x')], new Set()).length, 1);
  });
});
