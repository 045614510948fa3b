import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { environmentOf, loadConfig, parseFlags, sources } from './config.ts';

describe('the configuration', () => {
  it('has defaults for one machine', () => {
    const config = loadConfig({}, {});
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.port, 5050);
    assert.equal(config.gatewayPort, 5052);
    assert.equal(config.dataDir, path.resolve('.flyball'));
    assert.equal(config.objects, `file:${path.resolve('.flyball', 'objects')}`);
    assert.equal(config.auth, 'open');
    assert.equal(config.databaseUrl, undefined);
    assert.ok(Object.isFrozen(config));
  });

  it('takes a flag over the environment, and that over the default', () => {
    const environment = { FLYBALL_PORT: '6000', FLYBALL_GATEWAY_PORT: '6001' };
    const config = loadConfig(parseFlags(['--port', '7000', '--allowed-hosts', 'a.example, b.example']), environment);
    assert.equal(config.port, 7000);
    assert.equal(config.gatewayPort, 6001);
    assert.deepEqual(config.allowedHosts, ['a.example', 'b.example']);
  });

  it('takes an empty variable as absent', () => {
    assert.equal(loadConfig({}, { FLYBALL_PORT: '', DATABASE_URL: '' }).port, 5050);
  });

  it('names every bad setting by the name that was used', () => {
    const environment = { FLYBALL_ROLE: 'king', DATABASE_URL: 'mysql://x' };
    assert.throws(
      () => loadConfig(parseFlags(['--port', '99999']), environment),
      (error: Error & { details?: { at: string }[] }) => {
        assert.deepEqual(error.details?.map(({ at }) => at).sort(), ['--port', 'DATABASE_URL', 'FLYBALL_ROLE']);
        return error.message.includes('--port: ');
      },
    );
  });

  it('refuses an unknown flag', () => {
    assert.throws(() => parseFlags(['--prot', '1']), { code: 'invalid_input', message: /--prot/ });
  });

  it('reads switches', () => {
    assert.equal(loadConfig(parseFlags(['--allow-private-webhooks']), {}).allowPrivateWebhooks, true);
    assert.equal(loadConfig({}, { FLYBALL_ALLOW_PRIVATE_WEBHOOKS: 'false' }).allowPrivateWebhooks, false);
  });

  it('listens beyond loopback only with sign-in and an administrator', () => {
    const adminToken = 'a-long-enough-secret';
    for (const host of ['0.0.0.0', '::', '10.0.0.3', 'flyball.example', '127.example']) {
      assert.throws(() => loadConfig({ host }, {}), { message: /^--host: .* can be reached from other machines/ });
      assert.throws(() => loadConfig({ host, auth: 'token' }, {}), { message: /FLYBALL_ADMIN_TOKEN/ });
      assert.throws(() => loadConfig({ host, adminToken }, {}), { message: /FLYBALL_AUTH=token/ });
      assert.equal(loadConfig({ host, auth: 'token', adminToken }, {}).host, host);
    }
    for (const host of ['localhost', '127.0.0.5', '::1']) assert.equal(loadConfig({ host }, {}).host, host);
  });

  it('refuses object stores that are not built yet', () => {
    assert.throws(() => loadConfig({ objects: 's3://bucket' }, {}), { message: /--objects: .*not built yet/ });
    assert.equal(loadConfig({ objects: 'file:///var/objects' }, {}).objects, 'file:/var/objects');
  });

  it('travels to a child process whole', () => {
    const adminToken = 'a-long-enough-secret';
    const config = loadConfig(
      { port: 0, auth: 'token', adminToken, allowedHosts: ['a', 'b'], allowPrivateWebhooks: true },
      {},
    );
    assert.deepEqual(loadConfig({}, environmentOf(config, { OTHER: 'kept', DATABASE_URL: 'postgres://gone' })), config);
  });

  it('is described in docs/reference/configuration.md, completely and with the true defaults', () => {
    const text = readFileSync(new URL('../../docs/reference/configuration.md', import.meta.url), 'utf8');
    const cells = (line: string) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
    const rows = text
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map(cells);
    const config = loadConfig({}, {});
    const expected = Object.entries(sources).map(([key, { environment, flag, about }]) => {
      const value = config[key as keyof typeof config];
      const shown =
        key === 'dataDir' ? './.flyball' : key === 'objects' ? 'file:<data-dir>/objects' : String(value ?? '');
      const code = (name: string | undefined) => (name === undefined || name === '' ? '' : `\`${name}\``);
      return [code(environment), code(flag && `--${flag}`), code(shown), about];
    });
    assert.deepEqual(rows, expected);
  });
});
