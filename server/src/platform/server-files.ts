import { fileURLToPath } from 'node:url';

// Of the code as built, every file lies in `server/dist`.
const isBuilt = import.meta.url.endsWith('.mjs');

/** The folder `server` of the repository. */
export const serverFolder = new URL(isBuilt ? '../' : '../../', import.meta.url);

/**
 * The script of a program that this one starts: built where this one is.
 *
 * @param source without extension, from `server/src`
 */
export function programFile(source: string): string {
  const name = isBuilt ? `dist/${source.slice(source.lastIndexOf('/') + 1)}.mjs` : `src/${source}.ts`;
  return fileURLToPath(new URL(name, serverFolder));
}
