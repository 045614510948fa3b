import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COLOUR_TAG, colourOfText, isColour, runColour } from './run-colour.ts';

describe('the colour of a run', () => {
  it('follows from its id and differs between most runs', () => {
    const ids = Array.from({ length: 500 }, (_, i) => `run-${i}`);
    const colours = ids.map((runId) => runColour({ runId, tags: {} }));
    assert.ok(colours.every(isColour));
    assert.ok(new Set(colours).size > 400);
    assert.equal(colourOfText('run-7'), colours[7]);
  });

  it('is the one in its tag, if that is a colour', () => {
    assert.equal(runColour({ runId: 'a', tags: { [COLOUR_TAG]: '#AA00ff' } }), '#aa00ff');
    for (const bad of ['red', '#fff', 'url(https://x)', '']) {
      assert.equal(runColour({ runId: 'a', tags: { [COLOUR_TAG]: bad } }), colourOfText('a'));
    }
  });
});
