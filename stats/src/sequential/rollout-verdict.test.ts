import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type MetricEvidence, type RolloutEvidence, rolloutVerdict } from './rollout-verdict.ts';

const metric = (logEFail: number, logEPass: number, name = 'errors'): MetricEvidence => ({
  name,
  logEFail,
  logEPass,
  alphaShare: 0.025,
  beta: 0.05,
});
const STRONG = Math.log(41);
const evidence = (change: Partial<RolloutEvidence> = {}): RolloutEvidence => ({
  alpha: 0.05,
  metrics: [metric(0, STRONG), metric(0, STRONG, 'slow answers')],
  minimumRequestsReached: true,
  minimumTimeReached: true,
  horizonReached: false,
  ...change,
});

describe('rollout verdict', () => {
  it('passes when every metric is proven and the minimum is reached', () => {
    assert.equal(rolloutVerdict(evidence()).verdict, 'pass');
    assert.equal(rolloutVerdict(evidence({ minimumTimeReached: false })).verdict, 'not_enough_data');
    assert.equal(rolloutVerdict(evidence({ minimumRequestsReached: false })).verdict, 'not_enough_data');
    const oneOpen = evidence({ metrics: [metric(0, STRONG), metric(0, 0, 'slow answers')] });
    const decision = rolloutVerdict(oneOpen);
    assert.equal(decision.verdict, 'not_enough_data');
    assert.match(decision.reasons.join(), /slow answers/);
  });

  it('fails when any guard reaches its share of alpha', () => {
    const decision = rolloutVerdict(evidence({ metrics: [metric(0, STRONG), metric(STRONG, STRONG, 'slow answers')] }));
    assert.equal(decision.verdict, 'fail');
    assert.match(decision.reasons.join(), /slow answers is worse: E_fail 41\.0 reached 40\.0/);
    const almost = rolloutVerdict(evidence({ metrics: [metric(Math.log(39), 0)] }));
    assert.equal(almost.verdict, 'not_enough_data');
  });

  it('fails at once on a hard stop, whatever else is known', () => {
    const decision = rolloutVerdict(evidence({ hardStops: ['replica failed'], sampleRatioMismatch: true }));
    assert.deepEqual(decision, { verdict: 'fail', reasons: ['replica failed'] });
  });

  it('gives no statistical verdict when the split is broken', () => {
    const metrics = [metric(STRONG, STRONG)];
    assert.equal(rolloutVerdict(evidence({ metrics, sampleRatioMismatch: true })).verdict, 'needs_review');
  });

  it('asks a person about shifted predictions and missing labels, but still fails on evidence', () => {
    assert.equal(rolloutVerdict(evidence({ predictionShift: true })).verdict, 'needs_review');
    assert.equal(rolloutVerdict(evidence({ labelsMissing: true })).verdict, 'needs_review');
    const failing = evidence({ metrics: [metric(STRONG, 0)], predictionShift: true });
    assert.equal(rolloutVerdict(failing).verdict, 'fail');
  });

  it('lets nothing pass by default at the horizon', () => {
    const open = evidence({ metrics: [metric(0, 0)], horizonReached: true });
    assert.equal(rolloutVerdict(open).verdict, 'needs_review');
    assert.equal(rolloutVerdict(evidence({ metrics: [], horizonReached: true })).verdict, 'needs_review');
    assert.equal(rolloutVerdict(evidence({ metrics: [] })).verdict, 'not_enough_data');
    assert.equal(rolloutVerdict(evidence({ horizonReached: true })).verdict, 'pass');
  });

  it('does not wait for a metric that can only fail', () => {
    const metrics = [metric(0, STRONG), { ...metric(0, 0, 'latency'), mustPass: false }];
    assert.equal(rolloutVerdict(evidence({ metrics })).verdict, 'pass');
    const onlyGuards = [{ ...metric(0, 0, 'latency'), mustPass: false }];
    assert.equal(rolloutVerdict(evidence({ metrics: onlyGuards })).verdict, 'not_enough_data');
  });

  it('refuses a plan that spends more than alpha, and evidence that is not a number', () => {
    assert.throws(() => rolloutVerdict(evidence({ alpha: 0.04 })), /alpha shares add up to 0.05/);
    assert.throws(() => rolloutVerdict(evidence({ metrics: [metric(Number.NaN, 0)] })), /not a number/);
  });

  it('never passes and never waits less with more evidence of harm', () => {
    const log = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(log, log, fc.boolean(), (fail, pass, horizonReached) => {
        const { verdict } = rolloutVerdict(evidence({ metrics: [metric(fail, pass)], horizonReached }));
        assert.equal(verdict === 'fail', fail >= -Math.log(0.025));
        if (verdict === 'pass') assert.ok(pass >= -Math.log(0.05));
      }),
      { seed: 1 },
    );
  });
});
