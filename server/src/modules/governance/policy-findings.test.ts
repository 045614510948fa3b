import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GateReport, ModelVersion, Policy } from '@flyball/api';
import { policyFindings, policyFor } from './policy-findings.ts';

const policy = (name: string, model: string) => ({ name, model }) as Policy;
const report = (at: string, verdicts: Record<string, string>) =>
  ({
    at,
    results: Object.entries(verdicts).map(([name, verdict]) => ({ gate: { name }, verdict, message: 'm' })),
  }) as unknown as GateReport;
const version = (verdict: string, tags = {}) => ({ scan: { verdict, findings: [] }, tags }) as unknown as ModelVersion;

describe('what a policy finds', () => {
  it('is the policy that names the model, else the one for all', () => {
    const all = [policy('everything', '*'), policy('mine', 'm')];
    equal(policyFor(all, 'm')?.name, 'mine');
    equal(policyFor(all, 'other')?.name, 'everything');
    equal(policyFor([policy('mine', 'm')], 'other'), null);
  });

  it('is the newest verdict of each required gate', () => {
    const rules = { requiredGates: ['ranks', 'calibrated'], requireSafeScan: false };
    const reports = [report('2', { ranks: 'fail' }), report('1', { ranks: 'pass', calibrated: 'pass' })];
    deepEqual(
      policyFindings(rules, version('safe'), reports).map(({ ok }) => ok),
      [false, true],
    );
  });

  it('is a failure for a gate that was never checked', () => {
    const rules = { requiredGates: ['ranks'], requireSafeScan: false };
    equal(policyFindings(rules, version('safe'), [])[0]?.ok, false);
  });

  it('accepts unknown files only when somebody has signed them off, and bad ones never', () => {
    const rules = { requiredGates: [], requireSafeScan: true };
    equal(policyFindings(rules, version('unknown'), [])[0]?.ok, false);
    equal(policyFindings(rules, version('unknown', { 'flyball.scan-sign-off': 'ada: fine' }), [])[0]?.ok, true);
    equal(policyFindings(rules, version('malicious', { 'flyball.scan-sign-off': 'ada: fine' }), [])[0]?.ok, false);
  });
});
