import { isMeta, number, text, textOrNull } from './folder-reading.ts';
import type { Json } from './mlflow-http.ts';
import {
  metricNumber,
  modelStatuses,
  runStatuses,
  type SourceExperiment,
  type SourceLoggedModel,
  type SourceModel,
  type SourcePoint,
  type SourceRun,
  type SourceVersion,
} from './mlflow-source.ts';

const part = (message: Json, name: string): Json => {
  const found = message[name];
  return isMeta(found) ? found : {};
};

export const listOf = (message: Json, name: string): Json[] => (message[name] as Json[] | undefined) ?? [];

const pairs = (list: readonly Json[]): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value }) => [text(key), text(value)]));

const stageOf = (message: Json) =>
  message['lifecycle_stage'] === 'deleted' ? ('deleted' as const) : ('active' as const);

export const experimentOf = (message: Json): SourceExperiment => ({
  experimentId: text(message['experiment_id']),
  name: text(message['name']),
  stage: stageOf(message),
  createdAt: number(message['creation_time']),
  updatedAt: number(message['last_update_time'] ?? message['creation_time']),
  tags: pairs(listOf(message, 'tags')),
});

function inputOf(message: Json): SourceRun['inputs'][number] {
  const dataset = part(message, 'dataset');
  return {
    name: text(dataset['name']),
    digest: text(dataset['digest']),
    sourceType: text(dataset['source_type']),
    source: text(dataset['source']),
    schema: textOrNull(dataset['schema']),
    profile: textOrNull(dataset['profile']),
    tags: pairs(listOf(message, 'tags')),
  };
}

export function runOf(message: Json): { run: SourceRun; metrics: string[] } {
  const [info, data] = [part(message, 'info'), part(message, 'data')];
  const [inputs, outputs] = [part(message, 'inputs'), part(message, 'outputs')];
  const tags = pairs(listOf(data, 'tags'));
  const run: SourceRun = {
    runId: text(info['run_id'] ?? info['run_uuid']),
    experimentId: text(info['experiment_id']),
    name: text(info['run_name']) || tags['mlflow.runName'] || '',
    user: text(info['user_id']),
    status: runStatuses.find((status) => status === info['status']) ?? 'FINISHED',
    stage: stageOf(info),
    startTime: number(info['start_time']),
    endTime: info['end_time'] === undefined || info['end_time'] === null ? null : number(info['end_time']),
    params: pairs(listOf(data, 'params')),
    tags,
    inputs: listOf(inputs, 'dataset_inputs').map(inputOf),
    modelInputs: listOf(inputs, 'model_inputs').map((model) => text(model['model_id'])),
    modelOutputs: listOf(outputs, 'model_outputs').map((model) => ({
      modelId: text(model['model_id']),
      step: number(model['step']),
    })),
    artifactUri: text(info['artifact_uri']),
  };
  return { run, metrics: listOf(data, 'metrics').map(({ key }) => text(key)) };
}

export const pointOf = (message: Json): SourcePoint => [
  number(message['timestamp']),
  number(message['step']),
  // Numbers, or the words that JSON has no numbers for.
  metricNumber(Number(message['value'])),
];

export function loggedModelOf(message: Json): SourceLoggedModel {
  const [info, data] = [part(message, 'info'), part(message, 'data')];
  const status = text(info['status']).replace(/^LOGGED_MODEL_(STATUS_|UPLOAD_)?/, '');
  return {
    modelId: text(info['model_id']),
    experimentId: text(info['experiment_id']),
    name: text(info['name']),
    modelType: text(info['model_type']),
    sourceRunId: textOrNull(info['source_run_id']),
    status: modelStatuses.find((known) => known === status) ?? 'UNSPECIFIED',
    statusMessage: text(info['status_message']),
    stage: stageOf(info),
    createdAt: number(info['creation_timestamp_ms']),
    updatedAt: number(info['last_updated_timestamp_ms']),
    params: pairs(listOf(data, 'params')),
    tags: pairs(listOf(info, 'tags')),
    metrics: listOf(data, 'metrics').map((metric) => ({
      key: text(metric['key']),
      value: metricNumber(Number(metric['value'])),
      step: number(metric['step']),
      timestamp: number(metric['timestamp']),
      runId: text(metric['run_id']),
      datasetName: text(metric['dataset_name']),
      datasetDigest: text(metric['dataset_digest']),
    })),
    artifactUri: text(info['artifact_uri']),
  };
}

export const modelOf = (message: Json): SourceModel => ({
  name: text(message['name']),
  description: text(message['description']),
  createdAt: number(message['creation_timestamp']),
  updatedAt: number(message['last_updated_timestamp']),
  tags: pairs(listOf(message, 'tags')),
  aliases: Object.fromEntries(listOf(message, 'aliases').map(({ alias, version }) => [text(alias), Number(version)])),
});

const versionStages = ['None', 'Staging', 'Production', 'Archived'] as const;

export function versionOf(message: Json, location: string): SourceVersion {
  const source = text(message['source']);
  return {
    version: Number(message['version']),
    description: text(message['description']),
    runId: textOrNull(message['run_id']),
    runLink: textOrNull(message['run_link']),
    loggedModelId: textOrNull(message['model_id']) ?? /^models:\/+(m-[0-9a-f]{32})$/.exec(source)?.[1] ?? null,
    source,
    location: location || source,
    stage: versionStages.find((stage) => stage === message['current_stage']) ?? 'None',
    user: text(message['user_id']),
    createdAt: number(message['creation_timestamp']),
    updatedAt: number(message['last_updated_timestamp']),
    tags: pairs(listOf(message, 'tags')),
  };
}
