import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom, drawBinomial, drawPoisson, type Random } from '../sampling/random.ts';
import { addCluster, NO_CLUSTERS, type PairedTestPlan, pairedMeanEvidence } from './mean-difference-test.ts';
import { oddsFailEvidence, oddsPassEvidence } from './odds-test.ts';

interface Scenario {
  readonly unitsPerCheck: number;
  readonly rate: (check: number) => number;
  readonly weight: (check: number) => number;
  readonly ratio: number;
  /** First check at which a pass ends the rollout. */
  readonly passFrom?: number;
}

const CHECKS = 60;
const LEVEL = Math.log(20);

/** One rollout with a check after every interval; evidence of the ramp is kept per weight, as serving does. */
function simulate(
  random: Random,
  { unitsPerCheck, rate, weight, ratio, passFrom = CHECKS }: Scenario,
): 'fail' | 'pass' | 'open' {
  const strata = new Map<number, { weight: number; badCandidate: number; badChampion: number }>();
  for (let check = 0; check < CHECKS; check++) {
    const w = weight(check);
    const perUnit = rate(check) * (1 - w + w * ratio);
    const bad = drawPoisson(random, unitsPerCheck * perUnit);
    const badCandidate = drawBinomial(random, bad, (w * ratio) / (1 - w + w * ratio));
    const seen = strata.get(w) ?? { weight: w, badCandidate: 0, badChampion: 0 };
    seen.badCandidate += badCandidate;
    seen.badChampion += bad - badCandidate;
    strata.set(w, seen);
    if (oddsFailEvidence([...strata.values()]) >= LEVEL) return 'fail';
    if (check >= passFrom && oddsPassEvidence([strata.get(w)!], 2) >= LEVEL) return 'pass';
  }
  return 'open';
}

function shares(runs: number, seed: number, scenario: Scenario): Record<'fail' | 'pass' | 'open', number> {
  const random = createRandom(seed);
  const counts = { fail: 0, pass: 0, open: 0 };
  for (let run = 0; run < runs; run++) counts[simulate(random, scenario)]++;
  return { fail: counts.fail / runs, pass: counts.pass / runs, open: counts.open / runs };
}

/** Skewed differences of mean 0, looked at after every 25 clusters. */
function simulatePaired(random: Random, plan: PairedTestPlan): { failed: boolean; uncovered: boolean } {
  let sums = NO_CLUSTERS;
  let failed = false;
  let uncovered = false;
  for (let cluster = 1; cluster <= 1500; cluster++) {
    sums = addCluster(sums, -Math.log(1 - random.uniform()) - 1);
    if (cluster % 25 !== 0) continue;
    const evidence = pairedMeanEvidence(sums, plan);
    failed ||= evidence.logEFail >= LEVEL;
    uncovered ||= evidence.lower > 0 || evidence.upper < 0;
  }
  return { failed, uncovered };
}

const ramp = (check: number): number => [0.05, 0.1, 0.25, 0.5][Math.floor(check / 15)]!;
const waves = (check: number): number => 0.045 + 0.035 * Math.sin(check / 5);
const jump = (check: number): number => (check < 30 ? 0.01 : 0.08);

describe('simulated rollouts', () => {
  it('rolls back at most alpha of the harmless candidates while rate and weight drift', () => {
    const drifting = shares(1500, 1, { unitsPerCheck: 1000, rate: waves, weight: ramp, ratio: 1 });
    assert.ok(drifting.fail <= 0.05, `waves: ${drifting.fail}`);
    const jumping = shares(1500, 2, { unitsPerCheck: 1000, rate: jump, weight: ramp, ratio: 1 });
    assert.ok(jumping.fail <= 0.05, `jump: ${jumping.fail}`);
    const sparse = shares(2000, 3, { unitsPerCheck: 60, rate: () => 0.02, weight: () => 0.1, ratio: 1 });
    assert.ok(sparse.fail <= 0.05, `sparse: ${sparse.fail}`);
  });

  it('rolls back a doubled error rate and passes a halved one', () => {
    const worse = shares(300, 4, { unitsPerCheck: 1000, rate: () => 0.02, weight: () => 0.1, ratio: 2, passFrom: 0 });
    assert.ok(worse.fail >= 0.95, `doubled: ${worse.fail}`);
    const better = shares(300, 5, {
      unitsPerCheck: 1000,
      rate: () => 0.02,
      weight: () => 0.1,
      ratio: 0.5,
      passFrom: 10,
    });
    assert.ok(better.pass === 1, `halved: ${better.pass}`);
  });

  it('passes at most beta of the candidates that are exactly at the margin', () => {
    const atMargin = shares(600, 6, { unitsPerCheck: 300, rate: () => 0.02, weight: () => 0.1, ratio: 2, passFrom: 0 });
    assert.ok(atMargin.pass <= 0.05, `at the margin: ${atMargin.pass}`);
  });

  it('keeps the paired test honest at every one of many looks', () => {
    const random = createRandom(7);
    const plan = { margin: 0.1, alpha: 0.05, targetClusters: 500 };
    const runs = 600;
    const totals = { failed: 0, uncovered: 0 };
    for (let run = 0; run < runs; run++) {
      const { failed, uncovered } = simulatePaired(random, plan);
      if (failed) totals.failed++;
      if (uncovered) totals.uncovered++;
    }
    assert.ok(totals.failed / runs <= 0.05, `failed ${totals.failed / runs}`);
    assert.ok(totals.uncovered / runs <= 0.05, `uncovered ${totals.uncovered / runs}`);
  });
});
