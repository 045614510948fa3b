import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { errorFromBody, errorStatus, invalidInput, notFound, PlatformError } from './errors.ts';

describe('errors', () => {
  it('carry a code, a message, details and the cause', () => {
    const cause = new Error('low');
    const error = new PlatformError('conflict', 'Taken', { cause, details: { by: 'you' } });
    assert.ok(error instanceof Error);
    assert.deepEqual(
      [error.name, error.code, error.message, error.cause],
      ['PlatformError', 'conflict', 'Taken', cause],
    );
    assert.deepEqual(error.details, { by: 'you' });
    assert.equal('cause' in new PlatformError('internal', 'x'), false);
  });

  it('name what is not there and every bad place', () => {
    assert.equal(notFound('dataset', 'flights').message, 'No dataset called "flights"');
    assert.equal(notFound('dataset', 'flights').code, 'not_found');
    const places = [{ at: 'body.name', message: 'Too short' }];
    assert.deepEqual(invalidInput('Bad', places).details, places);
  });

  it('survive the way through an answer', () => {
    for (const code of Object.keys(errorStatus) as (keyof typeof errorStatus)[]) {
      const { message, details } = new PlatformError(code, 'Why', { details: [1] });
      const again = errorFromBody(JSON.parse(JSON.stringify({ code, message, details })), 418);
      assert.deepEqual([again.code, again.message, again.details], [code, 'Why', [1]]);
    }
    assert.equal(errorFromBody({ code: 'conflict' }, 409).message, 'conflict');
  });

  it('have a status of their own each, so that it tells the code when an answer does not', () => {
    const statuses = Object.values(errorStatus);
    assert.equal(new Set(statuses).size, statuses.length);
    for (const [code, status] of Object.entries(errorStatus)) assert.equal(errorFromBody('', status).code, code);
    for (const strange of [undefined, null, 5, [], {}, { code: 1 }, { code: '__proto__' }, { code: 'constructor' }]) {
      assert.equal(errorFromBody(strange, 418).code, 'internal');
    }
  });

  it('are all explained in the reference, with their status', () => {
    const reference = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8');
    const rows = [...reference.matchAll(/^\| `(\w+)` \| (\d+) \| .+ \| .+ \|$/gm)];
    assert.deepEqual(Object.fromEntries(rows.map(([, code, status]) => [code, Number(status)])), errorStatus);
  });
});
