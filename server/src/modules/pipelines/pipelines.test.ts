import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PipelineDefinition, type PipelineRun } from '@flyball/api';
import { createData } from '#data';
import { type Actor, localActor } from '#platform/access/actor';
import type { Platform } from '#platform/platform';
import { createTestPlatform, type TestPlatform } from '#testing/test-platform';
import { createPipelines, type Pipelines } from './index.ts';

const node = process.execPath;
const script = (code: string): string[] => [node, '-e', code];
const output = (step: string, name: string): string => `\${steps.${step}.outputs.${name}}`;
const param = (name: string): string => `\${params.${name}}`;
const writes = (value: string): string =>
  `require('fs').writeFileSync(process.env.FLYBALL_OUTPUT, JSON.stringify(${value}))`;
const reads = "JSON.parse(require('fs').readFileSync(process.env.FLYBALL_INPUT))";

describe('pipelines', () => {
  let test: TestPlatform;
  let platform: Platform;
  let pipelines: Pipelines;

  before(async () => {
    test = await createTestPlatform();
    platform = test.platform;
    pipelines = createPipelines(platform, createData(platform));
    await platform.events.start({ work: true });
    await platform.jobs.start({ work: true });
    await pipelines.startWork();
  });

  after(async () => {
    await pipelines.stop();
    await test.close();
  });

  const define = async (definition: object, actor: Actor = localActor): Promise<string> => {
    const { name, ...body } = PipelineDefinition.parse(definition);
    await pipelines.handlers.putPipeline({ ...request(actor), params: { project: 'default', pipeline: name }, body });
    return name;
  };

  const request = (actor: Actor = localActor) => ({
    actor,
    project: 'default',
    requestId: 'test',
    signal: new AbortController().signal,
    upload: (async function* () {})(),
  });

  const start = async (pipeline: string, params: Record<string, unknown> = {}): Promise<string> => {
    const trigger = { kind: 'person' as const, detail: 'test' };
    return (await pipelines.start(localActor, { project: 'default', pipeline, params, trigger }))!;
  };

  async function finished(id: string): Promise<PipelineRun> {
    for (let i = 0; i < 600; i++) {
      const run = await pipelines.getRun('default', id);
      if (run.endedAt !== null) return run;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('The run did not end');
  }

  const stepOf = (run: PipelineRun, id: string) => run.steps.find((step) => step.id === id)!;
  const states = (run: PipelineRun) => Object.fromEntries(run.steps.map(({ id, state }) => [id, state]));

  it('hand outputs on, along the graph', async () => {
    const name = await define({
      name: 'hands-on',
      params: { start: 2 },
      steps: [
        { id: 'double', command: script(writes(`{ n: ${reads}.n * 2 }`)), with: { n: param('start') } },
        {
          id: 'square',
          command: script(writes(`{ n: ${reads}.n ** 2 }`)),
          with: { n: output('double', 'n') },
          needs: ['double'],
        },
      ],
    });
    const run = await finished(await start(name, { start: 5 }));
    equal(run.state, 'succeeded');
    deepEqual(stepOf(run, 'square').outputs, { n: 100 });
  });

  it('retry a step that fails, and keep what it said', async () => {
    const flaky =
      "const fs = require('fs'); const f = process.env.FLYBALL_INPUT + '/../../../tries'; console.log('try'); process.exit(3)";
    const name = await define({
      name: 'flaky',
      steps: [
        { id: 'fail', command: script(flaky), retries: 2, retryDelaySeconds: 0.05 },
        { id: 'after', command: script('1'), needs: ['fail'] },
        { id: 'always', command: script('1'), needs: ['after'], rule: 'always' },
      ],
    });
    const run = await finished(await start(name));
    equal(run.state, 'failed');
    deepEqual(states(run), { fail: 'failed', after: 'skipped', always: 'succeeded' });
    equal(stepOf(run, 'fail').attempt, 3);
    match(stepOf(run, 'fail').error!, /exit code 3\ntry/);
    const log = await pipelines.handlers.readStepLog({
      ...request(),
      params: { project: 'default', run: run.id, step: 'fail' },
      query: { after: 0, limit: 10 },
    });
    deepEqual(
      log.lines.map(({ text }) => text),
      ['try'],
    );
    equal(log.done, true);
  });

  it('end a step whose time is up, and all that it started', async () => {
    const name = await define({
      name: 'slow',
      steps: [{ id: 'sleep', command: ['/bin/sh', '-c', 'sleep 60 & sleep 60'], timeoutSeconds: 0.5 }],
    });
    const started = Date.now();
    const run = await finished(await start(name));
    match(stepOf(run, 'sleep').error!, /longer than 0\.5 s/);
    ok(Date.now() - started < 20_000);
  });

  it('cancel what runs and what waits', async () => {
    const name = await define({
      name: 'cancelled',
      steps: [
        { id: 'sleep', command: script('setTimeout(() => {}, 60000)') },
        { id: 'next', command: script('1'), needs: ['sleep'] },
      ],
    });
    const id = await start(name);
    for (let i = 0; i < 100 && stepOf(await pipelines.getRun('default', id), 'sleep').state !== 'running'; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const run = await pipelines.handlers.cancelPipelineRun({ ...request(), params: { project: 'default', run: id } });
    deepEqual(states(run), { sleep: 'cancelled', next: 'cancelled' });
    await rejects(
      async () => await pipelines.handlers.cancelPipelineRun({ ...request(), params: { project: 'default', run: id } }),
      { code: 'conflict' },
    );
  });

  it('skip a step whose condition does not hold, and still succeed', async () => {
    const name = await define({
      name: 'conditional',
      steps: [
        { id: 'look', command: script(writes('{ good: false }')) },
        { id: 'act', command: script('1'), needs: ['look'], when: output('look', 'good') },
        { id: 'after', command: script('1'), needs: ['act'] },
      ],
    });
    const run = await finished(await start(name));
    equal(run.state, 'succeeded');
    deepEqual(states(run), { look: 'succeeded', act: 'skipped', after: 'skipped' });
  });

  it('take a result from the cache when nothing that it depends on has changed, and say why', async () => {
    const name = await define({
      name: 'cached',
      steps: [{ id: 'once', command: script(writes('{ at: Date.now() }')), with: { n: param('n') }, cache: true }],
    });
    const first = stepOf(await finished(await start(name, { n: 1 })), 'once');
    const again = stepOf(await finished(await start(name, { n: 1 })), 'once');
    const other = stepOf(await finished(await start(name, { n: 2 })), 'once');
    deepEqual([first.cache?.hit, again.cache?.hit, other.cache?.hit], [false, true, false]);
    deepEqual(again.outputs, first.outputs);
    deepEqual(Object.keys(again.cache!.parts).sort(), ['code', 'input', 'node', 'runs']);
  });

  it('run again from a step, keeping what came before it', async () => {
    const name = await define({
      name: 'again',
      steps: [
        { id: 'first', command: script(writes('{ at: process.hrtime.bigint().toString() }')) },
        { id: 'second', command: script(writes('{ at: process.hrtime.bigint().toString() }')), needs: ['first'] },
      ],
    });
    const before = await finished(await start(name));
    await pipelines.handlers.retryPipelineRun({
      ...request(),
      params: { project: 'default', run: before.id },
      body: { from: 'second' },
    });
    const afterwards = await finished(before.id);
    deepEqual(stepOf(afterwards, 'first').outputs, stepOf(before, 'first').outputs);
    ok(stepOf(afterwards, 'second').outputs['at'] !== stepOf(before, 'second').outputs['at']);
  });

  it('start by an event that matches, once, and count what finds them busy', async () => {
    const name = await define({
      name: 'triggered',
      steps: [{ id: 'sleep', command: script(`setTimeout(() => {}, 1500)`) }],
      triggers: [{ kind: 'event', event: 'data.version-added', where: { dataset: 'flights' } }],
    });
    const publish = async (dataset: string) =>
      await platform.database.transaction(async (trx) => {
        const payload = { dataset, version: 1, verdict: 'pass' };
        await platform.events.publish(trx, { project: 'default', name: 'data.version-added', payload });
      });
    for (const dataset of ['other', 'flights', 'flights']) await publish(dataset);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { items } = await pipelines.handlers.listPipelineRuns({
      ...request(),
      params: { project: 'default' },
      query: { limit: 100, pipeline: name },
    });
    equal(items.length, 1);
    equal((items[0]!.params['event'] as { dataset: string }).dataset, 'flights');
    const pipeline = await pipelines.handlers.getPipeline({
      ...request(),
      params: { project: 'default', pipeline: name },
    });
    equal(pipeline.droppedTriggers, 1);
    await finished(items[0]!.id);
  });

  it('refuse a graph that cannot run, a command of a contributor, a bad schedule', async () => {
    const loop = [
      { id: 'a', command: ['x'], needs: ['b'] },
      { id: 'b', command: ['x'], needs: ['a'] },
    ];
    await rejects(define({ name: 'loop', steps: loop }), { code: 'invalid_input' });
    const contributor: Actor = { name: 'ada', kind: 'token', roleIn: () => 'contributor' };
    await rejects(define({ name: 'theirs', steps: [{ id: 'a', command: ['x'] }] }, contributor), {
      code: 'not_allowed',
    });
    const triggers = [{ kind: 'schedule', cron: 'every day' }];
    await rejects(define({ name: 'bad-cron', steps: [{ id: 'a', command: ['x'] }], triggers }), {
      code: 'invalid_input',
    });
  });

  it('tell clearly when a command cannot be started or writes no JSON', async () => {
    const name = await define({
      name: 'broken',
      maxParallelRuns: 2,
      steps: [
        { id: 'missing', command: ['/no/such/program'] },
        { id: 'text', command: script("require('fs').writeFileSync(process.env.FLYBALL_OUTPUT, 'hello')") },
      ],
    });
    const run = await finished(await start(name));
    match(stepOf(run, 'missing').error!, /exit code 127|could not|Could not/);
    match(stepOf(run, 'text').error!, /one JSON object/);
  });
});
