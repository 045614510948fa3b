import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { sharedFile } from '#testing/shared-vectors';
import { mlflowRouteTable } from './route-table.ts';

const table = sharedFile('reference/mlflow_endpoints.tsv');

interface Endpoint {
  readonly group: string;
  readonly tier: string;
  /** Method and path, under both prefixes. */
  readonly routes: readonly string[];
}

function endpoints(file: string): Endpoint[] {
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [group = '', method = '', path = '', version = '', , tier = ''] = line.split('\t');
    const own = path.replace(/<path:\w+>/, '*').replace(/\{(?:\w+\.)?(\w+)\}/g, ':$1');
    return { group, tier, routes: [`${method} /api/${version}.0${own}`, `${method} /ajax-api/${version}.0${own}`] };
  });
}

describe('the table of MLflow routes', () => {
  const known = new Set(mlflowRouteTable.map(({ method, path }) => `${method} ${path}`));
  const absent = (wanted: readonly Endpoint[]) =>
    wanted.flatMap(({ routes }) => routes).filter((one) => !known.has(one));

  it('has every endpoint of tier 1', { skip: table === null && 'the table of endpoints is absent' }, () => {
    assert.ok(table !== null);
    const wanted = endpoints(table).filter(({ tier }) => tier === 'T1');
    assert.equal(wanted.length, 61);
    assert.deepEqual(absent(wanted), []);
  });

  it('has every endpoint of tier 2', { skip: table === null && 'the table of endpoints is absent' }, () => {
    assert.ok(table !== null);
    const wanted = endpoints(table).filter(({ tier }) => tier === 'T2');
    assert.equal(wanted.length, 56);
    assert.deepEqual(absent(wanted), []);
  });

  it('has the routes that pages of the reference ask for', () => {
    const ajax = '/ajax-api/2.0/mlflow';
    for (const route of [
      'GET /get-artifact',
      'GET /model-versions/get-artifact',
      `GET ${ajax}/metrics/get-history-bulk`,
      `GET ${ajax}/metrics/get-history-bulk-interval`,
      `POST ${ajax}/experiments/search-datasets`,
      `POST ${ajax}/upload-artifact`,
      `GET ${ajax}/logged-models/:model_id/artifacts/files`,
    ]) {
      assert.ok(known.has(route), route);
    }
  });

  it("takes spans by OpenTelemetry's protocol and gives the files of traces", () => {
    for (const route of ['POST /v1/traces', ...[2, 3].map((v) => `GET /ajax-api/${v}.0/mlflow/get-trace-artifact`)]) {
      assert.ok(known.has(route), route);
    }
  });

  it('names each route once', () => {
    const routes = mlflowRouteTable.map(({ method, path }) => `${method} ${path}`);
    assert.equal(new Set(routes).size, routes.length);
  });
});
