import type { StoredRun } from '#tracking';
import { nonEmpty, oneOf, wireNumber } from './message.ts';

export const runStatus = oneOf({ RUNNING: 1, SCHEDULED: 2, FINISHED: 3, FAILED: 4, KILLED: 5 });

export const presentRunInfo = (row: StoredRun) => ({
  run_uuid: row.run_id,
  experiment_id: String(row.experiment),
  run_name: row.name,
  user_id: row.user_name,
  status: row.status,
  start_time: row.start_ms,
  end_time: row.end_ms === null || row.end_ms === 0 ? undefined : row.end_ms,
  artifact_uri: row.artifact_uri,
  lifecycle_stage: row.stage,
  run_id: row.run_id,
});

const pair = ([key, value]: readonly [string, string]) => ({ key, value });

const presentInput = ({ name, digest, sourceType, source, schema, profile, tags }: StoredRun['inputs'][number]) => ({
  tags: nonEmpty(Object.entries(tags).map(pair)),
  dataset: {
    name,
    digest,
    source_type: sourceType,
    source,
    schema: schema ?? undefined,
    profile: profile ?? undefined,
  },
});

/** A run as MLflow's clients read it. */
export const presentRun = (row: StoredRun, isNew = false) => ({
  info: presentRunInfo(row),
  data: {
    metrics: nonEmpty(
      row.metrics.map(([key, value, step, timestamp, isNan]) => ({
        key,
        value: wireNumber(value, isNan),
        timestamp,
        step,
      })),
    ),
    params: nonEmpty(row.params.map(pair)),
    tags: nonEmpty(row.tags.map(pair)),
  },
  inputs: {
    dataset_inputs: nonEmpty(row.inputs.map(presentInput)),
    model_inputs: nonEmpty(row.model_inputs.map((modelId) => ({ model_id: modelId }))),
  },
  outputs: isNew
    ? undefined
    : { model_outputs: nonEmpty(row.model_outputs.map(([modelId, step]) => ({ model_id: modelId, step }))) },
});
