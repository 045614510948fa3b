import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { createUserProject, type UserProject } from '../testing/user-project.ts';
import { loadProject, UserCodeError } from './load-project.ts';

const entity = (name: string): string => `import { defineEntity } from '@flyball/sdk';
export const e = defineEntity({ name: '${name}', key: 'code' });
`;

describe('loading definition files', () => {
  let project: UserProject;

  afterEach(() => project.remove());

  const failure = async (place = project.folder): Promise<UserCodeError> => {
    const error: unknown = await loadProject(place).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof UserCodeError, String(error));
    return error;
  };

  it('gathers what all files of a folder export, below it too, but not of packages, tests and types', async () => {
    project = createUserProject({
      'b.ts': entity('b'),
      'deep/er/a.ts': entity('a'),
      'a.test.ts': 'throw new Error("a test");',
      'types.d.ts': 'throw new Error("types");',
      'node_modules/other/x.ts': 'throw new Error("a package");',
      'notes.md': 'no code',
    });
    const found = await loadProject(project.folder);
    assert.deepEqual(
      found.map(({ kind, name }) => `${kind} ${name}`),
      ['entity b', 'entity a'],
    );
    assert.ok(found[0]?.definedAt.endsWith(`${path.join(project.folder, 'b.ts')}:2:18`), found[0]?.definedAt);
    assert.deepEqual(
      (await loadProject(path.join(project.folder, 'b.ts'))).map(({ name }) => name),
      ['b'],
    );
  });

  it('counts a definition that several files export once', async () => {
    project = createUserProject({ 'a.ts': entity('same'), 'b.ts': `export { e as again } from './a.ts';` });
    assert.equal((await loadProject(project.folder)).length, 1);
  });

  it('refuses two definitions of the same thing and says where both are', async () => {
    project = createUserProject({ 'a.ts': entity('same'), 'b.ts': entity('same') });
    assert.match((await failure()).message, /b\.ts failed: the entity same is defined twice, also at .*a\.ts:2:18/);
  });

  it("tells where the user's code failed, by its own stack", async () => {
    project = createUserProject({
      'good.ts': entity('good'),
      'broken.ts': `export const size: number = 5;

function deep(): never {
  throw new RangeError('out of cheese');
}

deep();
`,
    });
    const { cause, file, message } = await failure();
    assert.match(file, /broken\.ts$/);
    assert.match(message, /broken\.ts failed: out of cheese$/);
    assert.ok(cause instanceof RangeError);
    const [, first, second] = (cause.stack ?? '').split('\n');
    assert.match(first!, /deep .*broken\.ts:4:9\)$/);
    assert.match(second!, /broken\.ts:7:1$/);
  });

  it('tells where a bad definition is, and every bad place of it', async () => {
    project = createUserProject({
      'bad.ts': `import { defineEntity } from '@flyball/sdk';

export const e = defineEntity({ name: 'no name', key: '' });
`,
    });
    const { message, cause } = await failure();
    assert.match(message, /The entity "no name" is not right:\n {2}name: .*\n {2}key: /);
    assert.match((cause as Error).stack ?? '', /bad\.ts:3:18/);
  });

  it('tells of code that cannot be read, of missing modules and of what is thrown without being an error', async () => {
    project = createUserProject({ 'syntax.ts': 'export const = 5;' });
    assert.match((await failure()).message, /syntax\.ts failed: /);
    project.write({ 'syntax.ts': '', 'missing.ts': `import { x } from './nowhere.ts';\nexport const y = x;` });
    assert.match((await failure(path.join(project.folder, 'missing.ts'))).message, /missing\.ts failed: .*nowhere\.ts/);
    project.write({ 'text.ts': `throw 'just text';` });
    assert.match((await failure(path.join(project.folder, 'text.ts'))).message, /text\.ts failed: just text/);
  });

  it('says that there is nothing at a place', async () => {
    project = createUserProject();
    await assert.rejects(loadProject(path.join(project.folder, 'nowhere')), /There is no file or folder .*nowhere/);
  });
});
