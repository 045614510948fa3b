import { createHash, randomBytes } from 'node:crypto';
import type { PatientClient } from './patient-client.ts';

const API = '/api/2.0/mlflow';
const BATCH = 25;
const ARTIFACT_BYTES = 64 * 1024;
/** Some pieces of work later a writer goes on in a run of its own again. */
const ROUNDS_PER_RUN = 40;

export interface Point {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

/** What the server has acknowledged of a run, and so must have. */
export interface Acknowledged {
  readonly runId: string;
  readonly experiment: string;
  readonly points: Point[];
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  /** SHA-256 by path. */
  readonly artifacts: Map<string, string>;
}

interface Made {
  readonly run: { readonly info: { readonly run_id: string } };
}

async function startRun(client: PatientClient, experiment: string, name: string): Promise<Acknowledged> {
  const body = { experiment_id: experiment, run_name: name, start_time: Date.now() };
  const { run } = await client.json<Made>('POST', `${API}/runs/create`, body);
  return {
    runId: run.info.run_id,
    experiment,
    points: [],
    params: new Map(),
    tags: new Map(),
    artifacts: new Map(),
  };
}

const pointAt = (step: number, key: string): Point => ({
  key,
  value: step % 97 === 0 ? -step : 1 / (step + 1),
  timestamp: 1_700_000_000_000 + step,
  step,
});

/** One piece of each kind of work; what is noted was acknowledged. */
async function writeRound(client: PatientClient, run: Acknowledged, round: number): Promise<void> {
  const { runId: run_id } = run;
  const point = pointAt(round, 'single');
  await client.send('POST', `${API}/runs/log-metric`, { run_id, ...point });
  run.points.push(point);
  const metrics = Array.from({ length: BATCH }, (_, i) => pointAt(round * BATCH + i, `batch ${i % 3}`));
  const [param, tag] = [`batch/${round}`, `count`];
  const params = [{ key: param, value: `${round}` }];
  const tags = [{ key: tag, value: `${round}` }];
  await client.send('POST', `${API}/runs/log-batch`, { run_id, metrics, params, tags });
  run.points.push(...metrics);
  run.params.set(param, `${round}`);
  run.tags.set(tag, `${round}`);
  await client.send('POST', `${API}/runs/log-parameter`, { run_id, key: `p${round}`, value: `v${round}` });
  run.params.set(`p${round}`, `v${round}`);
  await client.send('POST', `${API}/runs/set-tag`, { run_id, key: `t${round}`, value: `v${round}` });
  run.tags.set(`t${round}`, `v${round}`);
  if (round % 4 === 0) await writeArtifact(client, run, `folder ${round % 3}/file-${round}.bin`);
}

async function writeArtifact(client: PatientClient, run: Acknowledged, path: string): Promise<void> {
  const bytes = randomBytes(ARTIFACT_BYTES);
  await client.send('PUT', artifactUrl(run, path), bytes);
  run.artifacts.set(path, createHash('sha256').update(bytes).digest('hex'));
}

export const artifactUrl = ({ experiment, runId }: Acknowledged, path: string): string =>
  `/api/2.0/mlflow-artifacts/artifacts/${experiment}/${runId}/artifacts/${encodeURI(path)}`;

/** Writes until told to stop; then it finishes what it has begun. */
export async function writeOn(
  client: PatientClient,
  experiment: string,
  writer: number,
  isOver: () => boolean,
): Promise<Acknowledged[]> {
  const runs: Acknowledged[] = [];
  for (let round = 0; !isOver(); round++) {
    if (round % ROUNDS_PER_RUN === 0) runs.push(await startRun(client, experiment, `writer ${writer}`));
    await writeRound(client, runs.at(-1)!, round);
  }
  return runs;
}
