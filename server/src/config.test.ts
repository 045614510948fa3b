import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type ConfigOverrides, environmentOf, loadConfig, parseFlags, sources } from './config.ts';

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

  it('knows where objects live, by either of two names', () => {
    const objects = (given: ConfigOverrides) => loadConfig(given, {}).objects;
    assert.equal(objects({ objects: 'file:///var/objects' }), 'file:/var/objects');
    assert.equal(objects({ objects: 'file:///var/with%20space' }), 'file:/var/with space');
    assert.equal(objects({ artifactsDestination: './mlartifacts' }), `file:${path.resolve('mlartifacts')}`);
    assert.equal(objects({ artifactsDestination: 's3://bucket/a/b' }), 's3://bucket/a/b');
    assert.equal(objects({ objects: 's3://bucket', artifactsDestination: 's3://bucket' }), 's3://bucket');
    assert.throws(() => loadConfig({ objects: 's3://a-bucket', artifactsDestination: 's3://b-bucket' }, {}), {
      message: /--artifacts-destination: is another place/,
    });
    for (const bad of ['gs://bucket', 's3://', 's3://UPPER', 's3://bucket/a%2f..', 's3://bucket?x=1', 'ftp://h/x']) {
      assert.throws(() => loadConfig({ objects: bad }, {}), { message: /--objects: / }, bad);
    }
  });

  it('never repeats a secret that was written into an address', () => {
    for (const objects of [
      's3://AKIA123:hush@bucket',
      's3://bucket?endpoint=http://AKIA123:hush@host',
      'ftp://AKIA:hush@h',
    ]) {
      assert.throws(
        () => loadConfig({ objects }, {}),
        (error: Error) => !/hush|AKIA/.test(error.message + JSON.stringify(error)),
      );
    }
  });

  it("takes the flags of mlflow's server", () => {
    const flags = ['--default-artifact-root', 'mlruns', '--no-serve-artifacts', '--static-prefix', '/ml/flow/'];
    const config = loadConfig(parseFlags(flags), {});
    assert.equal(config.defaultArtifactRoot, pathToFileURL(path.resolve('mlruns')).href);
    assert.equal(config.serveArtifacts, false);
    assert.equal(config.staticPrefix, '/ml/flow');
    assert.equal(loadConfig(parseFlags(['--serve-artifacts']), {}).serveArtifacts, true);
    assert.equal(loadConfig({ defaultArtifactRoot: 's3://bucket/x' }, {}).defaultArtifactRoot, 's3://bucket/x');
    assert.throws(() => loadConfig({ serveArtifacts: false }, {}), { message: /--default-artifact-root/ });
    assert.throws(() => loadConfig({ staticPrefix: 'x' }, {}), { message: /--static-prefix: Expected a path/ });
    const { allowedHosts, publicUrl } = loadConfig({ publicUrl: 'https://ml.example/x/' }, {});
    assert.deepEqual([publicUrl, allowedHosts], ['https://ml.example/x', ['ml.example']]);
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
