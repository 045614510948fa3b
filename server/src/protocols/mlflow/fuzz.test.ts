import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { hostileTexts } from '#testing/arbitrary-input';
import { createTestServer, type TestServer } from '#testing/test-server';
import { mlflowRouteTable } from './route-table.ts';

const SEED = 3_500;
const EACH = 14;

/** Names that mean something somewhere, so that requests get past the first check. */
const fields = [
  'trace',
  'trace_info',
  'trace_id',
  'request_id',
  'trace_ids',
  'request_ids',
  'trace_location',
  'mlflow_experiment',
  'locations',
  'experiment_id',
  'experiment_ids',
  'request_time',
  'execution_duration',
  'timestamp_ms',
  'max_timestamp_millis',
  'max_traces',
  'max_results',
  'state',
  'status',
  'tags',
  'trace_metadata',
  'request_metadata',
  'assessments',
  'assessment',
  'assessment_name',
  'feedback',
  'expectation',
  'serialized_value',
  'serialization_format',
  'update_mask',
  'source',
  'value',
  'key',
  'name',
  'version',
  'filter',
  'filter_string',
  'order_by',
  'page_token',
  'run_id',
  'prompt_versions',
  'records',
  'dataset_record_ids',
  'serialized_scorer',
  'scorer_ids',
  'url',
  'events',
  'entity',
  'action',
  'event',
  'secret',
  'description',
];
const words = [
  '0',
  'tr-1',
  'OK',
  'ERROR',
  '2025-01-01T00:00:00Z',
  '1.5s',
  "tags.a = 'b'",
  "span.attributes.a RLIKE '('",
  "feedback.a > 1 AND name LIKE '%'",
  "metadata.`x` IS NULL AND text LIKE '\\'",
  'timestamp_ms DESC',
  'feedback,metadata',
  'JSON_FORMAT',
  '{"a": [1, "\\u0000", 1e400]}',
  '[{"inputs": {"a": 1}, "tags": {"b": "c"}}]',
  'WyJhIiwxXQ==',
  'http://127.0.0.1:1/',
  'REGISTERED_MODEL',
  'CREATED',
];

const scalar = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom(...hostileTexts),
  fc.constantFrom(0, 1, -1, 1.5, 2 ** 53, -(2 ** 63), 1e300, true, false, null),
);
const { value: arbitraryValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: false },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    { weight: 2, arbitrary: fc.dictionary(fc.constantFrom(...fields), tie('value'), { maxKeys: 5 }) },
  ),
}));
const arbitraryBody = fc.dictionary(fc.constantFrom(...fields), arbitraryValue, { minKeys: 1, maxKeys: 12 });

describe("no input breaks MLflow's routes of traces, judgements, evaluation datasets and scorers", () => {
  const about = /\/mlflow\/(traces|datasets|scorers|get-trace-artifact)|\/v1\/traces/;
  const routes = mlflowRouteTable.filter(({ path }) => about.test(path) && !path.startsWith('/ajax-api/2'));
  let server: TestServer;

  before(async () => {
    server = await createTestServer({ logLevel: 'error' });
    const location = { mlflow_experiment: { experiment_id: '0' } };
    await fetch(`${server.url}/api/3.0/mlflow/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ trace: { trace_info: { trace_id: 'tr-1', trace_location: location } } }),
    });
  });

  after(() => server.close());

  interface Input {
    readonly body: Readonly<Record<string, unknown>>;
    readonly name: string;
  }

  /** As long as a query may be. */
  const queryOf = (body: Input['body']): string => {
    const pairs = Object.entries(body).map(([key, item]): [string, string] => [key, String(JSON.stringify(item))]);
    return `?${new URLSearchParams(pairs).toString().slice(0, 4_000)}`;
  };

  const request = async (method: string, target: string, body: Input['body']): Promise<[number, string]> => {
    const isRead = method === 'GET';
    const answer = await fetch(server.url + target + (isRead ? queryOf(body) : ''), {
      method,
      headers: isRead ? {} : { 'content-type': 'application/json', 'x-mlflow-experiment-id': '0' },
      ...(isRead ? {} : { body: JSON.stringify(body) }),
    });
    return [answer.status, await answer.text()];
  };

  const isSaid = (status: number, text: string): boolean =>
    status < 400 || (status < 500 && /^\{"error_code":"[A-Z_]+","message":"/.test(text));

  it('answers each with what it asks for or with what is wrong', { timeout: 100_000 }, async (t) => {
    const faults: string[] = [];
    const statuses: Record<number, number> = {};
    for (const [at, { method, path }] of routes.entries()) {
      const inputs = fc.record<Input>({ body: arbitraryBody, name: fc.constantFrom(...words) });
      for (const { body, name } of fc.sample(inputs, { seed: SEED + at, numRuns: EACH })) {
        const target = path.replace(/:\w+/g, encodeURIComponent(name));
        const [status, text] = await request(method, target, body);
        statuses[status] = (statuses[status] ?? 0) + 1;
        const what = JSON.stringify(body).slice(0, 500);
        if (!isSaid(status, text)) faults.push(`${method} ${target} ${what} → ${status} ${text.slice(0, 200)}`);
      }
    }
    t.diagnostic(`${routes.length} routes: ${JSON.stringify(statuses)}`);
    assert.deepEqual(faults, []);
  });
});
