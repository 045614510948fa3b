import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { allRoutes, type ErrorBody, type ErrorCode, errorStatus, type Route } from '@flyball/api';
import * as fc from 'fast-check';
import { arbitraryInput, hostileTexts, type Vocabulary } from '#testing/arbitrary-input';
import { populateProject } from '#testing/populated-project';
import { type RawAnswer, rawRequest } from '#testing/raw-request';
import { isComposed, missingRoutes, routeAddress } from '#testing/route-address';
import { createTestServer, type TestServer } from '#testing/test-server';

const SEED = 5050;
const REQUESTS = 1500;
const always: readonly ErrorCode[] = ['invalid_input', 'not_found', 'too_large', 'not_allowed'];

interface Input {
  readonly params: Readonly<Record<string, string>>;
  readonly query: string;
  readonly body: string | undefined;
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();

function queryText(query: unknown): string {
  if (typeof query !== 'object' || query === null) return encodeURIComponent(asText(query));
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [key.toWellFormed(), asText(one)]),
  );
  return new URLSearchParams(pairs).toString();
}

/** Not JSON, or JSON that only looks harmless. */
const brokenBodies = fc.constantFrom(
  '',
  '{',
  'null',
  '[[[[',
  '"',
  '{"a":1}}',
  '{"__proto__":{"a":1}}',
  '\ufeff{}',
  '{"a":"\\ud800"}',
  '['.repeat(5000) + ']'.repeat(5000),
);

const bodiesOf = (route: Route, vocabulary: Vocabulary): fc.Arbitrary<string | undefined> => {
  if (route.upload === true) return fc.string({ unit: 'binary', maxLength: 200 });
  if (route.body === undefined) return fc.constant(undefined);
  const formed = arbitraryInput(route.body, vocabulary).map((body) => JSON.stringify(body));
  return fc.oneof({ weight: 30, arbitrary: formed }, { weight: vocabulary.noise, arbitrary: brokenBodies });
};

function inputsOf(route: Route, vocabulary: Vocabulary): fc.Arbitrary<Input> {
  const placeholders = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
  const hostile = fc.constantFrom(
    ...hostileTexts.filter((text) => text.isWellFormed() && !['', '.', '..'].includes(text)),
  );
  const param = (name: string): fc.Arbitrary<string> => {
    const usual = name === 'project' ? fc.constant('default') : fc.constantFrom(...vocabulary.words);
    const weight = vocabulary.noise * (name === 'project' ? 1 : 4);
    return fc.oneof({ weight: 18, arbitrary: usual }, { weight, arbitrary: hostile });
  };
  const query =
    route.query === undefined
      ? fc.constantFrom('', '', 'surprise=1')
      : arbitraryInput(route.query, vocabulary).map(queryText);
  return fc.record({
    params: fc.record(Object.fromEntries(placeholders.map((name) => [name, param(name)]))),
    query,
    body: bodiesOf(route, vocabulary),
  });
}

/** What is wrong with an answer, if anything is. */
function fault(route: Route, answer: RawAnswer): string | null {
  if (answer.status < 400) return null;
  const { code, message, requestId } = (answer.json ?? {}) as Partial<ErrorBody>;
  if (code === undefined || !message || !requestId) return 'does not say what is wrong';
  if (errorStatus[code] !== answer.status) return `says ${code}, which is not ${answer.status}`;
  if (code === 'internal') return 'is our fault';
  return [...always, ...(route.errors ?? [])].includes(code) ? null : `says ${code}, which it does not declare`;
}

describe('no input breaks the native API', () => {
  const routes: Readonly<Record<string, Route>> = allRoutes;
  let server: TestServer;
  let mounted: (readonly [string, Route])[];
  let words: readonly string[] = ['a', 'a', 'a', 'b', '1', 'latest', 'delay', 'default'];

  before(async () => {
    // Pipelines may come to life; what they run must not be found.
    const quiet = { logLevel: 'error', stepPath: '/nowhere' } as const;
    server = await createTestServer(quiet, ['api', 'worker', 'gateway']);
    const missing = await missingRoutes(server.url, routes);
    const hasGateway = isComposed(missing, routes);
    if (hasGateway) words = [...words, ...(await populateProject(server.client()))];
    mounted = Object.entries(routes).filter(
      ([name]) => !missing.includes(name) && (hasGateway || name !== 'postLabels'),
    );
  });

  after(() => server.close());

  const send = async (route: Route, { params, query, body }: Input): Promise<RawAnswer> =>
    await rawRequest(server.url, routeAddress(route, params) + (query === '' ? '' : `?${query}`), {
      method: route.method,
      ...(body === undefined ? {} : { body }),
      headers:
        body === undefined
          ? {}
          : { 'content-type': route.upload === true ? 'application/octet-stream' : 'application/json' },
    });

  it(`answers ${REQUESTS} requests with what they ask for or with what is wrong`, { timeout: 110_000 }, async (t) => {
    const rounds = Math.ceil(REQUESTS / mounted.length);
    const inputs = mounted.flatMap(([name, route], number) => {
      // Half of them could be right in every place, so that they get to what is behind the checks.
      const halves = ([0, 1] as const).map((noise) => inputsOf(route, { words, noise }));
      return fc
        .sample(fc.oneof(...halves), { seed: SEED + number, numRuns: rounds })
        .map((input, round) => ({ name, route, input, round }));
    });
    // Round after round over all routes, so that one meets what another has made; what takes things away comes last.
    const isRemoval = (route: Route): number => (route.method === 'DELETE' ? 1 : 0);
    inputs.sort((a, b) => isRemoval(a.route) - isRemoval(b.route) || a.round - b.round);
    const faults = new Map<string, string>();
    const statuses: Record<number, number> = {};
    for (const { name, route, input } of inputs) {
      const answer = await send(route, input);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      const found = fault(route, answer);
      const key = `${name} ${found}`;
      if (found === null || faults.has(key)) continue;
      faults.set(key, `${key}: ${JSON.stringify(input).slice(0, 600)} → ${answer.status} ${answer.text.slice(0, 300)}`);
    }
    t.diagnostic(`${inputs.length} requests to ${mounted.length} routes: ${JSON.stringify(statuses)}`);
    assert.deepEqual([...faults.values()], []);
  });

  it('still works afterwards', async () => {
    const { items } = await server.client().listProjects();
    assert.ok(items.some(({ name }) => name === 'default'));
    assert.equal((await rawRequest(server.url, '/ready')).status, 200);
  });
});
