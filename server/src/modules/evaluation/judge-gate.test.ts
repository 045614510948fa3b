import { equal, match } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Evaluation, Gate, type ModelVersion } from '@flyball/api';
import { judgeGate, worstOf } from './judge-gate.ts';

const evaluation = (more: Partial<Evaluation> = {}): Evaluation => ({
  id: 'e',
  model: 'm',
  version: 2,
  trainingSetId: 't',
  dataset: { name: 'd', version: 1 },
  rowCount: 1000,
  metrics: [
    { name: 'auc', value: 0.7, low: 0.68, high: 0.72, count: 1000 },
    { name: 'log_loss', value: 0.5, low: 0.48, high: 0.52, count: 1000 },
  ],
  slices: [],
  comparisons: [],
  calibration: [],
  confusion: { threshold: 0.5, truePositive: 0, falsePositive: 0, trueNegative: 0, falseNegative: 0 },
  at: '2026-01-01T00:00:00Z',
  milliseconds: 1,
  ...more,
});

const scanned = (verdict: ModelVersion['scan']['verdict'], tags = {}) =>
  ({ scan: { verdict, findings: [] }, tags }) as unknown as ModelVersion;

const judge = (gate: object, more: Partial<Parameters<typeof judgeGate>[1]> = {}) =>
  judgeGate(Gate.parse({ name: 'g', ...gate }), {
    evaluation: evaluation(),
    version: scanned('safe'),
    championVersion: null,
    champion: null,
    ...more,
  });

const compared = (difference: number, low: number, high: number, metric = 'log_loss') => ({
  evaluation: evaluation({
    comparisons: [{ metric, baseline: { model: 'm', version: 1 }, difference, low, high, count: 1000, clusters: 50 }],
  }),
  championVersion: 1,
  champion: evaluation({ version: 1 }),
});

describe('a gate', () => {
  it('passes or fails only when the whole interval is on one side, and else has not enough data', () => {
    equal(judge({ kind: 'at_least', metric: 'auc', bound: 0.65 }).verdict, 'pass');
    equal(judge({ kind: 'at_least', metric: 'auc', bound: 0.75 }).verdict, 'fail');
    equal(judge({ kind: 'at_least', metric: 'auc', bound: 0.7 }).verdict, 'not_enough_data');
    equal(judge({ kind: 'at_most', metric: 'log_loss', bound: 0.55 }).verdict, 'pass');
    equal(judge({ kind: 'at_most', metric: 'log_loss', bound: 0.4 }).verdict, 'fail');
  });

  it('asks for rows before it judges, and for a person when its metric is missing', () => {
    equal(judge({ kind: 'at_least', metric: 'auc', bound: 0.65, minRows: 5000 }).verdict, 'not_enough_data');
    equal(judge({ kind: 'at_least', metric: 'recall', bound: 0.1 }).verdict, 'needs_review');
  });

  it('holds a challenger to not being worse than the champion by more than the margin', () => {
    const gate = { kind: 'not_worse_than_champion', metric: 'log_loss', margin: 0.02, relative: true };
    equal(judge(gate).verdict, 'pass');
    equal(judge(gate, compared(0.001, -0.002, 0.004)).verdict, 'pass');
    equal(judge(gate, compared(0.03, 0.02, 0.04)).verdict, 'fail');
    equal(judge(gate, compared(0.005, -0.01, 0.02)).verdict, 'not_enough_data');
  });

  it('knows for which metrics more is better', () => {
    const gate = { kind: 'not_worse_than_champion', metric: 'auc', margin: 0.01, relative: false };
    equal(judge(gate, compared(0.02, 0.01, 0.03, 'auc')).verdict, 'pass');
    equal(judge(gate, compared(-0.05, -0.06, -0.04, 'auc')).verdict, 'fail');
  });

  it('wants the whole difference to be better when it asks for better', () => {
    const gate = { kind: 'better_than_champion', metric: 'log_loss' };
    equal(judge(gate, compared(-0.01, -0.02, -0.001)).verdict, 'pass');
    equal(judge(gate, compared(-0.01, -0.02, 0.001)).verdict, 'not_enough_data');
  });

  it('sends a comparison that was not made to a person', () => {
    const gate = { kind: 'not_worse_than_champion', metric: 'brier' };
    equal(judge(gate, compared(0, 0, 0)).verdict, 'needs_review');
  });

  it('lets files pass that are safe or signed off, and no others', () => {
    equal(judge({ kind: 'scan_safe' }).verdict, 'pass');
    equal(judge({ kind: 'scan_safe' }, { version: scanned('unknown') }).verdict, 'needs_review');
    equal(
      judge({ kind: 'scan_safe' }, { version: scanned('unknown', { 'flyball.scan-sign-off': 'ada: fine' }) }).verdict,
      'pass',
    );
    equal(judge({ kind: 'scan_safe' }, { version: scanned('malicious') }).verdict, 'fail');
  });

  it('judges a slice by its worst value', () => {
    const slice = (value: string, low: number, high: number) => ({
      column: 'weekday',
      value,
      count: 500,
      metrics: [{ name: 'log_loss', value: (low + high) / 2, low, high, count: 500 }],
    });
    const sliced = { evaluation: evaluation({ slices: [slice('1', 0.3, 0.4), slice('2', 0.7, 0.8)] }) };
    const result = judge({ kind: 'slice_at_most', metric: 'log_loss', column: 'weekday', bound: 0.6 }, sliced);
    equal(result.verdict, 'fail');
    match(result.message, /weekday = 2/);
  });

  it('makes the worst verdict the verdict of all', () => {
    equal(worstOf(['pass', 'not_enough_data', 'fail']), 'fail');
    equal(worstOf(['pass', 'not_enough_data', 'needs_review']), 'needs_review');
    equal(worstOf(['pass', 'pass']), 'pass');
  });
});
