import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Before anything else is loaded: three roles load much the same code, at every start.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/flyball-compiled', import.meta.url)));
const { runProgram } = await import('./run-program.ts');

await runProgram({
  args: process.argv.slice(2),
  script: fileURLToPath(import.meta.url),
  load: async () => (await import('./app.ts')).startRole,
});
