// npm run kill-test [-- rounds]: the shortened demo, with every role killed at moments of its way, must end as if
// nothing had happened: the same verdicts, and nothing that was acknowledged lost or doubled.
import { deepEqual } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { allRoutes, createClient } from '@flyball/api';
import type { Report } from '../examples/flights/demo/report.ts';
import { processesOf, type Role, roles } from './demo-processes.ts';
import { type DemoRun, startDemo } from './demo-run.ts';

const ROUND_MS = 900_000;
const KILLS_PER_ROUND = roles.length;
const FIRST_KILL_MS = 3000;
const BETWEEN_KILLS_MS = 12_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What must be the same, whoever dies. */
async function outcomeOf(demo: DemoRun, report: Report) {
  const flyball = createClient(allRoutes, { url: demo.url });
  const endpoint = { endpoint: 'flight-delay' };
  const { items: rollouts } = await flyball.listRollouts({ params: endpoint, query: { limit: 100 } });
  const { items: alerts } = await flyball.listAlerts({ query: { limit: 100 } });
  const { items: pipelineRuns } = await flyball.listPipelineRuns({ query: { limit: 100 } });
  const { items: experiments } = await flyball.listExperiments({ query: {} });
  const experimentIds = experiments.map(({ experimentId }) => experimentId);
  const { items: runs } = await flyball.searchRuns({ body: { experimentIds, limit: 1000 } });
  const finished = runs.filter(({ status }) => status === 'FINISHED');
  const points: Record<string, number[]> = {};
  for (const { runId, name } of finished) {
    const { curves } = await flyball.getMetricCurve({ params: { run: runId }, query: { key: 'train_loss' } });
    points[name] = [...(points[name] ?? []), curves[0]?.total ?? 0].sort();
  }
  const { champion } = await flyball.getEndpoint({ params: endpoint });
  return {
    acts: report.acts.map(({ name, ok }) => `${name}: ${ok}`),
    predictions: report.predictions,
    labels: report.labels,
    // Who answers what in a canary is drawn anew for each rollout, so our own log loss differs a little.
    logLoss: { ...report.logLoss, flyball: undefined },
    champion,
    rollouts: rollouts.map(({ candidate, state, step }) => `version ${candidate} ${state} at step ${step}`),
    alerts: alerts.map(({ message }) => message),
    pipelineRuns: pipelineRuns.map(({ state, trigger }) => `${trigger.kind} ${state}`),
    problems: pipelineRuns.flatMap(({ steps }) => steps.flatMap(({ id, error }) => (error ? [`${id}: ${error}`] : []))),
    unfinishedRuns: runs.filter(({ status }) => status === 'RUNNING').length,
    points,
  };
}

/** Kills one process of each role, in an order of the round's own, and says when. */
async function killAlong(demo: DemoRun, round: number, isOver: () => boolean): Promise<string[]> {
  const started = Date.now();
  const killed: string[] = [];
  // An upload that is cut off is its sender's to repeat: the killing begins when the data are in.
  while (!demo.output().includes('The first champion') && !isOver()) await sleep(20);
  await sleep(FIRST_KILL_MS + 1700 * round);
  for (let i = 0; i < KILLS_PER_ROUND && !isOver(); i++) {
    const role: Role = roles[(i * (round % 2 === 0 ? 1 : 5) + round) % roles.length]!;
    let pids: number[] = [];
    // A step is there only while a pipeline runs.
    while (pids.length === 0 && !isOver()) {
      pids = processesOf(demo.process.pid!, role);
      if (pids.length === 0) await sleep(20);
    }
    if (pids.length === 0) break;
    process.kill(pids[0]!, 'SIGKILL');
    killed.push(`${role} at ${Math.round((Date.now() - started) / 1000)} s`);
    await sleep(BETWEEN_KILLS_MS);
  }
  return killed;
}

async function playRound(round: number | null) {
  const demo = await startDemo();
  let isOver = false;
  try {
    const killing = round === null ? Promise.resolve([]) : killAlong(demo, round, () => isOver);
    const report = await demo.report(ROUND_MS);
    isOver = true;
    return { killed: await killing, outcome: await outcomeOf(demo, report) };
  } finally {
    isOver = true;
    await demo.stop();
  }
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 3);
  const { outcome: expected } = await playRound(null);
  say(`undisturbed: ${JSON.stringify(expected)}`);
  let kills = 0;
  let failed = 0;
  for (let round = 0; round < rounds; round++) {
    try {
      const { killed, outcome } = await playRound(round);
      kills += killed.length;
      say(`round ${round + 1}: killed ${killed.join(', ')}`);
      deepEqual(outcome, expected);
      say(`round ${round + 1}: ended the same way`);
    } catch (error) {
      failed++;
      say(`round ${round + 1} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  say(`${kills} processes killed in ${rounds} rounds`);
  say(`${rounds - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
