import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { testFiles } from './run-suite.ts';

const header = "import { before, describe, it } from 'node:test';\n";
const files = {
  'good.test.ts': `${header}describe('good', () => {
    it('passes', () => {});
    describe('inside', () => { it('passes too', () => {}); });
    it('skips', (t) => t.skip('not here'));
  });`,
  'bad.test.ts': `${header}describe('bad', () => {
    it('fails', () => { throw new Error('wrong answer'); });
    it('leaves a timer', () => { setInterval(() => {}, 1000); });
  });`,
  'hook.test.ts': `${header}describe('hook', () => {
    before(() => { throw new Error('no server'); });
    it('cannot run', () => {});
  });`,
  'unloadable.test.ts': "import { gone } from './gone.ts';\ngone();",
  'empty.test.ts': 'export const nothing = 1;',
  'late.test.ts': `${header}describe('late', () => {
    it('goes on after it has ended', () => { setTimeout(() => { throw new Error('too late'); }, 20); });
    it('is still there', () => new Promise((done) => setTimeout(done, 200)));
  });`,
  'dying.test.ts': `${header}describe('dying', () => { it('ends everything', () => process.exit(3)); });`,
};

describe('suite of tests', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'flyball-suite-test-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const runner = join(import.meta.dirname, 'run-suite.ts');
    writeFileSync(
      join(folder, 'run.ts'),
      `import { runSuite } from ${JSON.stringify(runner)};
       const groups = process.argv.slice(2).map((group) => group.split(','));
       await runSuite({ groups, timeoutSeconds: 10, env: { GREETING: 'hello' } });`,
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The environment of this run tells node:test that it runs inside of another. */
  function run(...groups: readonly string[][]): { status: number | null; stdout: string; last: string } {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const paths = groups.map((group) => group.map((name) => join(folder, `${name}.test.ts`)).join(','));
    const { status, stdout } = spawnSync(process.execPath, [join(folder, 'run.ts'), ...paths], {
      env,
      encoding: 'utf8',
    });
    return { status, stdout, last: stdout.trimEnd().split('\n').at(-1) ?? '' };
  }

  it('counts what passed and was skipped, and succeeds', () => {
    const { status, last } = run(['good']);
    assert.deepEqual({ status, last }, { status: 0, last: '2 passed, 0 failed, 1 skipped' });
  });

  it('sums up groups that run beside each other and shows every failure', () => {
    const { status, stdout, last } = run(['good'], ['bad', 'hook']);
    assert.deepEqual({ status, last }, { status: 1, last: '3 passed, 3 failed, 1 skipped' });
    assert.match(stdout, /✗ bad › fails\n {4}Error: wrong answer/);
    assert.match(stdout, /✗ hook\n {4}Error: no server/);
  });

  it('counts files that cannot be loaded or have no test as failures', () => {
    const { status, stdout, last } = run(['unloadable', 'empty']);
    assert.deepEqual({ status, last }, { status: 1, last: '0 passed, 2 failed' });
    assert.match(stdout, /Cannot find module .*gone\.ts/);
    assert.match(stdout, /empty\.test\.ts declares no test/);
  });

  it('counts what happens after a test has ended', () => {
    const { status, stdout } = run(['late']);
    assert.equal(status, 1);
    assert.match(stdout, /too late/);
  });

  it('counts a process that ends early as a failure', () => {
    const { status, stdout, last } = run(['dying', 'good']);
    assert.deepEqual({ status, last }, { status: 1, last: '0 passed, 1 failed' });
    assert.match(stdout, /ended early \(exit code 3\)/);
  });

  it('fails without any test', () => {
    assert.equal(run().status, 1);
  });

  it('finds test files by words of their paths', () => {
    assert.deepEqual(testFiles(['tools/suite/*.test.ts'], ['run-suite']), ['tools/suite/run-suite.test.ts']);
    assert.deepEqual(testFiles(['tools/suite/*.test.ts'], ['no such word']), []);
    assert.deepEqual(testFiles(['tools/suite/*.test.ts'], [], ['tools/suite/**']), []);
  });
});
