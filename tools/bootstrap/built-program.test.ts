import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

describe('the built server', () => {
  let root = '';
  let builtProgram: () => string | undefined;
  const source = (): string => join(root, 'server', 'src', 'main.ts');

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'flyball-built-'));
    for (const folder of ['bin', 'src', 'dist']) mkdirSync(join(root, 'server', folder), { recursive: true });
    const real = resolve(import.meta.dirname, '..', '..', 'server', 'bin', 'built-program.mjs');
    const copy = join(root, 'server', 'bin', 'built-program.mjs');
    copyFileSync(real, copy);
    writeFileSync(source(), 'export const one = 1;');
    ({ builtProgram } = await import(pathToFileURL(copy).href));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  function record(): void {
    const { mtimeMs, size } = statSync(source());
    const files = [['server/src/main.ts', mtimeMs, size]];
    writeFileSync(join(root, 'server', 'dist', 'built-from.json'), JSON.stringify({ files }));
  }

  it('is used as long as its sources are what it was made from', () => {
    assert.equal(builtProgram(), undefined);
    record();
    assert.equal(builtProgram(), pathToFileURL(join(root, 'server', 'dist', 'main.mjs')).href);
  });

  it('is left alone when a source was edited, put back in time, or removed', () => {
    record();
    writeFileSync(source(), 'export const one = 12;');
    assert.equal(builtProgram(), undefined);
    record();
    utimesSync(source(), new Date(0), new Date(0));
    assert.equal(builtProgram(), undefined);
    record();
    rmSync(source());
    assert.equal(builtProgram(), undefined);
  });

  it('is left alone when its record cannot be read', () => {
    writeFileSync(join(root, 'server', 'dist', 'built-from.json'), '{"files": [');
    assert.equal(builtProgram(), undefined);
  });
});
