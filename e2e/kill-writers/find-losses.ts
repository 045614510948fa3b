import { createHash } from 'node:crypto';
import type { PatientClient } from './patient-client.ts';
import { type Acknowledged, artifactUrl, type Point } from './writer.ts';

const API = '/api/2.0/mlflow';

interface RunAnswer {
  readonly run: {
    readonly data: {
      readonly metrics?: readonly Point[];
      readonly params?: readonly { readonly key: string; readonly value: string }[];
      readonly tags?: readonly { readonly key: string; readonly value: string }[];
    };
  };
}

interface HistoryPage {
  readonly metrics?: readonly Point[];
  readonly next_page_token?: string;
}

const nameOf = ({ key, value, timestamp, step }: Point): string => `${key} ${step} ${timestamp} ${value}`;

async function readHistory(client: PatientClient, runId: string, key: string): Promise<Point[]> {
  const points: Point[] = [];
  for (let token = ''; ; ) {
    const query = new URLSearchParams({ run_id: runId, metric_key: key, max_results: '5000', page_token: token });
    const page = await client.json<HistoryPage>('GET', `${API}/metrics/get-history?${query}`);
    points.push(...(page.metrics ?? []));
    token = page.next_page_token ?? '';
    if (token === '') return points;
  }
}

/** Points that are not there exactly once, or that nobody has sent. */
async function comparePoints(client: PatientClient, { runId, points }: Acknowledged): Promise<string[]> {
  const counts = new Map(points.map((point) => [nameOf(point), 0]));
  const problems: string[] = [];
  for (const key of new Set(points.map((point) => point.key))) {
    for (const point of await readHistory(client, runId, key)) {
      const name = nameOf(point);
      if (!counts.has(name)) problems.push(`${runId}: nobody sent the point ${name}`);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  for (const [name, count] of counts) {
    if (count !== 1) problems.push(`${runId}: the point ${name} is there ${count} times`);
  }
  return problems;
}

/** The greatest by step, time and value of each key. */
function latestOf(points: readonly Point[]): Map<string, Point> {
  const latest = new Map<string, Point>();
  for (const point of points) {
    const known = latest.get(point.key);
    if (known === undefined || point.step > known.step) latest.set(point.key, point);
  }
  return latest;
}

async function compareData(client: PatientClient, wanted: Acknowledged): Promise<string[]> {
  const { runId } = wanted;
  const { run } = await client.json<RunAnswer>('GET', `${API}/runs/get?run_id=${runId}`);
  const problems: string[] = [];
  for (const kind of ['params', 'tags'] as const) {
    const found = run.data[kind] ?? [];
    const byKey = new Map(found.map(({ key, value }) => [key, value]));
    if (byKey.size !== found.length) problems.push(`${runId}: ${kind} are doubled`);
    for (const [key, value] of wanted[kind]) {
      if (byKey.get(key) !== value) problems.push(`${runId}: ${kind} ${key} is ${byKey.get(key)}, not ${value}`);
    }
  }
  const latest = new Map((run.data.metrics ?? []).map((point) => [point.key, nameOf(point)]));
  for (const [key, point] of latestOf(wanted.points)) {
    if (latest.get(key) !== nameOf(point)) problems.push(`${runId}: the latest ${key} is ${latest.get(key)}`);
  }
  return problems;
}

async function compareArtifacts(client: PatientClient, wanted: Acknowledged): Promise<string[]> {
  const problems: string[] = [];
  for (const [path, digest] of wanted.artifacts) {
    const answer = await client.send('GET', artifactUrl(wanted, path));
    const found = createHash('sha256')
      .update(Buffer.from(await answer.arrayBuffer()))
      .digest('hex');
    if (found !== digest) problems.push(`${wanted.runId}: the bytes of ${path} are others`);
  }
  return problems;
}

/** What was acknowledged and is not there exactly once. */
export async function findLosses(client: PatientClient, wanted: Acknowledged): Promise<string[]> {
  return [
    ...(await comparePoints(client, wanted)),
    ...(await compareData(client, wanted)),
    ...(await compareArtifacts(client, wanted)),
  ];
}
