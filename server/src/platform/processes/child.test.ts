import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStart } from '../process-identity.ts';
import { type ChildOptions, spawnChild } from './child.ts';
import { watchedByShell } from './watched-by-shell.ts';

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
const isGone = (pid: number): boolean => processStart(pid) === undefined;

async function untilGone(pid: number, what: string): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (isGone(pid)) return;
    await sleep(10);
  }
  assert.fail(`${what} ${pid} is still there`);
}

/** Runs a script of Node, and collects its lines. */
function node(script: string, options: Partial<ChildOptions> = {}) {
  const lines: string[] = [];
  const first = Promise.withResolvers<string>();
  const child = spawnChild({
    command: process.execPath,
    args: ['-e', script],
    env,
    ...options,
    onLine: (stream, line) => {
      lines.push(`${stream}: ${line}`);
      first.resolve(line);
    },
  });
  return { child, lines, firstLine: first.promise };
}

const ENDLESS = 'setInterval(() => {}, 1000);';
const STUBBORN = `process.on('SIGTERM', () => console.log('no'));`;
const withGrandchild = (script: string) => `
  const grandchild = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'inherit' });
  console.log(grandchild.pid);
  ${script}`;

describe('child process', { concurrency: 4 }, () => {
  it('reports how it ended, and what it said line by line', async () => {
    const { child, lines } = node(
      `console.log('a\\nb'); console.error('ü'); process.stdout.write('rest'); process.exitCode = 3`,
    );
    const { code, signal, reason } = await child.done;
    assert.deepEqual({ code, signal, reason }, { code: 3, signal: null, reason: 'exit' });
    assert.deepEqual(lines.toSorted(), ['stderr: ü', 'stdout: a', 'stdout: b', 'stdout: rest']);
  });

  it('sees nothing of our environment, and gets its input and folder', async () => {
    process.env['FLYBALL_TEST_SECRET'] = 's3cret';
    const script = `
      const names = Object.keys(process.env).filter((name) => !/^(PWD|SHLVL|_|OLDPWD)$/.test(name));
      console.log(JSON.stringify([names.sort(), process.cwd(), require('node:fs').readFileSync(0, 'utf8')]))`;
    const { child, firstLine } = node(script, { env: { ...env, MINE: '1' }, cwd: '/', stdin: 'hello ü' });
    assert.equal((await child.done).code, 0);
    assert.deepEqual(JSON.parse(await firstLine), [['MINE', 'PATH'], '/', 'hello ü']);
    delete process.env['FLYBALL_TEST_SECRET'];
  });

  it('that cannot be started ends with a code and a reason in its output', async () => {
    for (const options of [{ command: '/no/such/program' }, { command: process.execPath, cwd: '/no/such/folder' }]) {
      const lines: string[] = [];
      const child = spawnChild({ env, ...options, onLine: (_, line) => lines.push(line) });
      assert.deepEqual(await child.done, { code: 127, signal: null, reason: 'exit', maxRssMb: 0 });
      assert.match(lines.join('\n'), /No such file|ENOENT/);
    }
  });

  it('talks over a channel of messages', async () => {
    const { child } = node(
      `process.on('message', (m) => { process.send({ echo: m }); if (m.last) process.disconnect(); })`,
      {
        ipc: true,
      },
    );
    const got: unknown[] = [];
    const forget = child.onMessage((message) => got.push(message));
    child.send({ n: 1 });
    child.send({ n: 2, last: true });
    assert.equal((await child.done).code, 0);
    child.send({ n: 3 });
    forget();
    assert.deepEqual(got, [{ echo: { n: 1 } }, { echo: { n: 2, last: true } }]);
  });

  it('is asked to end when cancelled, and killed with its descendants when it does not', async () => {
    const controller = new AbortController();
    const polite = node(`process.on('SIGTERM', () => process.exit(7)); console.log('up'); ${ENDLESS}`, {
      signal: controller.signal,
    });
    const stubborn = node(withGrandchild(`${STUBBORN} ${ENDLESS}`), { signal: controller.signal, graceMs: 300 });
    await polite.firstLine;
    const grandchild = Number(await stubborn.firstLine);
    await sleep(100);
    controller.abort();
    const [first, second] = await Promise.all([polite.child.done, stubborn.child.done]);
    assert.deepEqual([first.code, first.reason], [7, 'cancelled']);
    assert.deepEqual([second.signal, second.reason], ['SIGKILL', 'cancelled']);
    assert.ok(stubborn.lines.includes('stdout: no'));
    await untilGone(grandchild, 'the grandchild');
    assert.throws(() => node('', { signal: controller.signal }), /aborted/);
  });

  it('is ended at its time limit', async () => {
    const started = performance.now();
    const { child } = node(ENDLESS, { timeoutMs: 300 });
    const { signal, reason } = await child.done;
    assert.deepEqual({ signal, reason }, { signal: 'SIGTERM', reason: 'timeout' });
    assert.ok(performance.now() - started < 3000);
  });

  it('is killed above its memory limit, what its descendants use included', async () => {
    const hungry = `const held = []; setInterval(() => held.push(Buffer.alloc(20e6, 1)), 20);`;
    const direct = node(hungry, { memoryLimitMb: 200 });
    const indirect = node(
      `const { spawn } = require('node:child_process');
       console.log(spawn(process.execPath, ['-e', ${JSON.stringify(hungry)}]).pid); ${ENDLESS}`,
      { memoryLimitMb: 200 },
    );
    const grandchild = Number(await indirect.firstLine);
    for (const { child } of [direct, indirect]) {
      const { signal, reason, maxRssMb } = await child.done;
      assert.deepEqual({ signal, reason }, { signal: 'SIGKILL', reason: 'memory' });
      assert.ok(maxRssMb > 200 && maxRssMb < 2000, `${maxRssMb} MB`);
    }
    await untilGone(grandchild, 'the grandchild');
  });

  it('takes its descendants along when it ends by itself, and does not wait for their output', async () => {
    const { child, firstLine } = node(withGrandchild('setTimeout(() => process.exit(0), 100);'));
    const grandchild = Number(await firstLine);
    assert.deepEqual([(await child.done).code], [0]);
    await untilGone(grandchild, 'the grandchild');
    const escaped = node(`
      const { pid } = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'inherit', detached: true });
      console.log(pid); process.exit(0)`);
    const started = performance.now();
    await escaped.child.done;
    assert.ok(performance.now() - started < 4000);
    process.kill(Number(await escaped.firstLine), 'SIGKILL');
  });

  it('floods of output cost no memory and are cut', async () => {
    let lines = 0;
    const child = spawnChild({
      command: process.execPath,
      args: [
        '-e',
        `const line = 'x'.repeat(99) + '\\n'; const block = line.repeat(10_000);
        for (let i = 0; i < 100; i++) require('node:fs').writeSync(1, block);`,
      ],
      env,
      maxLogBytes: 1_000_000,
      onLine: () => lines++,
    });
    assert.equal((await child.done).code, 0);
    assert.ok(lines > 9_000 && lines < 12_000, `${lines} lines`);
  });

  it('is killed at once by kill()', async () => {
    const { child, firstLine } = node(`${STUBBORN} console.log('up'); ${ENDLESS}`);
    await firstLine;
    child.kill();
    const { signal, reason } = await child.done;
    assert.deepEqual({ signal, reason }, { signal: 'SIGKILL', reason: 'cancelled' });
    child.kill();
  });

  it('dies with its parent', async () => {
    const parent = spawn(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      `
      import { spawnChild } from ${JSON.stringify(import.meta.resolve('./child.ts'))};
      const child = spawnChild({ command: 'sleep', args: ['1000'], env: ${JSON.stringify(env)} });
      console.log(child.pid);`,
    ]);
    const [line] = await once(parent.stdout, 'data');
    const child = Number(line);
    assert.ok(!isGone(child));
    parent.kill('SIGKILL');
    await untilGone(child, 'the child');
  });

  it('dies with its parent and its descendants where only a shell can watch', async () => {
    const parent = spawn(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      `
      import { spawn } from 'node:child_process';
      import { watchedByShell } from ${JSON.stringify(import.meta.resolve('./watched-by-shell.ts'))};
      const [command, args] = watchedByShell('sh', ['-c', 'sleep 1000 & echo $$ $!; wait']);
      spawn(command, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });`,
    ]);
    const [line] = await once(parent.stdout, 'data');
    const pids = String(line).trim().split(' ').map(Number);
    assert.ok(pids.every((pid) => !isGone(pid)));
    parent.kill('SIGKILL');
    for (const pid of pids) await untilGone(pid, 'the descendant');
    const [command, args] = watchedByShell('sh', ['-c', 'echo "$1"; exit 5', 'sh', 'a b']);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [[said], [code]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')]);
    assert.deepEqual([String(said), code], ['a b\n', 5]);
  });
});
