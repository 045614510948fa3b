import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';

const repository = resolve(import.meta.dirname, '..');
const biome = join(repository, 'node_modules', '.bin', 'biome');
const longFunction = `export function long(): number {\n  let n = 0;\n${'  n += 1;\n'.repeat(60)}  return n;\n}\n`;

/** For each rule a file that breaks it. */
const breaches: Readonly<Record<string, readonly [path: string, text: string]>> = {
  noFloatingPromises: ['api/src/floating.ts', 'export async function go(): Promise<void> {}\ngo();\n'],
  noImportCycles: ['api/src/ring.ts', "import type { Other } from './other.ts';\n\nexport type Ring = Other;\n"],
  noExplicitAny: ['api/src/anything.ts', 'export const anything: any = 1;\n'],
  noDefaultExport: ['api/src/unnamed.ts', 'export default 1;\n'],
  noReExportAll: ['api/src/all.ts', "export * from './other.ts';\n"],
  noEnum: ['api/src/colour.ts', 'export enum Colour {\n  red,\n}\n'],
  noProcessEnv: ['server/src/platform/level.ts', 'export const level = process.env.LEVEL;\n'],
  noConsole: ['server/src/platform/say.ts', "console.log('hello');\n"],
  noUndeclaredDependencies: ['api/src/foreign.ts', "import { z } from 'zod';\n\nexport const foreign = z;\n"],
  useImportExtensions: ['api/src/bare.ts', "import type { Other } from './other';\n\nexport type Bare = Other;\n"],
  useFilenamingConvention: ['api/src/camelCase.ts', 'export const camelCase = 1;\n'],
  noExcessiveLinesPerFunction: ['api/src/long.ts', longFunction],
  noRestrictedImports: [
    'server/src/modules/data/climb.ts',
    "import { level } from '../../platform/level.ts';\n\nexport const climb = level;\n",
  ],
};

const sound: Readonly<Record<string, string>> = {
  'api/package.json': '{ "name": "api", "type": "module" }\n',
  'api/src/other.ts': "import type { Ring } from './ring.ts';\n\nexport type Other = Ring | 1;\n",
  'server/src/config.ts': "export const port = process.env['PORT'];\n",
  'tools/say.ts': "console.log('hello');\n",
};

describe('lint rules', () => {
  let root = '';
  let report = '';

  before(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'flyball-lint-')));
    cpSync(join(repository, 'biome.json'), join(root, 'biome.json'));
    writeFileSync(join(root, '.gitignore'), 'node_modules/\n');
    for (const [path, text] of [...Object.entries(sound), ...Object.values(breaches)]) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=200', '--error-on-warnings', '.'];
    report = await new Promise((done) => {
      execFile(process.execPath, args, { cwd: root, maxBuffer: 1e8 }, (_, stdout, stderr) => done(stdout + stderr));
    });
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const [rule, [path]] of Object.entries(breaches)) {
    it(`report a breach of ${rule}`, () => {
      const { diagnostics } = JSON.parse(report.slice(report.indexOf('{'), report.lastIndexOf('}') + 1)) as {
        diagnostics: { category: string; location: { path: unknown } }[];
      };
      const found = diagnostics.filter(({ location }) => JSON.stringify(location.path).includes(path));
      assert.ok(
        found.some(({ category }) => category.endsWith(`/${rule}`)),
        `${path}: ${JSON.stringify(found.map(({ category }) => category))}`,
      );
    });
  }

  it('find nothing wrong where an exception is meant', () => {
    for (const path of ['server/src/config.ts', 'tools/say.ts']) assert.ok(!report.includes(path), path);
  });
});
