import { fileURLToPath } from 'node:url';
import { runProgram } from './run-program.ts';

await runProgram({
  args: process.argv.slice(2),
  script: fileURLToPath(import.meta.url),
  load: async () => (await import('./app.ts')).startRole,
});
