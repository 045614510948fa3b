import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Role } from '@flyball/api';
import { type RawAnswer, rawRequest } from './raw-request.ts';
import { createTestServer, type TestServer } from './test-server.ts';

export type Body = Record<string, unknown>;

export interface Reply extends RawAnswer {
  /** The answer as an object; empty when it is none. */
  readonly body: Body;
}

/** What the cases of the security table are played on: a server that needs no login, one that does, and an attacker. */
export interface SecurityStage {
  readonly open: TestServer;
  readonly guarded: TestServer;
  /** A run of the open server, its experiment, and the local folder of its artifacts. */
  readonly run: string;
  readonly experiment: string;
  readonly folder: string;
  /** An address that nobody may connect to, and how often somebody did. */
  readonly attacker: string;
  readonly visits: () => number;
  /** Calls the open server below `/api/2.0/mlflow`. */
  readonly post: (path: string, body: Body) => Promise<Reply>;
  readonly get: (path: string) => Promise<Reply>;
  /** Calls any path of the open server as it is. */
  readonly raw: (method: string, target: string, options?: { body?: string; headers?: Body }) => Promise<Reply>;
  /** Calls the guarded server; without a token as nobody. */
  readonly as: (token: string | null, method: string, target: string, body?: Body) => Promise<Reply>;
  readonly tokens: Readonly<Record<'viewer' | 'contributor' | 'stranger' | 'admin', string>>;
  /** A run of the guarded server. */
  readonly ownRun: string;
  close(): Promise<void>;
}

const adminToken = 'the-first-administrator';

async function call(
  url: string,
  method: string,
  target: string,
  { body, headers = {} }: { body?: string; headers?: Body } = {},
): Promise<Reply> {
  const answer = await rawRequest(url, target, {
    method,
    headers: headers as Record<string, string>,
    ...(body === undefined ? {} : { body }),
  });
  const isObject = typeof answer.json === 'object' && answer.json !== null;
  return { ...answer, body: isObject ? (answer.json as Body) : {} };
}

const json = { 'content-type': 'application/json' };

async function startRun(url: string, experiment: string, headers: Body = {}): Promise<{ id: string; uri: string }> {
  const sent = { headers: { ...json, ...headers }, body: JSON.stringify({ experiment_id: experiment }) };
  const { body, text } = await call(url, 'POST', '/api/2.0/mlflow/runs/create', sent);
  assert.ok(body['run'] !== undefined, text);
  const { info } = body['run'] as { info: { run_id: string; artifact_uri: string } };
  return { id: info.run_id, uri: info.artifact_uri };
}

async function listenForVisits() {
  let visits = 0;
  const server = createServer((socket) => {
    visits++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}`, visits: () => visits };
}

async function makeTokens(guarded: TestServer): Promise<SecurityStage['tokens']> {
  const admin = guarded.client(adminToken);
  await admin.createProject({ body: { name: 'elsewhere' } });
  const make = async (role: Role, project: string): Promise<string> =>
    (await admin.createToken({ body: { name: `${role} of ${project}`, role, project } })).secret;
  return {
    viewer: await make('viewer', 'default'),
    contributor: await make('contributor', 'default'),
    stranger: await make('admin', 'elsewhere'),
    admin: adminToken,
  };
}

export async function openSecurityStage(): Promise<SecurityStage> {
  const home = mkdtempSync(path.join(tmpdir(), 'flyball-security-'));
  const root = path.join(home, 'root');
  mkdirSync(root);
  const open = await createTestServer({ defaultArtifactRoot: root });
  const guarded = await createTestServer({ auth: 'token', adminToken, allowPrivateWebhooks: true });
  const tokens = await makeTokens(guarded);
  const attacker = await listenForVisits();
  const made = await call(open.url, 'POST', '/api/2.0/mlflow/experiments/create', {
    headers: json,
    body: JSON.stringify({ name: 'security' }),
  });
  const experiment = String(made.body['experiment_id']);
  const { id: run } = await startRun(open.url, experiment);
  const { id: ownRun } = await startRun(guarded.url, '0', { authorization: `Bearer ${adminToken}` });
  const folder = path.join(root, experiment, run, 'artifacts');
  mkdirSync(path.join(folder, 'model'), { recursive: true });
  return {
    ...{ open, guarded, run, experiment, folder, tokens, ownRun },
    attacker: attacker.address,
    visits: attacker.visits,
    post: async (at, body) =>
      await call(open.url, 'POST', `/api/2.0/mlflow${at}`, { headers: json, body: JSON.stringify(body) }),
    get: async (at) => await call(open.url, 'GET', `/api/2.0/mlflow${at}`),
    raw: async (method, target, options) => await call(open.url, method, target, options),
    as: async (token, method, target, body) =>
      await call(guarded.url, method, target, {
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : json),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    close: async () => {
      attacker.server.close();
      await open.close();
      await guarded.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
