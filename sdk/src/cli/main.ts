#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Before anything else is loaded: most of a short command is the reading of our own code.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/flyball-compiled', import.meta.url)));
const { runCommand } = await import('./run-command.ts');

await runCommand();
