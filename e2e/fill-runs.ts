// Fills a server with runs over MLflow's protocol, as its clients log them.

interface FoundRun {
  readonly info: { readonly run_id: string; readonly run_name: string };
}

/** What the calls used here answer; which part is there depends on the call. */
interface Answer {
  readonly experiment_id: string;
  readonly run: FoundRun;
  readonly runs: readonly FoundRun[];
}

/** A call of MLflow's REST API. */
export async function mlflow(url: string, call: string, body: object): Promise<Answer> {
  const answer = await fetch(`${url}/api/2.0/mlflow/${call}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${call}: ${await answer.text()}`);
  return (await answer.json()) as Answer;
}

export interface FilledRuns {
  readonly experiment: string;
  /** Runs of the experiment. */
  readonly count: number;
  /** The run with the very long name. */
  readonly long: string;
  /** Runs with curves, notes, files and datasets. */
  readonly rich: readonly string[];
}

const PLAIN = 300;
const NESTED = 5;
const STEPS = 900;
const longName = `an-uncommonly-long-name-${'of-a-run-'.repeat(20)}end`;
const pairs = (values: Record<string, string | number>) =>
  Object.entries(values).map(([key, value]) => ({ key, value: String(value) }));

async function start(url: string, experiment: string, name: string, at: number, tags: Record<string, string> = {}) {
  const { run } = await mlflow(url, 'runs/create', {
    experiment_id: experiment,
    run_name: name,
    start_time: at,
    user_id: 'ada',
    tags: pairs(tags),
  });
  return run.info.run_id;
}

const curve = (seed: number) =>
  Array.from({ length: STEPS }, (_, step) => ({
    key: 'loss',
    value: 2 / (1 + step / (20 + 10 * seed)) + 0.05 * Math.sin(step * (1 + seed)),
    step,
    timestamp: 1_790_000_000_000 + step * 1000,
  }));

async function logRich(url: string, run_id: string, seed: number): Promise<void> {
  await mlflow(url, 'runs/log-batch', { run_id, metrics: curve(seed) });
  const accuracy = Array.from({ length: 50 }, (_, epoch) => ({
    key: 'val/accuracy',
    value: 1 - 1 / (epoch + 2 + seed),
    step: epoch * 18,
    timestamp: 1_790_000_000_000 + epoch * 18_000,
  }));
  await mlflow(url, 'runs/log-batch', {
    run_id,
    metrics: accuracy,
    params: pairs({ optimizer: seed % 2 === 0 ? 'adam' : 'sgd', lr: 10 ** -(seed + 1), depth: 4 + seed, seed: 7 }),
  });
  const dataset = { name: 'flights', digest: `d${seed % 2}`, source_type: 'http', source: '{"url":"https://x"}' };
  await mlflow(url, 'runs/log-inputs', {
    run_id,
    datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }],
  });
  await mlflow(url, 'runs/update', { run_id, status: 'FINISHED', end_time: 1_790_000_900_000 });
}

async function logPlain(url: string, run_id: string, i: number): Promise<void> {
  const metrics = [
    { key: 'loss', value: Math.abs(Math.sin(i)) / 2, step: 1, timestamp: 1 },
    { key: 'val/accuracy', value: Math.abs(Math.cos(i)), step: 1, timestamp: 1 },
  ];
  const params = pairs({ optimizer: ['adam', 'sgd', 'lion'][i % 3]!, lr: 10 ** -(i % 5), depth: i % 12 });
  await mlflow(url, 'runs/log-batch', { run_id, metrics, params, tags: pairs({ team: i % 2 === 0 ? 'a' : 'b' }) });
  await mlflow(url, 'runs/update', {
    run_id,
    status: i % 17 === 0 ? 'FAILED' : 'FINISHED',
    end_time: 1_789_000_500_000,
  });
}

/** Some hundred runs of one experiment: plain ones, nested ones, three with curves, one with a very long name. */
export async function fillRuns(url: string): Promise<FilledRuns> {
  const { experiment_id: experiment } = await mlflow(url, 'experiments/create', { name: 'sweeps/flights' });
  for (let from = 0; from < PLAIN; from += 20) {
    const group = Array.from({ length: 20 }, (_, k) => from + k);
    await Promise.all(
      group.map(async (i) => logPlain(url, await start(url, experiment, `plain-${i}`, 1_789_000_000_000 + i), i)),
    );
  }
  const parent = await start(url, experiment, 'sweep', 1_789_500_000_000);
  for (let i = 1; i <= NESTED; i++) {
    await start(url, experiment, `sweep/${i}`, 1_789_500_000_000 + i, { 'mlflow.parentRunId': parent });
  }
  const long = await start(url, experiment, longName, 1_789_900_000_000);
  const rich: string[] = [];
  for (let seed = 0; seed < 3; seed++) {
    const run = await start(url, experiment, `rich-${seed}`, 1_790_000_000_000 + seed);
    await logRich(url, run, seed);
    rich.push(run);
  }
  return { experiment, count: PLAIN + 1 + NESTED + 1 + 3, long, rich };
}
