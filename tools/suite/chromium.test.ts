import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chromium } from './chromium.ts';

describe('chromium', () => {
  let folder = '';
  let program = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'flyball-chromium-'));
    program = join(folder, 'chromium');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is found on the path', () => {
    assert.equal(chromium({ PATH: `/nonexistent:${folder}` }), program);
  });

  it('is the one that was named, before any other', () => {
    assert.equal(chromium({ PATH: '/usr/bin', FLYBALL_CHROMIUM: program }), program);
  });

  it('is asked for in a sentence when the named one is not a program', () => {
    assert.throws(
      () => chromium({ FLYBALL_CHROMIUM: '/nonexistent/browser' }),
      /names \/nonexistent\/browser, which is not a program/,
    );
  });
});
