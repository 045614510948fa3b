import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { allRoutes, type Client, createClient } from '@flyball/api';
import { type Program, startProgram } from '../app.ts';
import { type ConfigOverrides, loadConfig, type Role } from '../config.ts';
import { createTestDatabase } from './test-database.ts';

export interface TestServer extends Program {
  readonly url: string;
  readonly gatewayUrl: string;
  readonly dataDir: string;
  /** The typed client, as whoever holds the token (default: as everybody may). */
  client(token?: string, project?: string): Client<typeof allRoutes>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * A real server in this process: own database, own data folder, answers checked against the contract.
 * Default roles are `api` and `worker`; add `gateway` to serve predictions.
 */
export async function createTestServer(
  overrides: ConfigOverrides = {},
  roles: readonly Role[] = ['api', 'worker'],
): Promise<TestServer> {
  const database = await createTestDatabase();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'flyball-server-'));
  const gatewayPort = await freePort();
  const config = loadConfig(
    {
      port: 0,
      gatewayPort,
      dataDir,
      databaseUrl: database.url,
      logLevel: 'warn',
      analyticsMemoryMb: 256,
      ...overrides,
    },
    {},
  );
  const program = await startProgram(config, roles, { checkAnswers: true });
  const url = program.url!;
  return {
    ...program,
    url,
    gatewayUrl: `http://127.0.0.1:${gatewayPort}`,
    dataDir,
    client: (token, project) =>
      createClient(allRoutes, {
        url,
        ...(token === undefined ? {} : { token }),
        ...(project === undefined ? {} : { project }),
      }),
    close: async () => {
      await program.close();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
