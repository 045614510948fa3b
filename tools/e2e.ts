// npm run e2e [word…]: journeys through a real browser and the command line against a real server.
import { resolve } from 'node:path';
import { buildServer } from './bootstrap/server-build.mjs';
import { explainStartErrors } from './bootstrap/start-error.mjs';
import { buildWeb } from './bootstrap/web-build.mjs';
import { chromium } from './suite/chromium.ts';
import { runSuite, testFiles } from './suite/run-suite.ts';

await explainStartErrors(async () => {
  const files = testFiles(['e2e/**/*.test.ts'], process.argv.slice(2), ['e2e/clients/**']);
  const env = { FLYBALL_CHROMIUM: chromium() };
  const root = resolve(import.meta.dirname, '..');
  await buildServer(root, process.execPath);
  await buildWeb(root, process.execPath);
  await runSuite({ groups: [files], timeoutSeconds: 1200, env });
});
