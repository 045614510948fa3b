import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Definition, isDefinition } from '../definitions/definition.ts';

/** Code of the user's failed while we ran it: the stack is theirs, and it is not our fault. */
export class UserCodeError extends Error {
  override readonly name = 'UserCodeError';
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(`${file} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.file = file;
  }
}

async function definitionFiles(place: string): Promise<string[]> {
  const found = await stat(place).catch(() => {
    throw new TypeError(`There is no file or folder ${place}; name where your definitions are`);
  });
  if (found.isFile()) return [place];
  const names = await readdir(place, { recursive: true });
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.endsWith('.test.ts'))
    .filter((name) => !name.split(path.sep).includes('node_modules'))
    .sort()
    .map((name) => path.join(place, name));
}

function collect(exported: Record<string, unknown>, file: string, into: Map<string, Definition>): void {
  for (const value of Object.values(exported)) {
    if (!isDefinition(value)) continue;
    const key = `${value.kind} ${value.name}`;
    const known = into.get(key);
    if (known !== undefined && known !== value) {
      throw new UserCodeError(file, new TypeError(`the ${key} is defined twice, also at ${known.definedAt}`));
    }
    into.set(key, value);
  }
}

/** Imports definition files (all of a folder, or one) and gathers what they export. */
export async function loadProject(place: string): Promise<Definition[]> {
  const definitions = new Map<string, Definition>();
  for (const file of await definitionFiles(path.resolve(place))) {
    const exported: Record<string, unknown> = await import(pathToFileURL(file).href).catch((cause: unknown) => {
      throw new UserCodeError(path.relative(process.cwd(), file), cause);
    });
    collect(exported, path.relative(process.cwd(), file), definitions);
  }
  return [...definitions.values()];
}
