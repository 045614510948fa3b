import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { anchorsOf, linksOf } from './guide-blocks.ts';

const root = resolve(import.meta.dirname, '..', '..');
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/**/*.md'], {
  cwd: root,
  exclude: ['**/node_modules/**'],
});

describe('links between documents', () => {
  for (const document of documents) {
    it(`of ${document} lead somewhere`, () => {
      const text = readFileSync(join(root, document), 'utf8');
      const broken = linksOf(text).filter((target) => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? join(root, document) : join(root, dirname(document), path);
        if (!existsSync(file)) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor);
      });
      assert.deepEqual(broken, []);
    });
  }
});
