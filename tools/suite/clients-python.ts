import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProgress } from '../bootstrap/progress.mjs';
import { StartError } from '../bootstrap/start-error.mjs';

const run = promisify(execFile);
const isWindows = process.platform === 'win32';
const systemPython = isWindows ? 'python' : 'python3';

/** A Python that has the packages of the requirements file, made when they change; its newest versions then. */
export async function clientsPython(folder: string, requirements: string): Promise<string> {
  const python = join(folder, isWindows ? 'Scripts/python.exe' : 'bin/python');
  const stamp = join(folder, '.made-from');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  await assertPython();
  rmSync(folder, { recursive: true, force: true });
  const progress = startProgress('Installing the foreign clients into a Python environment');
  try {
    await explained(
      run(systemPython, ['-m', 'venv', folder]),
      'Python has no venv module; on Debian install python3-venv.',
    );
    const install = run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
    await explained(install, 'pip could not install them. Check the network and run the command again.');
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    progress.end('failed');
    throw error;
  }
  writeFileSync(stamp, wanted);
  progress.end('done');
  return python;
}

async function assertPython(): Promise<void> {
  const oldest = 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else 1)';
  await explained(
    run(systemPython, ['-c', oldest]),
    `The foreign clients need Python 3.10 or newer as ${systemPython}; on Debian install python3 and python3-venv.`,
  );
}

async function explained(work: Promise<unknown>, sentence: string): Promise<void> {
  try {
    await work;
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new StartError(said === '' ? sentence : `${sentence}\n${said}`, { cause });
  }
}
