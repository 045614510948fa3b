import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceFile } from './mlflow-source.ts';

const isInside = (root: string, place: string): boolean => place === root || place.startsWith(root + path.sep);

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Artifacts on this machine, below some folders: a store may name any path, and these are what its owner has shown. */
export class LocalArtifacts {
  readonly #base: string;
  readonly #roots: readonly string[];
  readonly #problems: string[];

  private constructor(base: string, roots: readonly string[], problems: string[]) {
    this.#base = base;
    this.#roots = roots;
    this.#problems = problems;
  }

  static async open(base: string, roots: readonly string[], problems: string[]): Promise<LocalArtifacts> {
    const found = await Promise.all(roots.map(async (root) => await realpath(root).catch(() => null)));
    return new LocalArtifacts(
      base,
      found.filter((root) => root !== null),
      problems,
    );
  }

  /** The folders that a location may mean. */
  #placesOf(location: string): string[] {
    const proxied = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/i.exec(location)?.[1];
    if (proxied !== undefined) return this.#roots.map((root) => path.join(root, proxied));
    if (/^file:/i.test(location)) {
      try {
        return [fileURLToPath(location.replace(/^file:(?!\/\/)\/*/i, 'file:///'))];
      } catch {
        return [unescaped(location.replace(/^file:\/*/i, '/'))];
      }
    }
    if (/^[a-z][a-z0-9+.-]+:/i.test(location)) return [];
    return [path.resolve(this.#base, location)];
  }

  /**
   * The files of the first of these places that there is. None when nothing was ever written there; `null` when that
   * cannot be told, since it lies elsewhere.
   */
  async filesOf(location: string, ...others: readonly string[][]): Promise<readonly SourceFile[] | null> {
    const moved = others.flatMap((parts) => this.#roots.map((root) => path.join(root, ...parts)));
    const named = this.#placesOf(location);
    let isElsewhere = named.length === 0;
    for (const place of [...named, ...moved]) {
      const real = await realpath(place).catch(() => null);
      if (real === null) continue;
      if (!this.#roots.some((root) => isInside(root, real))) isElsewhere = true;
      else if ((await stat(real)).isDirectory()) return await this.#walk(real, '');
    }
    return isElsewhere ? null : [];
  }

  async #walk(folder: string, below: string): Promise<SourceFile[]> {
    const files: SourceFile[] = [];
    for (const entry of await readdir(path.join(folder, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      const whole = path.join(folder, name);
      if (entry.isDirectory()) files.push(...(await this.#walk(folder, name)));
      else if (entry.isFile()) {
        files.push({ path: name, sizeBytes: (await stat(whole)).size, open: () => createReadStream(whole) });
      } else this.#problems.push(`${whole} is neither a file nor a folder; it was left out`);
    }
    return files;
  }
}
