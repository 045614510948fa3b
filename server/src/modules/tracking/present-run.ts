import type { Run } from '@flyball/api';
import type { StoredRun } from './run-store.ts';

/** Infinities were clamped when they were stored; NaN has no JSON and is null. */
const metricOf = ([key, value, step, timestamp, isNan]: StoredRun['metrics'][number]) =>
  [key, { value: isNan ? null : value, step, timestamp }] as const;

/** A run as the native API shows it. */
export const presentRun = (row: StoredRun): Run => ({
  runId: row.run_id,
  experimentId: String(row.experiment),
  name: row.name,
  status: row.status,
  lifecycleStage: row.stage,
  user: row.user_name,
  startTime: row.start_ms,
  endTime: row.end_ms,
  artifactUri: row.artifact_uri,
  params: Object.fromEntries(row.params),
  tags: Object.fromEntries(row.tags),
  metrics: Object.fromEntries(row.metrics.map(metricOf)),
  inputs: row.inputs.map(({ name, digest, source, tags }) => ({
    name,
    digest,
    source,
    context: tags['mlflow.data.context'] ?? null,
  })),
});
