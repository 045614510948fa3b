import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { documentRules } from './document-rules.ts';
import { fileRules } from './file-rules.ts';
import { schemaRules } from './schema-rules.ts';
import type { Breach } from './source-file.ts';

const told = (breaches: readonly Breach[]): string[] => breaches.map(({ line, message }) => `${line} ${message}`);
const ofFile = (path: string, text: string): string[] => told(fileRules({ path, text }));
const ofDocument = (path: string, text: string): string[] => told(documentRules({ path, text }));
const ofSchema = (path: string, text: string): string[] => told(schemaRules({ path, text }));

describe('house rules', () => {
  it('limit files and lines, but not a string that cannot be broken', () => {
    assert.deepEqual(ofFile('a.ts', 'x\n'.repeat(400)), []);
    assert.match(ofFile('a.ts', 'x\n'.repeat(401))[0] ?? '', /^401 has 401 lines/);
    assert.match(ofFile('a.ts', `// ${'word '.repeat(24)}`)[0] ?? '', /^1 is 122 characters/);
    assert.deepEqual(ofFile('a.ts', `const text = '${'word '.repeat(24)}';`), []);
  });

  it('refuse names that say nothing', () => {
    for (const path of [
      'server/src/utils.ts',
      'api/src/types.ts',
      'sdk/src/run-manager.ts',
      'web/src/date-helpers.tsx',
    ]) {
      assert.match(ofFile(path, '')[0] ?? '', /named like a drawer/);
    }
    assert.deepEqual(ofFile('server/src/modules/data/dataset-store.ts', ''), []);
  });

  it('refuse comments that silence a check', () => {
    assert.equal(ofFile('a.ts', ['// @ts', '-expect-error'].join('')).length, 1);
    assert.equal(ofFile('a.ts', ['// biome', '-ignore lint: because'].join('')).length, 1);
  });

  it('keep test files to one describe with everything inside', () => {
    const good = "describe('a', () => {\n  before(() => {});\n  it('works', () => {});\n});\n";
    assert.deepEqual(ofFile('a.test.ts', good), []);
    assert.match(ofFile('a.test.ts', good + good)[0] ?? '', /^5 is a second top-level describe/);
    assert.match(ofFile('a.test.ts', `before(() => {});\n${good}`)[0] ?? '', /^1 stands outside/);
    assert.match(ofFile('a.test.ts', good.replace('it(', ['it', '.only('].join('')))[0] ?? '', /keeps other tests/);
  });

  it('ask for a word on every export that users read', () => {
    const path = 'stats/src/metrics/auc.ts';
    assert.deepEqual(ofDocument(path, 'export function auc() {}'), ['1 exports auc without saying what it is']);
    assert.deepEqual(ofDocument(path, '/** Area under the curve. */\nexport function auc() {}'), []);
    assert.deepEqual(
      ofDocument(path, '/** A run. */\nexport const Run = z;\nexport type Run = z.infer<typeof Run>;'),
      [],
    );
    assert.deepEqual(ofDocument('server/src/app.ts', 'export function app() {}'), []);
    assert.equal(ofDocument('server/src/modules/data/index.ts', 'export const a = 1;').length, 1);
    assert.deepEqual(ofDocument('server/src/modules/data/index.ts', '// Owns datasets.\nexport const a = 1;'), []);
  });

  it('keep a module to the tables of its own schema', () => {
    const store = 'server/src/modules/tracking/run-store.ts';
    assert.deepEqual(ofSchema(store, "db.selectFrom('tracking.run')\nconst x = data.rows; // from data.rows alone"), [
      '2 uses a table of #data; ask its functions',
    ]);
    assert.equal(ofSchema(store, "db.selectFrom('registry.model')").length, 1);
    assert.equal(ofSchema(store, 'sql`select * from features.entity`').length, 1);
    assert.deepEqual(ofSchema(store, 'sql`select * from tracking.run`; data.each(monitoring.alert)'), []);
  });

  it('let foreign keys point left only', () => {
    const path = 'server/migrations/0030-tracking.sql';
    assert.deepEqual(ofSchema(path, 'create table tracking.run (version uuid references data.dataset_version)'), []);
    assert.match(
      ofSchema(path, 'x uuid references registry.model')[0] ?? '',
      /points right, from tracking to registry/,
    );
    assert.match(ofSchema(path, 'create table data.copy (id uuid)')[0] ?? '', /creates a table of data/);
  });
});
