import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { sharedFile } from '#testing/shared-vectors';
import { mlflowRouteTable } from './route-table.ts';

const table = sharedFile('reference/mlflow_endpoints.tsv');

/** Groups of which every endpoint of tier 2 is here too. */
const wholeGroups = [
  'Traces',
  'Assessments',
  'Evaluation datasets',
  'Scorers',
  'Artifact proxy (mlflow-artifacts)',
  'Webhooks',
];

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

  for (const name of wholeGroups) {
    it(`has every endpoint of tier 2 of the group ${name}`, { skip: table === null && 'the table is absent' }, () => {
      assert.ok(table !== null);
      const wanted = endpoints(table).filter(({ group, tier }) => group === name && tier === 'T2');
      assert.ok(wanted.length >= 4);
      assert.deepEqual(absent(wanted), []);
    });
  }

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
