import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { lockDataFolder } from './data-folder.ts';

const moduleUrl = new URL('./data-folder.ts', import.meta.url).href;

describe('the data folder', () => {
  let home = '';

  before(() => {
    home = mkdtempSync(path.join(tmpdir(), 'flyball-folder-'));
  });

  after(() => {
    rmSync(home, { recursive: true, force: true });
  });

  it('is created, and free again after its release', () => {
    const dir = path.join(home, 'a', 'b');
    const first = lockDataFolder(dir);
    assert.ok(existsSync(first.directory));
    first.release();
    lockDataFolder(dir).release();
  });

  it('has one owner, whose pid is told to the others', () => {
    const dir = path.join(home, 'owned');
    const owner = lockDataFolder(dir);
    assert.throws(() => lockDataFolder(dir), {
      code: 'conflict',
      message: `The data folder ${dir} is in use by a running Flyball (pid ${process.pid}): stop it, or choose another one with --data-dir`,
    });
    owner.release();
  });

  it('is taken over from an owner that was killed', async () => {
    const dir = path.join(home, 'killed');
    const script = `import { lockDataFolder } from '${moduleUrl}'; lockDataFolder('${dir}'); console.log('locked'); setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    assert.throws(() => lockDataFolder(dir), { message: new RegExp(`pid ${child.pid}`) });
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    lockDataFolder(dir).release();
  });

  it('is taken over when the pid of its owner now belongs to another process', () => {
    const dir = path.join(home, 'recycled');
    mkdirSync(dir);
    writeFileSync(path.join(dir, 'flyball.lock'), JSON.stringify({ pid: process.pid, start: 'another boot/1' }));
    lockDataFolder(dir).release();
  });

  it('keeps the lock of a new owner when an old one releases late', () => {
    const dir = path.join(home, 'late');
    const old = lockDataFolder(dir);
    const lock = path.join(dir, 'flyball.lock');
    writeFileSync(lock, '{"pid":1,"start":"somebody else"}');
    old.release();
    assert.equal(readFileSync(lock, 'utf8'), '{"pid":1,"start":"somebody else"}');
  });

  it('says that it is not writable', () => {
    const dir = path.join(home, 'closed');
    mkdirSync(dir, { mode: 0o555 });
    const script = `import { lockDataFolder } from '${moduleUrl}'; try { lockDataFolder('${dir}'); } catch (e) { console.log(e.message); }`;
    const args = ['--input-type=module', '-e', script];
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: '/', ...nobody });
    const target = process.getuid?.() === 0 ? home : dir;
    assert.match(
      stdout,
      /^The data folder .* is not writable: change its permissions, or choose another one with --data-dir\n$/,
    );
    assert.ok(stdout.includes(target));
  });

  it('says that its path is a file', () => {
    const file = path.join(home, 'file');
    writeFileSync(file, '');
    for (const dir of [file, path.join(file, 'below')]) {
      assert.throws(() => lockDataFolder(dir), {
        code: 'invalid_input',
        message: /is not a folder: choose another one/,
      });
    }
  });

  it('says that the disk is full', () => {
    assert.throws(() => lockDataFolder(path.join(home, 'full'), 1e12), {
      code: 'unavailable',
      message: /^The disk of the data folder .* is full \(\d+ MB free, at least 200 MB needed\): free some space/,
    });
  });
});
