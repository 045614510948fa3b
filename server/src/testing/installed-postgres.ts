import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chooseAccount, SERVER_ENVIRONMENT } from '#platform/database/postgres-account';
import { startServer, stopServer } from '#platform/database/postgres-server';

const DEBIAN_HOME = '/usr/lib/postgresql';

/** The major versions of PostgreSQL that Debian's packages have put on this machine. */
export function installedVersions(): string[] {
  if (!existsSync(DEBIAN_HOME)) return [];
  return readdirSync(DEBIAN_HOME).filter((version) => existsSync(path.join(DEBIAN_HOME, version, 'bin/initdb')));
}

/** A server of the machine's own PostgreSQL with an empty database; what an operator would give as DATABASE_URL. */
export async function startInstalledPostgres(version: string): Promise<{ url: string; stop(): Promise<void> }> {
  const native = path.join(DEBIAN_HOME, version);
  const account = chooseAccount();
  const home = mkdtempSync(path.join(tmpdir(), 'flyball-pg-installed-'));
  const directory = path.join(home, 'data');
  const secret = path.join(home, 'secret');
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(secret, 'operator\n');
  chmodSync(home, 0o711);
  if (account !== undefined) for (const at of [home, directory, secret]) chownSync(at, account.uid, account.gid);
  const flags = ['-U', 'operator', '--auth=scram-sha-256', `--pwfile=${secret}`, '--encoding=UTF8', '--locale=C'];
  const made = spawnSync(path.join(native, 'bin/initdb'), ['-D', directory, ...flags, '--no-sync'], {
    ...account,
    env: SERVER_ENVIRONMENT,
    cwd: '/',
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb of PostgreSQL ${version}: ${made.stdout}${made.stderr}`);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const place = { native, directory, account, host: home, port: 5432, settings: ['fsync=off'] };
  const result = await startServer(place, log);
  if ('failed' in result) throw new Error(`PostgreSQL ${version}: ${result.failed}`);
  return {
    url: `postgres://operator:operator@localhost/postgres?host=${encodeURIComponent(home)}`,
    async stop() {
      await stopServer(result.child);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
