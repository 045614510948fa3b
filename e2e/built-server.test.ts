import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { allRoutes, createClient } from '@flyball/api';
import { freePort } from './free-port.ts';

const root = resolve(import.meta.dirname, '..');

/** The command lines of processes that have the word in theirs. */
function commandsWith(word: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        // It has ended meanwhile.
        return '';
      }
    })
    .filter((command) => command.includes(word));
}

describe('flyball up, as people start it', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let folder = '';
  let url = '';
  let server: ChildProcess;
  let output = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flyball-up-'));
    const [port, gatewayPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${port}`;
    const flags = ['--port', String(port), '--gateway-port', String(gatewayPort), '--data-dir', folder];
    server = spawn(process.execPath, [join(root, 'sdk/bin/flyball.mjs'), 'up', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
      output += chunk;
      if (output.includes('Flyball is ready')) break;
    }
  });
  after(() => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('runs the code as built, in one process for each role and one that watches', () => {
    assert.match(output, /Flyball is ready at http/);
    const roles = commandsWith(join(root, 'server', 'dist', 'main.mjs'));
    for (const role of ['api', 'worker', 'gateway']) {
      assert.ok(
        roles.some((command) => command.includes(`--role ${role}`)),
        `${role} is not among ${roles.join('\n')}`,
      );
    }
  });

  it('finds its migrations, pages and version where they lie', async () => {
    const system = (await (await fetch(`${url}/api/v1/system`)).json()) as { version: string };
    const manifest = JSON.parse(readFileSync(join(root, 'server', 'package.json'), 'utf8')) as { version: string };
    assert.equal(system.version, manifest.version);
    const page = await (await fetch(`${url}/ui/experiments`)).text();
    const script = /src="(\/assets\/[^"]+)"/.exec(page)?.[1];
    const asset = await fetch(url + script);
    assert.equal(asset.status, 200);
    assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    await asset.arrayBuffer();
  });

  it('finds the programs that it starts, such as the thread that ranks params', async () => {
    const flyball = createClient(allRoutes, { url });
    const made = await flyball.createExperiment({ body: { name: 'ranked' } });
    for (let i = 0; i < 12; i++) {
      const { runId } = await flyball.startRun({ body: { experimentId: made.experimentId } });
      const metrics = [{ key: 'loss', value: i % 4 }];
      await flyball.logBatch({ params: { run: runId }, body: { params: { depth: String(i % 4) }, metrics } });
    }
    const body = { experimentIds: [made.experimentId], metric: 'loss' };
    const { params } = await flyball.rankParams({ body });
    assert.deepEqual(
      params.map(({ key }) => key),
      ['depth'],
    );
  });

  it('ends in order when asked to', async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(commandsWith(folder), []);
  });
});
