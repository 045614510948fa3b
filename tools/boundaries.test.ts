import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';

const repository = resolve(import.meta.dirname, '..');
const depcruise = join(repository, 'node_modules', '.bin', 'depcruise');

/** For each rule a file that breaks it. */
const breaches: Readonly<Record<string, readonly [path: string, text: string]>> = {
  'data-imports-point-left': [
    'server/src/modules/data/peek.ts',
    "import type { Run } from '#tracking';\nexport type Peek = Run;",
  ],
  'modules-meet-at-index': [
    'server/src/modules/registry/reach.ts',
    "import { run } from '../tracking/run-store.ts';\nexport const reach = run;",
  ],
  'protocols-use-the-front-door': [
    'server/src/protocols/mlflow/climb.ts',
    "import { run } from '../../modules/tracking/run-store.ts';\nexport const climb = run;",
  ],
  'protocols-are-separate': ['server/src/protocols/feast/borrow.ts', "export { climb } from '../mlflow/climb.ts';"],
  'nothing-imports-protocols': [
    'server/src/modules/serving/use-door.ts',
    "import { climb } from '../../protocols/mlflow/climb.ts';\nexport const door = climb;",
  ],
  'platform-knows-no-module': [
    'server/src/platform/know.ts',
    "import { run } from '#tracking';\nexport const know = run;",
  ],
  'sql-lives-in-stores': [
    'server/src/modules/pipelines/ask.ts',
    "import { database } from '#platform/database/database';\nexport const ask = database;",
  ],
  'stats-and-api-run-anywhere': [
    'stats/src/read.ts',
    "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;",
  ],
  'sdk-depends-on-the-contract': [
    'sdk/src/mean.ts',
    "import { read } from '../../stats/src/read.ts';\nexport const mean = read;",
  ],
  'no-cycles': [
    'server/src/platform/other.ts',
    "import type { Ring } from './ring.ts';\nexport type Other = Ring | 1;",
  ],
  'everything-resolves': ['web/src/lost.ts', "import { nothing } from './nothing.ts';\nexport const lost = nothing;"],
};

const sound: Readonly<Record<string, string>> = {
  'server/package.json': JSON.stringify({
    name: 'server',
    type: 'module',
    imports: { '#platform/*': './src/platform/*.ts', '#tracking': './src/modules/tracking/index.ts' },
  }),
  'server/src/platform/ring.ts': "import type { Other } from './other.ts';\nexport type Ring = Other;",
  'server/src/platform/database/database.ts': 'export const database = 1;',
  'server/src/modules/tracking/run-store.ts':
    "import { database } from '#platform/database/database';\nexport const run = database;",
  'server/src/modules/tracking/index.ts': "export { run } from './run-store.ts';\nexport type Run = 1;",
  'server/src/modules/registry/index.ts': "import { run } from '#tracking';\nexport const known = run;",
  'api/src/index.ts': 'export const api = 1;',
};

describe('boundaries', () => {
  let root = '';
  let report = '';

  before(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'flyball-boundaries-')));
    for (const [path, text] of [...Object.entries(sound), ...Object.values(breaches)]) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const config = join(repository, '.dependency-cruiser.mjs');
    const sources = ['server/src', 'api/src', 'stats/src', 'sdk/src', 'web/src'];
    const args = [depcruise, '--config', config, '--output-type', 'err', ...sources];
    report = await new Promise((done) => {
      execFile(process.execPath, args, { cwd: root }, (_, stdout, stderr) => done(stdout + stderr));
    });
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const [rule, [path]] of Object.entries(breaches)) {
    it(`report a breach of ${rule}`, () => {
      assert.match(report, new RegExp(`error ${rule}: ${path}`), report);
    });
  }

  it('find nothing wrong with what keeps to them', () => {
    for (const path of Object.keys(sound).filter((name) => !name.endsWith('ring.ts'))) {
      assert.doesNotMatch(report, new RegExp(`error [\\w-]+: ${path}`), report);
    }
  });
});
