import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type ErrorCode, errorStatus, PlatformError } from '@flyball/api';
import { UserCodeError } from '../project/load-project.ts';
import { describeError, exitCodeOf, exitCodes } from './exit-code.ts';

describe('exit codes of the CLI', () => {
  it('are all explained in the reference', () => {
    const reference = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');
    const rows = [...reference.matchAll(/^\| (\d) \| `(\w+)` \| .+ \|$/gm)];
    assert.deepEqual(Object.fromEntries(rows.map(([, code, name]) => [name, Number(code)])), exitCodes);
  });

  it('tell the reasons apart', () => {
    const of = (code: ErrorCode): number => exitCodeOf(new PlatformError(code, 'why'));
    const codes = Object.keys(errorStatus) as ErrorCode[];
    assert.deepEqual(Object.fromEntries(codes.map((code) => [code, of(code)])), {
      invalid_input: 2,
      not_signed_in: 4,
      not_allowed: 4,
      not_found: 3,
      conflict: 5,
      too_large: 1,
      too_many_requests: 1,
      internal: 1,
      not_implemented: 1,
      unavailable: 6,
      deadline_exceeded: 1,
    });
    assert.equal(exitCodeOf(new TypeError('no such file')), exitCodes.usage);
    assert.equal(exitCodeOf(new UserCodeError('a.ts', new PlatformError('not_found', 'x'))), exitCodes.userCode);
    assert.equal(exitCodeOf('thrown text'), exitCodes.failed);
  });

  it('come with a sentence, and with the stack of code that is not ours', () => {
    assert.equal(describeError(new PlatformError('conflict', 'Taken')), 'Taken');
    const cause = new Error('theirs');
    const own = '    at deep (file:///home/me/a.ts:4:9)';
    const ours = ['    at node:internal/modules/run:1:2', '    at main (file:///x/sdk/src/cli/main.ts:44:5)'];
    cause.stack = ['Error: theirs', own, ...ours].join('\n');
    assert.equal(describeError(new UserCodeError('a.ts', cause)), `a.ts failed: theirs\nError: theirs\n${own}`);
    assert.equal(describeError('thrown text'), 'thrown text');
  });
});
