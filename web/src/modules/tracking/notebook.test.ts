import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readNotebook } from './notebook.ts';

describe('notebooks', () => {
  it('are read cell by cell, each output as the best that is safe to show', () => {
    const cells = readNotebook(
      JSON.stringify({
        nbformat: 4,
        cells: [
          { cell_type: 'markdown', source: ['# Title\n', 'text'] },
          {
            cell_type: 'code',
            execution_count: 3,
            source: 'f()',
            outputs: [
              { output_type: 'stream', text: ['a\n', '\u001b[31mred\u001b[0m'] },
              { output_type: 'display_data', data: { 'image/png': 'aGk=\n', 'text/plain': 'pic' } },
              { output_type: 'execute_result', data: { 'text/html': ['<b>x</b>'], 'text/plain': 'x' } },
              { output_type: 'error', ename: 'E', evalue: 'bad', traceback: [] },
              { output_type: 'display_data', data: { 'application/javascript': 'alert(1)' } },
              null,
            ],
          },
        ],
      }),
    );
    assert.deepEqual(cells, [
      { kind: 'markdown', text: '# Title\ntext', turn: null, outputs: [] },
      {
        kind: 'code',
        text: 'f()',
        turn: 3,
        outputs: [
          { kind: 'text', text: 'a\nred' },
          { kind: 'image', base64: 'aGk=', ending: 'png' },
          { kind: 'html', text: '<b>x</b>' },
          { kind: 'error', text: 'E: bad' },
        ],
      },
    ]);
  });

  it('are none where the text is something else', () => {
    for (const text of ['', '[]', '{"cells": 1}', '{"worksheets": []}']) assert.equal(readNotebook(text), null);
  });
});
