import type { RunText, StoredRun } from '#tracking';
import { nonEmpty, oneOf, wireNumber } from './message.ts';

export const runStatus = oneOf({ RUNNING: 1, SCHEDULED: 2, FINISHED: 3, FAILED: 4, KILLED: 5 });

export const presentRunInfo = (row: Omit<StoredRun, 'metrics' | 'params' | 'tags'>) => ({
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

type Links = Pick<StoredRun, 'inputs' | 'model_inputs' | 'model_outputs'>;

const presentInputs = ({ inputs, model_inputs: models }: Links) => ({
  dataset_inputs: nonEmpty(inputs.map(presentInput)),
  model_inputs: nonEmpty(models.map((modelId) => ({ model_id: modelId }))),
});

const presentOutputs = ({ model_outputs: models }: Links) => ({
  model_outputs: nonEmpty(models.map(([modelId, step]) => ({ model_id: modelId, step }))),
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
  inputs: presentInputs(row),
  outputs: isNew ? undefined : presentOutputs(row),
});

/** The same, as JSON, of a run whose lists are JSON. */
export function textOfRun(row: RunText): string {
  const lists = (['metrics', 'params', 'tags'] as const).filter((name) => row[name] !== null);
  const data = lists.map((name) => `"${name}":[${row[name]}]`).join(',');
  const [info, inputs, outputs] = [presentRunInfo(row), presentInputs(row), presentOutputs(row)].map((part) =>
    JSON.stringify(part),
  );
  return `{"info":${info},"data":{${data}},"inputs":${inputs},"outputs":${outputs}}`;
}
