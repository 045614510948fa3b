import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type Database, openDatabase } from '#platform/database/database';
import { startEmbeddedPostgres } from '#platform/database/embedded-postgres';
import { type Log, migrate } from '#platform/database/migrate';

export interface TestDatabase {
  /** For the programs: rows only. */
  url: string;
  ownerUrl: string;
  database: Database;
  drop(): Promise<void>;
}

interface TestServer {
  /** May create databases. */
  adminUrl: string;
  ownerUrl: string;
  url: string;
  template: string;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const PREFIX = 'flyball-test-';

let server: Promise<TestServer> | undefined;

/** A new database with every migration applied; the first call of a process starts the server all of them share. */
export async function createTestDatabase(): Promise<TestDatabase> {
  server ??= startServer();
  const { template } = await server;
  const { drop, ...urls } = await createDatabase(await server, template);
  const database = await openDatabase({ url: urls.url, applicationName: 'flyball test', poolSize: 8 });
  return {
    ...urls,
    database,
    async drop() {
      await database.close();
      await drop();
    },
  };
}

/** A new database without any table. */
export async function createEmptyTestDatabase(): Promise<Omit<TestDatabase, 'database'>> {
  server ??= startServer();
  return createDatabase(await server, 'template0');
}

async function createDatabase({ adminUrl, ownerUrl, url }: TestServer, template: string) {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const owner = userOf(ownerUrl);
  const app = userOf(url);
  await asAdmin(adminUrl, async (client) => {
    await client.query(`create database ${name} template ${template} owner ${owner} strategy wal_log`);
    if (owner !== app) await client.query(`grant create on database ${name} to ${app}`);
  });
  return {
    url: withDatabase(url, name),
    ownerUrl: withDatabase(ownerUrl, name),
    drop: () => asAdmin(adminUrl, (client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

function startServer(): Promise<TestServer> {
  const external = process.env['FLYBALL_TEST_DATABASE_URL'];
  return external === undefined ? startEmbedded() : useExternal(external);
}

async function startEmbedded(): Promise<TestServer> {
  sweep();
  const dataDir = mkdtempSync(path.join(tmpdir(), `${PREFIX}${process.pid}-`));
  const postgres = await startEmbeddedPostgres({ dataDir, log: silent, durable: false, keepAlive: false });
  process.once('exit', () => {
    end(postgres.pid, path.join(realpathSync(path.join(dataDir, 'postgres')), 'postmaster.pid'));
    rmSync(socketDirectory(postgres.url), { recursive: true, force: true });
    rmSync(dataDir, { recursive: true, force: true });
  });
  await migrate(postgres.ownerUrl, silent, { appRole: 'flyball' });
  return { ...postgres, adminUrl: postgres.adminUrl, template: 'flyball' };
}

const socketDirectory = (url: string): string =>
  new URL(url).searchParams.get('host') ?? path.join(tmpdir(), PREFIX, 'none');

/** An exit handler cannot wait for events, so this blocks. */
function end(pid: number, pidFile: string): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    return;
  }
  for (let tries = 0; tries < 400 && existsSync(pidFile); tries++) Atomics.wait(clock, 0, 0, 5);
}

/** Removes what killed test processes left behind. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN;
    if (Number.isNaN(pid) || existsSync(`/proc/${pid}`) || process.platform !== 'linux') continue;
    rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** One template per state of the migrations, shared by all test processes that use the server. */
async function useExternal(adminUrl: string): Promise<TestServer> {
  const folder = new URL('../../migrations/', import.meta.url);
  const digest = createHash('sha256');
  for (const name of readdirSync(folder).sort()) digest.update(readFileSync(new URL(name, folder)));
  const template = `flyball_template_${digest.digest('hex').slice(0, 16)}`;
  await asAdmin(adminUrl, async (client) => {
    await client.query('select pg_advisory_lock(5050002)');
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
    if (rowCount !== 0) return;
    const draft = `${template}_new`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft}`);
    await migrate(withDatabase(adminUrl, draft), silent);
    await client.query(`alter database ${draft} rename to ${template}`);
  });
  return { adminUrl, ownerUrl: adminUrl, url: adminUrl, template };
}

function userOf(url: string): string {
  return pg.escapeIdentifier(decodeURIComponent(new URL(url).username));
}

function withDatabase(url: string, name: string): string {
  const result = new URL(url);
  result.pathname = `/${name}`;
  return result.href;
}

async function asAdmin(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
