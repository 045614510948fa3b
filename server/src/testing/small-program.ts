import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '#platform/database/database';
import type { Config, Role } from '../config.ts';
import { runProgram } from '../run-program.ts';
import type { RunningRole } from '../run-role.ts';

/** Roles without any module: each answers `{ role, pid, projects }` from the database. Proves the supervisor alone. */
async function startRole(config: Config, role: Role, complete: Promise<Config>): Promise<RunningRole> {
  if (role === 'worker' && config.defaultArtifactRoot?.endsWith('/fail-worker'))
    throw new Error('This worker never starts');
  const database = await openDatabase({ url: (await complete).databaseUrl ?? '', applicationName: role, poolSize: 2 });
  const server = createServer((request, response) => {
    if (request.url === '/crash') process.exit(7);
    database.pool.query('select count(*) as projects from platform.project').then(
      ({ rows }) => response.end(JSON.stringify({ role, pid: process.pid, ...rows[0] })),
      (error) => response.writeHead(503).end(String(error)),
    );
  });
  if (role !== 'worker') {
    server.listen(role === 'api' ? config.port : config.gatewayPort, config.host);
    await once(server, 'listening');
  }
  const address = server.address() as AddressInfo | null;
  return {
    ...(address === null ? {} : { url: `http://${config.host}:${address.port}` }),
    async close() {
      server.closeAllConnections();
      server.close();
      await database.close();
    },
  };
}

await runProgram({
  args: process.argv.slice(2),
  script: fileURLToPath(import.meta.url),
  load: async () => startRole,
});
