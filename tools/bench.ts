// npm run bench [name…]: the benchmarks in bench/, one after another so that none disturbs another; all without a name.
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const available = globSync('bench/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })
  .map((path) => basename(path, '.ts'))
  .sort();

function run(name: string): Promise<boolean> {
  process.stdout.write(`\n── ${name}\n`);
  const child = spawn(process.execPath, [resolve(root, 'bench', `${name}.ts`)], { cwd: root, stdio: 'inherit' });
  return new Promise((done) => child.once('exit', (code) => done(code === 0)));
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !available.includes(name));
if (unknown.length > 0 || available.length === 0) {
  process.stderr.write(
    `No benchmark called ${unknown.join(', ') || 'anything'}; there are: ${available.join(', ') || 'none'}.\n`,
  );
  process.exitCode = 1;
} else {
  const failed: string[] = [];
  for (const name of asked.length > 0 ? asked : available) {
    if (!(await run(name))) failed.push(name);
  }
  if (failed.length > 0) process.stderr.write(`\nFailed: ${failed.join(', ')}\n`);
  if (failed.length > 0) process.exitCode = 1;
}
