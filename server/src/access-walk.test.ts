import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type Access, allRoutes, type ErrorBody, type Role, type Route } from '@flyball/api';
import { type RawAnswer, rawRequest } from '#testing/raw-request';
import { isComposed, missingRoutes, routeAddress } from '#testing/route-address';
import { createTestServer, type TestServer } from '#testing/test-server';

const adminToken = 'the-first-administrator';
const roles = ['viewer', 'contributor', 'approver', 'admin'] as const;
const ranks = ['public', ...roles];

interface Caller {
  readonly name: string;
  readonly token: string | undefined;
  /** What the caller may do in the project that is walked, and on the instance. */
  readonly inProject: Role | null;
  readonly onInstance: Role | null;
}

interface ForeignRoute {
  readonly method: string;
  readonly path: string;
  readonly access: Access;
  readonly scope: 'project' | 'named' | 'instance' | 'anywhere';
}

/** A door to another protocol, when it is there. */
async function foreignRoutes(): Promise<readonly ForeignRoute[]> {
  const door = new URL('./protocols/mlflow/index.ts', import.meta.url);
  if (!existsSync(door)) return [];
  const { mlflowRouteTable: table } = (await import(door.href)) as { mlflowRouteTable?: readonly ForeignRoute[] };
  return table ?? [];
}

/** What the contract says: `null` when the call is allowed. */
function denial(caller: Caller, access: Access, isOfProject: boolean): 401 | 403 | null {
  if (access === 'public') return null;
  if (caller.token === undefined) return 401;
  const role = isOfProject ? caller.inProject : caller.onInstance;
  return role !== null && ranks.indexOf(role) >= ranks.indexOf(access) ? null : 403;
}

function denialOf(caller: Caller, access: Access, scope: ForeignRoute['scope']): 401 | 403 | null {
  if (scope === 'anywhere') return caller.token === undefined ? 401 : null;
  return denial(caller, access, scope !== 'instance');
}

function denialBy(route: Route, caller: Caller): 401 | 403 | null {
  // Some public routes have something to say only to who is known, and declare it.
  const asksWho = route.access === 'public' && route.errors?.includes('not_signed_in') === true;
  if (asksWho && caller.token === undefined) return 401;
  return denial(caller, route.access, route.path.startsWith('/projects/:project'));
}

describe('every route asks for the role it declares', () => {
  const routes: Readonly<Record<string, Route>> = allRoutes;
  const callers: Caller[] = [{ name: 'nobody', token: undefined, inProject: null, onInstance: null }];
  let server: TestServer;
  let missing: string[];

  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken }, ['api', 'worker', 'gateway']);
    const admin = server.client(adminToken);
    await admin.createProject({ body: { name: 'elsewhere' } });
    const create = async (name: string, role: Role, project?: string): Promise<string> =>
      (await admin.createToken({ body: { name, role, ...(project === undefined ? {} : { project }) } })).secret;
    for (const role of roles) {
      const here = `${role} of the project`;
      callers.push({ name: here, token: await create(here, role, 'default'), inProject: role, onInstance: null });
      const all = `${role} of the instance`;
      callers.push({ name: all, token: await create(all, role), inProject: role, onInstance: role });
    }
    const other = 'admin of another project';
    callers.push({ name: other, token: await create(other, 'admin', 'elsewhere'), inProject: null, onInstance: null });
    missing = await missingRoutes(server.url, routes);
  });

  after(() => server.close());

  const call = async (caller: Caller, method: string, target: string, route?: Route): Promise<RawAnswer> => {
    const type = route?.upload === true ? 'application/octet-stream' : 'application/json';
    const hasBody = route === undefined ? method === 'POST' : route.upload === true || route.body !== undefined;
    return await rawRequest(server.url, target, {
      method,
      headers: {
        ...(hasBody ? { 'content-type': type } : {}),
        ...(caller.token === undefined ? {} : { authorization: `Bearer ${caller.token}` }),
      },
      ...(hasBody ? { body: '{}' } : {}),
    });
  };

  const judge = (answer: RawAnswer, expected: number | null): string | null => {
    if (answer.status >= 500 && answer.status !== 501) return `answers ${answer.status}: ${answer.text.slice(0, 200)}`;
    const isDenied = answer.status === 401 || answer.status === 403;
    if (expected === null) return isDenied ? `is refused with ${answer.status}` : null;
    return answer.status === expected ? null : `is answered ${answer.status} instead of ${expected}`;
  };

  it('is mounted', (t) => {
    if (isComposed(missing, routes)) assert.deepEqual(missing, []);
    else t.diagnostic(`No module is composed: ${missing.length} of ${Object.keys(routes).length} routes are not there`);
  });

  /** The routes to walk; that of labels is answered by the gateway, which is there only with modules. */
  const mounted = (): (readonly [string, Route])[] =>
    Object.entries(routes).filter(
      ([name]) => !missing.includes(name) && (name !== 'postLabels' || isComposed(missing, routes)),
    );

  it('refuses who lacks the role, and nobody else', async (t) => {
    const problems: string[] = [];
    const cases = mounted().flatMap(([name, route]) => callers.map((caller) => ({ name, route, caller })));
    for (const { name, route, caller } of cases) {
      const answer = await call(caller, route.method, routeAddress(route, { project: 'default' }), route);
      const expected = denialBy(route, caller);
      const problem = judge(answer, expected);
      if (problem !== null) problems.push(`${name}: ${caller.name} ${problem}`);
      const { code } = (answer.json ?? {}) as Partial<ErrorBody>;
      if (expected !== null) assert.equal(code, expected === 401 ? 'not_signed_in' : 'not_allowed', name);
    }
    t.diagnostic(`${cases.length} calls`);
    assert.deepEqual(problems, []);
  });

  it('holds for the routes of other protocols too', async (t) => {
    const foreign = await foreignRoutes();
    const problems: string[] = [];
    for (const { method, path, access, scope } of foreign) {
      const target = path.replace(':workspace_name', 'default').replace(/[:*]\w*/g, 'x');
      for (const caller of callers) {
        const answer = await call(caller, method, target);
        const problem = judge(answer, denialOf(caller, access, scope));
        if (problem !== null) problems.push(`${method} ${path}: ${caller.name} ${problem}`);
      }
    }
    t.diagnostic(`${foreign.length} routes`);
    assert.deepEqual(problems, []);
  });

  it('tells who may not see a project nothing about whether it exists', async () => {
    const outsider = callers.find(({ name }) => name === 'admin of another project')!;
    for (const [name, route] of mounted()) {
      if (!route.path.startsWith('/projects/:project')) continue;
      const [there, nowhere] = [
        await call(outsider, route.method, routeAddress(route, { project: 'default' }), route),
        await call(outsider, route.method, routeAddress(route, { project: 'nowhere' }), route),
      ];
      assert.deepEqual([there.status, nowhere.status], [403, 403], name);
    }
  });
});
