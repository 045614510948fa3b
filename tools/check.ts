// npm run check [word…]: every check beside the tests, or those with one of the words in their name.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

interface Check {
  readonly name: string;
  /** Path of a JavaScript or TypeScript program, then its arguments. */
  readonly command: readonly [string, ...string[]];
}

const root = resolve(import.meta.dirname, '..');
const bin = (name: string): string => `node_modules/.bin/${name}`;
const sources = ['server/src', 'api/src', 'stats/src', 'sdk/src', 'web/src'];

const checks: readonly Check[] = [
  { name: 'types', command: [bin('tsc'), '-b'] },
  { name: 'lint and format', command: [bin('biome'), 'check', '--error-on-warnings', '.'] },
  { name: 'boundaries', command: [bin('depcruise'), '--config', '.dependency-cruiser.mjs', ...sources] },
  { name: 'dead code', command: [bin('knip'), '--no-progress'] },
  { name: 'house rules', command: ['tools/house-rules.ts'] },
  { name: 'generated documents', command: ['tools/docs.ts', '--check'] },
];

function run({ name, command }: Check): Promise<boolean> {
  const started = Date.now();
  const [program, ...args] = command;
  const child = spawn(process.execPath, [join(root, program), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  return new Promise((done) => {
    child.once('close', (code) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      process.stdout.write(
        `${code === 0 ? '✓' : '✗'} ${name} ${seconds} s\n${code === 0 ? '' : `${output.trimEnd()}\n`}`,
      );
      done(code === 0);
    });
  });
}

const words = process.argv.slice(2);
const chosen = checks.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
if (chosen.length === 0) process.stderr.write(`The checks are: ${checks.map(({ name }) => name).join(', ')}.\n`);
const passed = await Promise.all(chosen.map(run));
if (passed.length === 0 || passed.includes(false)) process.exitCode = 1;
