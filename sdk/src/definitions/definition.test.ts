import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineDataset, expectation } from './define-dataset.ts';
import { defineEndpoint } from './define-endpoint.ts';
import { defineEntity } from './define-entity.ts';
import { count, defineFeatureView, fromRequest, shareAbove } from './define-feature-view.ts';
import { defineModel } from './define-model.ts';
import { defineMonitor } from './define-monitor.ts';
import { definePipeline } from './define-pipeline.ts';
import { definePolicy } from './define-policy.ts';
import { definitionKinds, isDefinition } from './definition.ts';
import { type Duration, durationSeconds } from './duration.ts';
import { output, param } from './reference.ts';

const flights = defineDataset({
  name: 'flights',
  timeColumn: 'date',
  expectations: [expectation.notNull('date'), expectation.between('delay', { min: -120, max: 1800, mostly: 0.999 })],
});
const airport = defineEntity({ name: 'airport', key: 'code' });
const view = defineFeatureView({
  name: 'punctuality',
  entity: airport,
  source: { dataset: flights, key: 'origin', happenedAt: 'date', knownAt: 'landed_at' },
  ttl: '2d',
  features: { late_3h: shareAbove('delay', 15).over('3h'), flights_3h: count().over('3h', { clock: 'happened' }) },
});
const model = defineModel({ name: 'delay' });
const endpoint = defineEndpoint({
  name: 'delay',
  model,
  inputs: { origin: 'BYTES', distance: 'FP32' },
  target: { kind: 'binary', positiveAbove: 15 },
  stickyInput: 'origin',
  feedback: { dataset: flights, columns: { date: 'at', origin: 'input.origin', delay: 'label' } },
});
const pipeline = definePipeline({
  name: 'nightly',
  steps: { load: { command: ['load'] }, train: { uses: 'evaluation.train', needs: ['load'] } },
});
const monitor = defineMonitor({
  name: 'watch',
  endpoint,
  signals: { calibration: { kind: 'calibration_error' } },
  rules: { decayed: { signal: 'calibration', bound: 0.03 } },
});
const policy = definePolicy({ name: 'default', model: '*' });

type Accepted<F extends (input: never) => unknown, I> = I extends Parameters<F>[0] ? true : false;
type Feature = Parameters<typeof view.serve>[0];

/** Does not compile when the compiler stops finding these mistakes. */
const mistakes: readonly false[] = [
  false satisfies 'late_4h' extends Feature ? true : false,
  false satisfies Accepted<typeof defineEntity, { name: string }>,
  false satisfies Accepted<typeof defineModel, { name: number }>,
  false satisfies '3 hours' extends Duration ? true : false,
  false satisfies [number, object] extends Parameters<typeof expectation.between> ? true : false,
];

describe('definitions', () => {
  it('find misspelt names while they are compiled', () => {
    assert.ok(!mistakes.some(Boolean));
  });

  it('know what they are, what they are called and where they were written', () => {
    const all = [policy, airport, flights, view, model, endpoint, pipeline, monitor];
    assert.deepEqual(
      all.map(({ kind }) => kind),
      definitionKinds,
    );
    for (const definition of all) {
      assert.ok(isDefinition(definition));
      assert.match(definition.definedAt, /definition\.test\.ts:\d+:\d+$/, definition.kind);
    }
    for (const other of [null, 'flights', {}, { kind: 'dataset', name: 'x' }]) assert.equal(isDefinition(other), false);
  });

  it('become what the server takes, references by name and with the defaults filled in', () => {
    assert.deepEqual(view.body.source, { dataset: 'flights', key: 'origin', happenedAt: 'date', knownAt: 'landed_at' });
    assert.equal(view.body.ttlSeconds, 172_800);
    assert.deepEqual(view.body.features, [
      { name: 'late_3h', aggregate: 'mean', of: { column: 'delay', above: 15 }, windowSeconds: 10_800, clock: 'known' },
      { name: 'flights_3h', aggregate: 'count', windowSeconds: 10_800, clock: 'happened' },
    ]);
    assert.deepEqual(endpoint.body.inputs[0], { name: 'origin', datatype: 'BYTES' });
    assert.equal(endpoint.body.feedback?.dataset, 'flights');
    assert.equal(monitor.body.endpoint, 'delay');
    assert.deepEqual(
      pipeline.body.steps.map(({ id, needs }) => [id, needs]),
      [
        ['load', []],
        ['train', ['load']],
      ],
    );
  });

  it('give features to models and training sets', () => {
    assert.deepEqual(view.serve('late_3h', { key: 'origin', as: 'late' }), {
      name: 'late',
      datatype: 'FP32',
      from: { kind: 'feature', view: 'punctuality', feature: 'late_3h', key: 'origin', scale: 1 },
    });
    assert.deepEqual(view.train('late_3h', { key: 'origin' }), {
      view: 'punctuality',
      feature: 'late_3h',
      key: 'origin',
      as: 'late_3h',
    });
    assert.deepEqual(fromRequest('hour'), { name: 'hour', datatype: 'FP32', from: { kind: 'request', input: 'hour' } });
    assert.equal(
      `${output('train', 'runId')} ${param('label')}`,
      '$' + '{steps.train.outputs.runId} $' + '{params.label}',
    );
  });

  it('name every bad place when they are wrong', () => {
    const bad = (): unknown =>
      defineDataset({ name: 'not a name', expectations: [expectation.between('delay', { mostly: 2 })] });
    assert.throws(bad, (error: Error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, /^The dataset "not a name" is not right:\n/);
      assert.match(error.message, /^ {2}name: Names are letters/m);
      assert.match(error.message, /^ {2}expectations\.0\.mostly: /m);
      assert.match(error.stack ?? '', /definition\.test\.ts:\d+/);
      return true;
    });
    assert.throws(() => defineEntity({ name: 'e', key: '' }), /The entity "e" is not right:\n {2}key: /);
    const window = { name: 'v', entity: 'e', source: { dataset: 'd', key: 'k', happenedAt: 'a', knownAt: 'b' } };
    assert.throws(() => defineFeatureView({ ...window, features: {} }), /features: /);
    assert.throws(
      () => defineFeatureView({ ...window, features: { 'a b': count().over(-5) } }),
      /features\.0\.name: .*\n.*features\.0\.windowSeconds: /,
    );
    assert.throws(
      () => defineMonitor({ name: 'm', endpoint: 'e', signals: {} }),
      /The monitor "m" is not right:\n {2}signals: /,
    );
    assert.throws(() => definePipeline({ name: 'p', steps: {} }), /steps: /);
  });

  it('take lengths of time with a unit', () => {
    assert.deepEqual(
      (['90s', '15m', '3h', '1.5d', '2w'] as const).map(durationSeconds),
      [90, 900, 10_800, 129_600, 1_209_600],
    );
    assert.equal(durationSeconds(42), 42);
    for (const bad of ['3 h', 'h', '', '-1h', '1y']) {
      assert.throws(() => durationSeconds(bad as Duration), /is no duration; write for example/, bad);
    }
  });
});
