import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface UserProject {
  readonly folder: string;
  /** Writes definition files: name → text. */
  write(files: Readonly<Record<string, string>>): void;
  remove(): void;
}

/** A folder as users have it, with the SDK installed, outside of this repository. */
export function createUserProject(files: Readonly<Record<string, string>> = {}): UserProject {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'flyball-project-')));
  const scope = path.join(folder, 'node_modules', '@flyball');
  mkdirSync(scope, { recursive: true });
  symlinkSync(fileURLToPath(new URL('../..', import.meta.url)), path.join(scope, 'sdk'), 'junction');
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  const write: UserProject['write'] = (texts) => {
    for (const [name, text] of Object.entries(texts)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
  };
  write(files);
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
