import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sharedDir } from '../../../tools/shared-dir.ts';
import { createRandom } from '../sampling/random.ts';
import { createDdm, updateDdm } from './ddm.ts';
import { createHddm, updateHddm } from './hddm.ts';
import { createPageHinkley, type DetectorSignal, updatePageHinkley } from './page-hinkley.ts';
import { createWeightedHddm, updateWeightedHddm } from './weighted-hddm.ts';

interface OnlineCase {
  readonly detector: string;
  readonly params: Readonly<Record<string, number>>;
  readonly stream: string;
  readonly expected_drift: readonly number[];
  readonly expected_first_warning_per_episode?: readonly number[];
}

const shared = sharedDir();
const skip = shared === null ? 'the folder ../shared with the reference vectors is absent' : false;

/** Indices of drift, and of the first warning since the start or the last drift. */
function detect(update: (value: number) => DetectorSignal, stream: readonly number[]) {
  const drifts: number[] = [];
  const warnings: number[] = [];
  let warned = false;
  stream.forEach((value, index) => {
    const signal = update(value);
    if (signal === 'drift') {
      drifts.push(index);
      warned = false;
    }
    if (signal === 'warning' && !warned) {
      warnings.push(index);
      warned = true;
    }
  });
  return { drifts, warnings };
}

function updater({ detector, params: p }: OnlineCase): (value: number) => DetectorSignal {
  if (detector === 'DDM') {
    const state = createDdm({ warmUp: p.warm_start!, warning: p.warning_threshold!, drift: p.drift_threshold! });
    return (value) => updateDdm(state, value);
  }
  if (detector === 'HDDM_A') {
    const state = createHddm({ drift: p.drift_confidence ?? 0.001, warning: p.warning_confidence ?? 0.005 });
    return (value) => updateHddm(state, value);
  }
  if (detector === 'HDDM_W') {
    const state = createWeightedHddm({ weight: p.lambda_val! });
    return (value) => updateWeightedHddm(state, value);
  }
  const state = createPageHinkley({
    minimum: p.min_instances!,
    delta: p.delta!,
    threshold: p.threshold!,
    alpha: p.alpha!,
  });
  return (value) => updatePageHinkley(state, value);
}

describe('online drift detectors', () => {
  it('detect where River does', { skip }, () => {
    const path = join(shared!, 'vectors/online_drift_cases.json');
    const { cases, streams } = JSON.parse(readFileSync(path, 'utf8')) as {
      cases: OnlineCase[];
      streams: Record<string, number[]>;
    };
    assert.equal(cases.length, 7);
    for (const one of cases) {
      const { drifts, warnings } = detect(updater(one), streams[one.stream]!);
      assert.deepEqual(drifts, one.expected_drift, `${one.detector} on ${one.stream}`);
      const expected = one.expected_first_warning_per_episode;
      if (expected !== undefined) assert.deepEqual(warnings, expected, `${one.detector} on ${one.stream}`);
    }
  });

  it('stay quiet on a steady stream and speak up after a change', () => {
    const random = createRandom(11);
    const steady = Array.from({ length: 3000 }, () => (random.uniform() < 0.1 ? 1 : 0));
    const changed = [...steady, ...Array.from({ length: 1000 }, () => (random.uniform() < 0.5 ? 1 : 0))];
    const [hinkley, hddm] = [createPageHinkley(), createHddm()];
    const byHinkley = detect((value) => updatePageHinkley(hinkley, value), changed).drifts;
    const byHddm = detect((value) => updateHddm(hddm, value), changed).drifts;
    for (const drifts of [byHinkley, byHddm]) assert.ok(drifts[0]! > 3000 && drifts[0]! < 3400, drifts.join());
  });

  it('keep a state that survives being saved', () => {
    const values = Array.from({ length: 200 }, (_, i) => (i % 7 === 0 || i > 150 ? 1 : 0));
    const straight = createDdm();
    let saved = createDdm();
    for (const value of values) {
      const signal = updateDdm(straight, value);
      saved = JSON.parse(JSON.stringify(saved)) as typeof saved;
      assert.equal(updateDdm(saved, value), signal);
    }
  });

  it('look only in the direction asked for', () => {
    const fall = [...new Array<number>(500).fill(1), ...new Array<number>(500).fill(0)];
    const up = createPageHinkley({ direction: 'up', threshold: 20 });
    const down = createPageHinkley({ direction: 'down', threshold: 20 });
    assert.deepEqual(detect((value) => updatePageHinkley(up, value), fall).drifts, []);
    assert.equal(detect((value) => updatePageHinkley(down, value), fall).drifts.length, 1);
  });

  it('refuse values and settings outside their domain', () => {
    assert.throws(() => updateDdm(createDdm(), 0.5), RangeError);
    assert.throws(() => updateHddm(createHddm(), 2), RangeError);
    assert.throws(() => updateWeightedHddm(createWeightedHddm(), 2), RangeError);
    assert.throws(() => createWeightedHddm({ weight: 0 }), RangeError);
    assert.throws(() => updatePageHinkley(createPageHinkley(), Number.NaN), RangeError);
    assert.throws(() => createDdm({ warning: 3, drift: 2 }), RangeError);
    assert.throws(() => createHddm({ drift: 0.1, warning: 0.01 }), RangeError);
    assert.throws(() => createPageHinkley({ alpha: 0 }), RangeError);
  });
});
