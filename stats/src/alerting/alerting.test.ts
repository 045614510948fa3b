import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertClose } from '../testing/assert-close.ts';
import { type AlertRule, QUIET_ALERT, runAlertRule, stepAlert } from './alert-rule.ts';
import { adjustForFalseDiscovery } from './false-discovery-rate.ts';

const rule: AlertRule = {
  direction: 'above',
  raiseAt: 3,
  clearAt: 2,
  raiseCount: 2,
  raiseWindow: 3,
  clearCount: 2,
};

describe('alert rules', () => {
  it('raises after enough bad values among the latest and clears after calm ones in a row', () => {
    const { transitions } = runAlertRule(rule, [1, 4, 1, 4, 1, 2.5, 1, 1, 1]);
    assert.deepEqual(transitions, [
      { index: 3, transition: 'raised' },
      { index: 7, transition: 'cleared' },
    ]);
  });

  it('does not flap between the thresholds', () => {
    const flapping = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 2.9 : 3.1));
    assert.equal(runAlertRule(rule, flapping).transitions.length, 1);
  });

  it('forgets bad values that left the window, and starts afresh after clearing', () => {
    assert.deepEqual(runAlertRule(rule, [4, 1, 1, 4]).transitions, []);
    const again = runAlertRule(rule, [4, 4, 1, 1, 4]);
    assert.equal(again.state.raised, false);
    assert.deepEqual(
      again.transitions.map((t) => t.transition),
      ['raised', 'cleared'],
    );
  });

  it('takes missing values as no evidence either way', () => {
    assert.equal(stepAlert(rule, QUIET_ALERT, null).state, QUIET_ALERT);
    const gaps = runAlertRule(rule, [4, null, Number.NaN, 4, 1, null, 1]);
    assert.deepEqual(gaps.transitions, [
      { index: 3, transition: 'raised' },
      { index: 6, transition: 'cleared' },
    ]);
  });

  it('watches for falls as for rises', () => {
    const below: AlertRule = { ...rule, direction: 'below', raiseAt: 0.7, clearAt: 0.75 };
    const { transitions } = runAlertRule(below, [0.8, 0.7, 0.6, 0.72, 0.8, 0.74, 0.8, 0.8]);
    assert.deepEqual(
      transitions.map((t) => t.index),
      [2, 7],
    );
  });

  it('alternates between raised and cleared, and can be continued from any saved state', () => {
    const signal = fc.array(fc.oneof(fc.double({ min: 0, max: 5, noNaN: true }), fc.constant(null)));
    fc.assert(
      fc.property(signal, fc.nat(20), (values, cut) => {
        const whole = runAlertRule(rule, values);
        whole.transitions.forEach(({ transition }, i) => {
          assert.equal(transition, i % 2 === 0 ? 'raised' : 'cleared');
        });
        const first = runAlertRule(rule, values.slice(0, cut));
        const saved = JSON.parse(JSON.stringify(first.state)) as typeof first.state;
        const rest = runAlertRule(rule, values.slice(cut), saved);
        assert.deepEqual(rest.state, whole.state);
        assert.equal(first.transitions.length + rest.transitions.length, whole.transitions.length);
      }),
      { seed: 1 },
    );
  });

  it('refuses a rule that contradicts itself', () => {
    assert.throws(() => stepAlert({ ...rule, clearAt: 4 }, QUIET_ALERT, 1), /good side/);
    assert.throws(() => stepAlert({ ...rule, direction: 'below' }, QUIET_ALERT, 1), /good side/);
    assert.throws(() => stepAlert({ ...rule, raiseCount: 4 }, QUIET_ALERT, 1), /raiseCount/);
    assert.throws(() => stepAlert({ ...rule, clearCount: 0 }, QUIET_ALERT, 1), /clearCount/);
    assert.throws(() => stepAlert({ ...rule, raiseAt: Number.NaN }, QUIET_ALERT, 1), /finite/);
  });

  it('adjusts p-values for many tests as scipy does', () => {
    const p = [0.005, 0.04, 0.03, 0.5, 0.0001];
    const expected = [0.0125, 0.05, 0.05, 0.5, 0.0005];
    adjustForFalseDiscovery(p).forEach((value, i) => void assertClose(value, expected[i]!, 1e-12));
    const any = [0.02854166666666667, 0.11416666666666667, 0.11416666666666667, 1, 0.0011416666666666667];
    adjustForFalseDiscovery(p, 'any').forEach((value, i) => void assertClose(value, any[i]!, 1e-12));
    assert.deepEqual([...adjustForFalseDiscovery([Number.NaN, 0.02])], [Number.NaN, 0.02]);
    assert.throws(() => adjustForFalseDiscovery([1.5]), RangeError);
  });
});
