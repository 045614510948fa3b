import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { spawnRole } from './spawn-role.ts';

// Before anything else is loaded: three roles load much the same code, at every start.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/flyball-compiled', import.meta.url)));

const script = fileURLToPath(import.meta.url);
const args = process.argv.slice(2);
const isSupervisor = !args.some((arg) => arg.startsWith('--role')) && process.env['FLYBALL_ROLE'] === undefined;
// It loads its code while this process reads its configuration, and touches nothing until it is told to.
const api = isSupervisor ? spawnRole(script, [...args, '--role', 'api']) : undefined;
const { runProgram } = await import('./run-program.ts');
await runProgram({ args, script, api, load: async () => (await import('./app.ts')).startRole });
