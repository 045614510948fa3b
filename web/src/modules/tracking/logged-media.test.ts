import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loggedImages, loggedTables, mediumAt } from './logged-media.ts';

describe('logged images and tables', () => {
  const file = (path: string) => ({ path, isDirectory: false });

  it('have their key and step from the name, without the small copies', () => {
    const found = loggedImages([
      file('images/val#digits%step%10%timestamp%1790000000000%ab-cd.png'),
      file('images/val#digits%step%10%timestamp%1790000000000%ab-cd%compressed.webp'),
      file('images/val#digits%step%2%timestamp%1790000000000%ab-ce.png'),
      file('images/val~digits+step+7+timestamp+1790000000000+ab-cf.png'),
      file('images/val~digits+step+7+timestamp+1790000000000+ab-cf+compressed.webp'),
      file('images/a+b+step+1+timestamp+1790000000000+ab-cf.png'),
      file('images/other.png'),
      { path: 'images/folder', isDirectory: true },
    ]);
    assert.deepEqual(
      found.map(({ key, step }) => [key, step]),
      [
        ['val/digits', 10],
        ['val/digits', 2],
        ['val/digits', 7],
        ['a+b', 1],
      ],
    );
    assert.equal(mediumAt(found, 'val/digits', 9)?.step, 7);
    assert.equal(mediumAt(found, 'val/digits', 6)?.step, 2);
    assert.equal(mediumAt(found, 'val/digits', 10)?.step, 10);
    assert.equal(mediumAt(found, 'val/digits', 0)?.step, 2);
    assert.equal(mediumAt(found, 'none', 0), null);
  });

  it('are read from the tag of tables, whatever it holds', () => {
    const tag = (text: string) => loggedTables({ tags: { 'mlflow.loggedArtifacts': text } });
    assert.deepEqual(
      tag('[{"path": "t.json", "type": "table"}, {"path": "x"}, null]').map(({ path }) => path),
      ['t.json'],
    );
    assert.deepEqual([tag('{'), tag('{}'), loggedTables({ tags: {} })], [[], [], []]);
  });
});
