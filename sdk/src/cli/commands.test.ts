import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createUserProject, type UserProject } from '../testing/user-project.ts';
import { exitCodes } from './exit-code.ts';

const cli = fileURLToPath(new URL('../../bin/flyball.mjs', import.meta.url));

const definitions = `import { count, defineDataset, defineEntity } from '@flyball/sdk';
import { defineFeatureView, defineModel, expectation } from '@flyball/sdk';

export const flights = defineDataset({
  name: 'flights',
  timeColumn: 'date',
  expectations: [expectation.notNull('date'), expectation.between('delay', { min: -120, max: 1800 })],
});
export const airport = defineEntity({ name: 'airport', key: 'code' });
export const punctuality = defineFeatureView({
  name: 'punctuality',
  entity: airport,
  source: { dataset: flights, key: 'origin', happenedAt: 'date', knownAt: 'landed_at' },
  features: { flights_3h: count().over('3h') },
});
export const model = defineModel({ name: 'delay' });
`;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

describe('the command line', () => {
  let program: ChildProcess;
  let dataDir: string;
  let project: UserProject;
  let url: string;

  before(async () => {
    project = createUserProject();
    dataDir = mkdtempSync(path.join(tmpdir(), 'flyball-cli-'));
    const flags = [
      '--port',
      '0',
      '--gateway-port',
      String(await freePort()),
      '--data-dir',
      dataDir,
      '--log-level',
      'warn',
    ];
    program = spawn(process.execPath, [cli, 'up', ...flags], { stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
    let [printed, log] = ['', ''];
    program.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
    });
    for await (const chunk of program.stdout!.setEncoding('utf8')) {
      printed += String(chunk);
      if (printed.includes('ready at')) break;
    }
    const found = /ready at (http:\/\/[\w.]+:\d+)/.exec(printed)?.[1];
    assert.ok(found, `Flyball did not start: ${printed}${log}`);
    url = found;
  });

  after(async () => {
    const ended = program.exitCode === null ? once(program, 'exit') : undefined;
    program.kill('SIGTERM');
    await ended;
    project.remove();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const environment = (more: Record<string, string> = {}): NodeJS.ProcessEnv => {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(FLYBALL_|DATABASE_URL|NODE_TEST)/.test(name));
    return { ...Object.fromEntries(inherited), NO_COLOR: '1', ...more };
  };

  const run = async (args: readonly string[], more: Record<string, string> = { FLYBALL_URL: url }): Promise<Result> => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: project.folder, env: environment(more) });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: Number(code), out, err };
  };

  const ends = async (args: readonly string[], code: number, more?: Record<string, string>): Promise<Result> => {
    const result = await run(args, more);
    assert.equal(result.code, code, `flyball ${args.join(' ')}: ${result.out}${result.err}`);
    // Whatever went wrong is ours to explain: no stack of our own code, no colours for a file.
    assert.doesNotMatch(result.err, /^\s+at .*(sdk|api)\/src\//m);
    assert.ok(!(result.out + result.err).includes('\u001b['));
    return result;
  };

  it('explains itself', async () => {
    const { out } = await ends(['--help'], exitCodes.ok);
    for (const name of ['up', 'demo', 'doctor', 'plan', 'apply', 'dataset', 'pipeline', 'token'])
      assert.match(out, new RegExp(`^  ${name} `, 'm'));
    assert.match(out, /Exit codes: 0 ok · 1 failed · 2 usage/);
  });

  it('ends with 2 when it is used wrongly', async () => {
    const wrong = [
      ['nonsense'],
      ['token', 'create', 'x'],
      ['token', 'create', 'x', '--role', 'king'],
      ['plan', 'nowhere'],
      ['dataset', 'add', 'd', 'no-file.csv'],
      ['dataset', 'add', 'd', 'package.json'],
      ['pipeline', 'run', 'p', '--params', '{'],
      ['token', 'create', 'x', '--role', 'viewer', '--days', 'soon'],
      ['dataset', 'show', '..'],
      ['endpoint', 'decide', 'delay', 'perhaps', '--reason', 'none'],
      ['endpoint', 'decide', 'delay', 'promote'],
      ['endpoint', 'label', 'delay', '{'],
      ['endpoint', 'label', 'delay', '[{"id":"a.0","value":"late"}]'],
    ];
    for (const args of wrong) assert.notEqual((await ends(args, exitCodes.usage)).err, '', args.join(' '));
  });

  it('ends with 3 when something is not there', async () => {
    for (const args of [
      ['dataset', 'show', 'missing'],
      ['pipeline', 'show', '00000000-0000-4000-8000-000000000000'],
      ['--project', 'missing', 'dataset', 'list'],
      ['endpoint', 'rollout', 'missing', '2'],
      ['endpoint', 'decide', 'missing', 'roll_back', '--reason', 'none'],
      ['endpoint', 'label', 'missing', '{"id":"a.0","value":1}'],
      ['pipeline', 'retry', '00000000-0000-4000-8000-000000000000'],
      ['model', 'approve', '00000000-0000-4000-8000-000000000000', '--reason', 'none'],
    ]) {
      assert.match((await ends(args, exitCodes.notFound)).err, /No .* called/i);
    }
  });

  it('ends with 4 when the token is wrong, by flag or variable', async () => {
    await ends(['--token', 'fb_wrong', 'token', 'list'], exitCodes.notAllowed);
    const { err } = await ends(['token', 'list'], exitCodes.notAllowed, {
      FLYBALL_URL: url,
      FLYBALL_TOKEN: 'fb_wrong',
    });
    assert.doesNotMatch(err, /fb_wrong/);
  });

  it('ends with 6 when no server answers', async () => {
    const { err } = await ends(['--url', 'http://127.0.0.1:1', 'token', 'list'], exitCodes.unavailable);
    assert.match(err, /No answer from http:\/\/127\.0\.0\.1:1/);
    await ends(['--url', 'http://127.0.0.1:1', 'doctor'], exitCodes.unavailable);
  });

  it("ends with 7 when the user's code fails, shows its stack, and applies nothing", async () => {
    project.write({
      'bad/a.ts': definitions.replaceAll("'flights'", "'never'"),
      'bad/z.ts': `const x = 1;\nthrow new Error('oops');`,
    });
    for (const command of ['plan', 'apply']) {
      const { err, out } = await ends([command, 'bad'], exitCodes.userCode);
      assert.match(err, /^bad\/z\.ts failed: oops$/m);
      assert.match(err, /z\.ts:2:7/);
      assert.equal(out, '');
    }
    await ends(['dataset', 'show', 'never'], exitCodes.notFound);
    assert.doesNotMatch((await ends(['dataset', 'list'], exitCodes.ok)).out, /never/);
  });

  it('plans and applies; what was applied once is left alone, and only what changed changes', async () => {
    project.write({ 'good/project.ts': definitions });
    const first = await ends(['plan', 'good'], exitCodes.ok);
    assert.match(first.out, /^\+ dataset flights$/m);
    assert.match(first.out, /^Plan: 4 to create, 0 to change, 0 as they are$/m);
    assert.doesNotMatch((await ends(['dataset', 'list'], exitCodes.ok)).out, /flights/);
    assert.match((await ends(['apply', 'good'], exitCodes.ok)).out, /^Applied: 4 create/m);
    for (const command of ['plan', 'apply']) {
      assert.match((await ends([command, 'good'], exitCodes.ok)).out, /: 0 .*, 0 .*, 4 as they are$/m);
    }
    project.write({ 'good/project.ts': definitions.replace('max: 1800', 'max: 900').replace("'3h'", "'6h'") });
    const changed = await ends(['--json', 'plan', 'good'], exitCodes.ok);
    const changes = JSON.parse(changed.out) as {
      name: string;
      action: string;
      differences: { at: string; to: unknown }[];
    }[];
    const updated = changes.filter(({ action }) => action !== 'none');
    assert.deepEqual(
      updated.map(({ name, action, differences }) => [name, action, differences.map(({ at, to }) => [at, to])]),
      [
        ['flights', 'update', [['expectations.1.max', 900]]],
        ['punctuality', 'update', [['features.0.windowSeconds', 21_600]]],
      ],
    );
    await ends(['apply', 'good'], exitCodes.ok);
    assert.match((await ends(['plan', 'good'], exitCodes.ok)).out, /: 0 .*, 0 .*, 4 as they are$/m);
    project.write({ 'good/project.ts': definitions.replace("  timeColumn: 'date',\n", '') });
    const { out } = await ends(['apply', 'good'], exitCodes.ok);
    assert.match(out, /^ {4}timeColumn: "date" → nothing$/m);
    project.write({ 'good/project.ts': definitions });
    await ends(['apply', 'good'], exitCodes.ok);
  });

  it('says what it had applied when the server refuses a definition, and goes on from there', async () => {
    const watch = (endpoint: string) => `import { defineDataset, defineMonitor } from '@flyball/sdk';
export const halfway = defineDataset({ name: 'halfway' });
export const watch = defineMonitor({
  name: 'watch',
  endpoint: '${endpoint}',
  signals: { volume: { kind: 'volume', windowSeconds: 3600 } },
});
`;
    project.write({ 'halfway/project.ts': watch('missing') });
    const { err, out } = await ends(['apply', 'halfway'], exitCodes.notFound);
    assert.match(err, /^Applied before it stopped, 1 of 2 definitions being done:\n {2}\+ dataset halfway$/m);
    assert.match(err, /No endpoint called "missing"/);
    assert.equal(out, '');
    assert.match((await ends(['plan', 'halfway'], exitCodes.ok)).out, /: 1 to create, 0 to change, 1 as they are$/m);
  });

  it('adds data; ends with 8 when the data breaks what it promises, and says what and where', async () => {
    project.write({
      'good.csv': 'date,delay,origin,landed_at\n2001-01-01,5,ATL,2001-01-01\n2001-01-02,7,ATL,2001-01-02\n',
      'bad.csv': 'date,delay,origin,landed_at\n2001-01-03,99999,ATL,2001-01-03\n',
    });
    assert.match((await ends(['dataset', 'add', 'flights', 'good.csv'], exitCodes.ok)).out, /flights@1: 2 rows/);
    assert.match(
      (await ends(['dataset', 'add', 'flights', 'bad.csv'], exitCodes.verdict)).out,
      /✗ .*delay.*\n?refused/s,
    );
    assert.match((await ends(['dataset', 'list'], exitCodes.ok)).out, /^flights\s+1\s+2\s/m);
  });

  it('creates and revokes tokens that work', async () => {
    const { out } = await ends(['token', 'create', 'ci', '--role', 'viewer'], exitCodes.ok);
    const secret = out.trim();
    assert.match(secret, /^fb_[\w-]{43}$/);
    await ends(['--token', secret, 'dataset', 'list'], exitCodes.ok);
    await ends(['--token', secret, 'token', 'list'], exitCodes.notAllowed);
    const listed = await ends(['--json', 'token', 'list'], exitCodes.ok);
    assert.doesNotMatch(listed.out, new RegExp(secret));
    const [{ id } = assert.fail()] = JSON.parse(listed.out) as { id: string }[];
    await ends(['token', 'revoke', id], exitCodes.ok);
    await ends(['--token', secret, 'dataset', 'list'], exitCodes.notAllowed);
    await ends(['token', 'revoke', id], exitCodes.notFound);
  });

  it('moves an experiment to the trash and out of it, purges it, and sweeps what nothing needs', async () => {
    const made = await fetch(`${url}/api/v1/projects/default/experiments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'tried' }),
    });
    const { experimentId: id } = (await made.json()) as { experimentId: string };
    await ends(['experiment', 'restore', id], exitCodes.notFound);
    await ends(['experiment', 'purge', id], exitCodes.conflict);
    await ends(['experiment', 'delete', id], exitCodes.ok);
    assert.match((await ends(['experiment', 'list', '--trash'], exitCodes.ok)).out, /tried/);
    await ends(['experiment', 'restore', id], exitCodes.ok);
    await ends(['experiment', 'delete', id], exitCodes.ok);
    await ends(['experiment', 'purge', id], exitCodes.ok);
    assert.match((await ends(['run', 'purges'], exitCodes.ok)).out, /^experiment tried\s+(running|finished)/m);
    assert.match((await ends(['objects', 'sweep', '--dry-run'], exitCodes.ok)).out, /^0 would be removed, 0 bytes$/m);
    assert.match((await ends(['objects', 'sweep'], exitCodes.ok)).out, /^\d+ objects, .*\n0 removed, 0 bytes$/m);
    assert.match((await ends(['objects', 'sweeps'], exitCodes.ok)).out, /finished .*\n.*finished .*\(dry run\)/);
    for (const hours of ['1', 'few']) await ends(['objects', 'sweep', '--grace-hours', hours], exitCodes.usage);
  });

  it('finds that all is well', async () => {
    const { out } = await ends(['--json', 'doctor'], exitCodes.ok);
    const findings = JSON.parse(out) as { check: string; ok: boolean }[];
    assert.deepEqual(
      findings.map(({ check, ok }) => [check, ok]),
      ['node', 'server', 'database', 'account', 'gateway'].map((check) => [check, true]),
    );
  });
});
