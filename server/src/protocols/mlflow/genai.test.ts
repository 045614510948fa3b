import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestServer, type TestServer } from '#testing/test-server';

type Body = Record<string, unknown>;

interface Answer {
  readonly status: number;
  readonly body: Body;
}

describe('judgements, evaluation datasets and scorers of MLflow clients', () => {
  let server: TestServer;
  let experiment: string;
  let other: string;
  const traceId = 'tr-1';

  const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${server.url}/api/3.0/mlflow${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };
  const refused = (answer: Answer, message: RegExp | string) => {
    assert.deepEqual([answer.status, answer.body['error_code']], [400, 'INVALID_PARAMETER_VALUE']);
    if (typeof message === 'string') assert.equal(answer.body['message'], message);
    else assert.match(String(answer.body['message']), message);
  };
  const missing = (answer: Answer, message: string) =>
    assert.deepEqual([answer.status, answer.body['message']], [404, message]);
  const makeExperiment = async (name: string): Promise<string> => {
    const response = await fetch(`${server.url}/api/2.0/mlflow/experiments/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    });
    return ((await response.json()) as { experiment_id: string }).experiment_id;
  };

  before(async () => {
    server = await createTestServer();
    [experiment, other] = [await makeExperiment('judged'), await makeExperiment('other')];
    const location = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } };
    await send('POST', '/traces', {
      trace: { trace_info: { trace_id: traceId, trace_location: location, state: 'OK' } },
    });
  });

  after(() => server.close());

  const assessments = `/traces/${traceId}/assessments`;
  const source = { source_type: 'HUMAN', source_id: 'ada' };
  const times = { create_time: '2025-01-01T00:00:00Z', last_update_time: '2025-01-01T00:00:00.500Z' };
  const judge = async (judgement: Body, more: Body = {}): Promise<Body> => {
    const sent = { assessment_name: 'n', source, ...times, ...judgement, ...more };
    const { status, body } = await send('POST', assessments, { assessment: sent });
    assert.equal(status, 200, JSON.stringify(body));
    return body['assessment'] as Body;
  };

  it('keeps feedback, expectations and issues as they are said', async () => {
    for (const value of [true, 1, 'x', null, [1, 'y'], { a: { b: null } }, '']) {
      const made = await judge({ feedback: { value } });
      const id = String(made['assessment_id']);
      assert.match(id, /^a-[0-9a-f]{32}$/);
      const known = await send('GET', `${assessments}/${id}`);
      assert.deepEqual(known.body['assessment'], {
        assessment_id: id,
        assessment_name: 'n',
        trace_id: traceId,
        source,
        ...times,
        feedback: { value },
        valid: true,
      });
    }
    const failed = { error_code: 'E', error_message: 'm', stack_trace: 's' };
    assert.deepEqual((await judge({ feedback: { error: failed } }))['feedback'], { value: null, error: failed });
    assert.deepEqual((await judge({ expectation: { value: 'x' } }))['expectation'], { value: 'x' });
    const serialized = (value: string) => ({ serialized_value: { serialization_format: 'JSON_FORMAT', value } });
    assert.deepEqual((await judge({ expectation: { value: { a: 1 } } }))['expectation'], serialized('{"a": 1.0}'));
    assert.deepEqual((await judge({ expectation: serialized('{"a":[1]}') }))['expectation'], serialized('{"a": [1]}'));
    assert.deepEqual((await judge({ issue: { issue_name: 'slow' } }))['issue'], { issue_name: 'slow' });
    const info = ((await send('GET', `/traces/${traceId}`)).body['trace'] as { trace_info: Body }).trace_info;
    assert.equal((info['assessments'] as Body[]).length, 12);
  });

  it('refuses what judges nothing, too much or no trace', async () => {
    const post = (assessment: unknown, path = assessments) => send('POST', path, { assessment });
    const feedback = { value: 1 };
    refused(await send('POST', assessments, {}), /^Missing value for required parameter 'assessment'/);
    refused(await post({}), 'Unknown assessment type: None');
    refused(await post({ feedback, expectation: { value: 1 } }), /^Exactly one of/);
    refused(await post({ expectation: {} }), 'The `value` field must be specified.');
    refused(
      await post({ expectation: { serialized_value: { serialization_format: 'X', value: '1' } } }),
      'Unknown serialization format: X. Only JSON_FORMAT is supported.',
    );
    for (const bad of [
      { feedback, create_time: 'x' },
      { feedback, source: { source_type: 'NOBODY' } },
      { feedback, assessment_name: 'n'.repeat(251) },
      { feedback, metadata: { a: 1 } },
      { feedback: { value: JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown } },
      { feedback: { value: 'a\u0000' } },
      { expectation: { serialized_value: { serialization_format: 'JSON_FORMAT', value: '{' } } },
    ]) {
      assert.equal((await post(bad)).status, 400, JSON.stringify(bad).slice(0, 80));
    }
    missing(await post({ feedback }, '/traces/none/assessments'), "Trace with ID 'none' not found.");
    missing(await post({ feedback, overrides: 'none' }), `Assessment with ID 'none' not found for trace '${traceId}'`);
    missing(await send('GET', `${assessments}/none`), `Assessment with ID 'none' not found for trace '${traceId}'`);
  });

  it('changes only what the mask names, and lets one assessment override another', async () => {
    const { assessment_id: id } = await judge({ feedback: { value: 1 } }, { metadata: { k: 'v' }, rationale: 'r' });
    const patch = (assessment: Body, mask: string) =>
      send('PATCH', `${assessments}/${id}`, { assessment, update_mask: mask });
    const changed = await patch(
      { feedback: { value: 'new' }, metadata: { z: '1' }, rationale: 'x' },
      'feedback,metadata',
    );
    const known = changed.body['assessment'] as Body;
    assert.deepEqual(
      [known['feedback'], known['metadata'], known['rationale']],
      [{ value: 'new' }, { k: 'v', z: '1' }, 'r'],
    );
    assert.notEqual(known['last_update_time'], times.last_update_time);
    const renamed = (await patch({ assessment_name: 'm' }, 'assessmentName')).body['assessment'] as Body;
    assert.equal(renamed['assessment_name'], 'm');
    refused(
      await patch({ expectation: { value: 1 } }, 'expectation'),
      'Cannot update expectation value on a Feedback assessment.',
    );
    refused(await patch({ rationale: 'x' }, ''), /^Missing value for required parameter 'update_mask'/);
    const valid = async () => ((await send('GET', `${assessments}/${id}`)).body['assessment'] as Body)['valid'];
    const over = await judge({ feedback: { value: 2 } }, { overrides: id });
    assert.equal(over['overrides'], id);
    assert.equal(await valid(), false);
    assert.deepEqual((await send('DELETE', `${assessments}/${over['assessment_id']}`)).body, {});
    assert.equal(await valid(), true);
    assert.deepEqual((await send('DELETE', `${assessments}/${over['assessment_id']}`)).body, {});
  });

  it('keeps evaluation datasets, whose records are known by their inputs', async () => {
    const made = await send('POST', '/datasets/create', {
      name: 'd',
      experiment_ids: [experiment],
      tags: '{"a": "1", "mlflow.user": "bob"}',
    });
    const dataset = made.body['dataset'] as Body;
    const id = String(dataset['dataset_id']);
    assert.match(id, /^d-[0-9a-f]{32}$/);
    assert.deepEqual(
      [dataset['tags'], dataset['created_by'], dataset['experiment_ids']],
      ['{"a": "1", "mlflow.user": "bob"}', 'bob', [experiment]],
    );
    const upsert = (records: unknown) => send('POST', `/datasets/${id}/records`, { records: JSON.stringify(records) });
    const first = await upsert([
      {
        inputs: { q: 'a', n: 1 },
        expectations: { e: 1 },
        source: { source_type: 'trace', source_data: { trace_id: 't' } },
      },
      { inputs: { q: 'b' }, outputs: 'text', tags: { t: '1' } },
      { inputs: { n: 1, q: 'a' }, expectations: { f: 2.5 } },
    ]);
    assert.deepEqual(first.body, { inserted_count: 2, updated_count: 1 });
    const second = await upsert([{ inputs: { q: 'b' }, tags: { u: '2' } }]);
    assert.deepEqual(second.body, { inserted_count: 0, updated_count: 1 });
    const page = async (query = '') => {
      const { body } = await send('GET', `/datasets/${id}/records${query}`);
      return { records: JSON.parse(String(body['records'])) as Body[], next: body['next_page_token'] };
    };
    const { records } = await page();
    const byQuestion = new Map(records.map((record) => [(record['inputs'] as Body)['q'], record]));
    const [a, b] = [byQuestion.get('a'), byQuestion.get('b')];
    assert.deepEqual([a?.['expectations'], a?.['source_id'], a?.['source_type']], [{ e: 1, f: 2.5 }, 't', 'TRACE']);
    assert.deepEqual([b?.['outputs'], b?.['tags']], ['text', { t: '1', u: '2' }]);
    const half = await page('?max_results=1');
    assert.equal(half.records.length, 1);
    const rest = await page(`?max_results=1&page_token=${encodeURIComponent(String(half.next))}`);
    assert.deepEqual([...half.records, ...rest.records], records);
    assert.equal(rest.next, undefined);
    const known = (await send('GET', `/datasets/${id}`)).body['dataset'] as Body;
    assert.equal(known['profile'], '{"num_records": 2}');
    assert.equal(
      known['schema'],
      '{"inputs": {"q": "string", "n": "integer"}, "outputs": "string", ' +
        '"expectations": {"e": "integer", "f": "float"}, "version": "1.0"}',
    );
    const removed = await send('DELETE', `/datasets/${id}/records`, {
      dataset_record_ids: [a?.['dataset_record_id'], 'x'],
    });
    assert.deepEqual(removed.body, { deleted_count: 1 });
    await send('DELETE', `/datasets/${id}`);
    missing(await send('GET', `/datasets/${id}`), `Evaluation dataset with id '${id}' not found`);
  });

  it('tags, joins and finds evaluation datasets, and refuses what is none', async () => {
    const make = async (name: string, tags = '{}'): Promise<string> => {
      const { body } = await send('POST', '/datasets/create', { name, tags, experiment_ids: [experiment] });
      return String((body['dataset'] as Body)['dataset_id']);
    };
    const [one, two] = [await make('one'), await make('two', '{"k": "v"}')];
    const search = async (body: Body): Promise<unknown[]> =>
      (((await send('POST', '/datasets/search', body)).body['datasets'] ?? []) as Body[]).map(
        (row) => row['dataset_id'],
      );
    assert.deepEqual(await search({ experiment_ids: [experiment], order_by: ['name'] }), [one, two]);
    assert.deepEqual(await search({ filter_string: "tags.k = 'v'" }), [two]);
    assert.deepEqual(await search({ filter_string: "name LIKE 'o%' AND created_time > 5" }), [one]);
    assert.deepEqual(await search({ experiment_ids: [other] }), []);
    await send('POST', `/datasets/${one}/add-experiments`, { experiment_ids: [other] });
    const joined = async () => (await send('GET', `/datasets/${one}/experiment-ids`)).body['experiment_ids'];
    assert.deepEqual(await joined(), [experiment, other]);
    await send('POST', `/datasets/${one}/remove-experiments`, { experiment_ids: [experiment, '77'] });
    assert.deepEqual(await joined(), [other]);
    assert.deepEqual((await send('PATCH', `/datasets/${one}/tags`, { tags: '{"a": "2", "b": null}' })).body, {});
    assert.equal(((await send('GET', `/datasets/${one}`)).body['dataset'] as Body)['tags'], '{"a": "2"}');
    assert.deepEqual((await send('DELETE', `/datasets/${one}/tags/a`)).body, {});
    missing(
      await send('POST', `/datasets/${one}/add-experiments`, { experiment_ids: ['99999'] }),
      'No Experiment with id=99999',
    );
    refused(await send('POST', '/datasets/create', {}), /^Missing value for required parameter 'name'/);
    refused(await send('POST', '/datasets/create', { name: 'x', tags: '[1]' }), /JSON object/);
    for (const records of [
      '{',
      '[1]',
      '[{"inputs": 5}]',
      '[{"inputs": {}, "tags": []}]',
      '['.repeat(9000),
      '"x"',
      '5',
    ]) {
      assert.equal((await send('POST', `/datasets/${one}/records`, { records })).status, 400, records.slice(0, 40));
    }
    refused(await send('POST', '/datasets/search', { filter_string: "nope = 'x'" }), /^Invalid attribute key 'nope'/);
    refused(await send('POST', '/datasets/search', { max_results: -1 }), /It must be a positive integer$/);
  });

  it('registers scorers by version and never takes code', async () => {
    const register = (name: string, definition: string, id = experiment) =>
      send('POST', '/scorers/register', { experiment_id: id, name, serialized_scorer: definition });
    const first = (await register('s', '{"x":1}')).body;
    assert.deepEqual([first['version'], first['serialized_scorer']], [1, '{"x":1}']);
    assert.equal((await register('s', '{"x":2}')).body['version'], 2);
    await register('a', '{"call_source":null}');
    const of = `experiment_id=${experiment}`;
    const list = async (query: string) =>
      (((await send('GET', query)).body['scorers'] ?? []) as Body[]).map((row) => [
        row['scorer_name'],
        row['scorer_version'],
      ]);
    const latest = [
      ['a', 1],
      ['s', 2],
    ];
    assert.deepEqual(await list(`/scorers/list?${of}`), latest);
    assert.deepEqual(await list('/scorers/list'), latest);
    assert.deepEqual(await list(`/scorers/list?experiment_ids=${other}`), []);
    assert.deepEqual(await list(`/scorers/versions?${of}&name=s`), [
      ['s', 1],
      ['s', 2],
    ]);
    const got = (await send('GET', `/scorers/get?${of}&name=s&version=1`)).body['scorer'] as Body;
    assert.deepEqual([got['serialized_scorer'], got['experiment_id']], ['{"x":1}', Number(experiment)]);
    refused(await register('c', '{"a":[{"call_source":"import os"}]}'), /^Custom scorer registration/);
    refused(await register('c', '{'), 'serialized_scorer must be valid JSON');
    assert.equal((await register('c', `{"x":"${'y'.repeat(100_000)}"}`)).status, 400);
    refused(await register(' ', '{}'), 'Scorer name cannot be empty or contain only whitespace.');
    missing(await register('c', '{}', '99999'), 'No Experiment with id=99999 exists');
    const remove = (version?: number) =>
      send('DELETE', '/scorers/delete', { experiment_id: experiment, name: 's', version });
    missing(await remove(9), `Scorer with name 's' and version 9 not found for experiment ${experiment}.`);
    assert.deepEqual((await remove(2)).body, {});
    assert.deepEqual((await remove()).body, {});
    missing(await remove(), `Scorer with name 's' not found for experiment ${experiment}.`);
    assert.deepEqual((await send('GET', '/scorers/online-configs?scorer_ids=x')).body, { configs: [] });
  });
});
