import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A Python with a peer's packages, in a folder of its own: peers disagree about their dependencies. */
export function peerPython(name: string, packages: readonly string[]): string {
  const folder = join(import.meta.dirname, '..', '.venv', name);
  const python = join(folder, 'bin', 'python');
  if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: 'inherit' });
  return python;
}

/** One thread for the peer, and no settings that some machines give its linear algebra. */
export function singleThreaded(): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _cache, ...rest } = process.env;
  return { ...rest, OMP_NUM_THREADS: '1' };
}
