import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { countsVariable, filesVariable } from './reporter.ts';
import type { Counts } from './suite-report.ts';

export interface Suite {
  /** Files of each group run one after another in one process; groups run beside each other. */
  readonly groups: readonly (readonly string[])[];
  readonly timeoutSeconds: number;
  readonly env?: Readonly<Record<string, string>>;
}

const root = resolve(import.meta.dirname, '..', '..');

// All files share one process, so what they test is loaded once. A failed hook leaves servers and connections
// open, which must not keep the run from ending.
const nodeTest = [
  '--test',
  '--test-isolation=none',
  '--test-force-exit',
  `--test-reporter=${join(import.meta.dirname, 'reporter.ts')}`,
];

/** Paths of the test files that match the globs, those with one of the words in their path if there are words. */
export function testFiles(
  globs: readonly string[],
  words: readonly string[],
  exclude: readonly string[] = [],
): string[] {
  return globSync([...globs], { cwd: root, exclude: ['**/node_modules/**', ...exclude] })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .sort();
}

/** Runs all files, ends with a line such as `12 passed, 0 failed`, and sets the exit code. */
export async function runSuite(suite: Suite): Promise<void> {
  const groups = suite.groups.filter((files) => files.length > 0);
  if (groups.length === 0) {
    process.stderr.write('There is no test to run.\n');
    process.exitCode = 1;
    return;
  }
  const started = Date.now();
  const counts = await Promise.all(groups.map((files) => runGroup(files, suite)));
  const total = counts.reduce(add);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${groups.flat().length} files in ${seconds} s\n${closingLine(total)}\n`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
}

function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

async function runGroup(files: readonly string[], suite: Suite): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'flyball-suite-'));
  const countsFile = join(folder, 'counts.json');
  try {
    const child = spawn(process.execPath, [...nodeTest, `--test-timeout=${suite.timeoutSeconds * 1000}`, ...files], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...suite.env, [countsVariable]: countsFile, [filesVariable]: files.join('\n') },
    });
    const forward = (signal: NodeJS.Signals): boolean => child.kill(signal);
    process.once('SIGTERM', forward);
    const how = await new Promise<string>((done) => {
      child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`));
    });
    process.off('SIGTERM', forward);
    return readCounts(countsFile, how);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(path: string, how: string): Counts {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Counts;
  } catch {
    process.stdout.write(`✗ The process that runs the tests ended early (${how}).\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
