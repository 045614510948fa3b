#!/usr/bin/env node
// Plain JavaScript: of a start, the first line of TypeScript costs a tenth.
import { createRequire, enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Before anything else is loaded: most of a short command is the reading of our own code.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/flyball-compiled', import.meta.url)));

const [, , command, ...args] = process.argv;
const server = command === 'up' && !args.some((arg) => arg === '--help' || arg === '-h') ? serverProgram() : undefined;
if (server !== undefined) {
  // This process is the server from here on: same terminal, same signals, its exit code.
  process.argv = [process.execPath, server, ...args];
  await import(pathToFileURL(server).href);
} else {
  const { runCommand } = await import('../src/cli/run-command.ts');
  await runCommand();
}

/** @returns {string | undefined} nothing where only the CLI is installed */
function serverProgram() {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('@flyball/server/package.json')), 'bin', 'server.mjs');
  } catch {
    return undefined;
  }
}
