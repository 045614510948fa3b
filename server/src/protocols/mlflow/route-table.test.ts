import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { sharedFile } from '#testing/shared-vectors';
import { mlflowRouteTable } from './route-table.ts';

const table = sharedFile('reference/mlflow_endpoints.tsv');

describe('the table of MLflow routes', () => {
  it('has every endpoint of tier 1, and the whole artifact proxy', {
    skip: table === null && 'the table of endpoints is absent',
  }, () => {
    assert.ok(table !== null);
    const known = new Set(mlflowRouteTable.map(({ method, path }) => `${method} ${path}`));
    const [, ...lines] = readFileSync(table, 'utf8').trim().split('\n');
    const wanted = lines.flatMap((line) => {
      const [, method = '', path = '', version = '', , tier = ''] = line.split('\t');
      if (tier !== 'T1' && !path.startsWith('/mlflow-artifacts/')) return [];
      const own = path.replace(/<path:\w+>/, '*').replace(/\{(\w+)\}/g, ':$1');
      return [`${method} /api/${version}.0${own}`, `${method} /ajax-api/${version}.0${own}`];
    });
    assert.equal(wanted.length, 2 * (61 + 4));
    assert.deepEqual(
      wanted.filter((route) => !known.has(route)),
      [],
    );
  });

  it('names each route once', () => {
    const routes = mlflowRouteTable.map(({ method, path }) => `${method} ${path}`);
    assert.equal(new Set(routes).size, routes.length);
  });
});
