import { invalidInput } from '@flyball/api';
import { pairsOf, tag } from './experiment-calls.ts';
import { double, int64, listOf, type MessageOf, message, text, type WireType } from './message.ts';
import { call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { runIdOf } from './run-calls.ts';

const metric = message({
  key: text,
  value: double,
  timestamp: int64,
  step: int64,
  model_id: text,
  dataset_name: text,
  dataset_digest: text,
});

type WireMetric = MessageOf<(typeof metric)['fields']>;

/** What else a metric may have, under both names of each field. */
const seldom = ['model_id', 'modelId', 'dataset_name', 'datasetName', 'dataset_digest', 'datasetDigest'] as const;

type SentMetric = Readonly<Partial<Record<'key' | 'value' | 'timestamp' | 'step' | (typeof seldom)[number], unknown>>>;

/** A metric as clients send thousands of them: four fields of the kinds that they should have; null for others. */
function plainMetric(item: unknown): WireMetric | null {
  if (typeof item !== 'object' || item === null) return null;
  const sent = item as SentMetric;
  const { key, value, timestamp, step } = sent;
  if (typeof value !== 'number' || !Number.isSafeInteger(timestamp) || !Number.isSafeInteger(step)) return null;
  if (seldom.some((name) => sent[name] !== undefined)) return null;
  return { key: text.read(key), value, timestamp: timestamp as number, step: step as number };
}

const listedMetric: WireType<WireMetric> = { read: (item) => plainMetric(item) ?? metric.read(item) };

const metricOf = (wire: WireMetric) => ({
  key: wire.key ?? '',
  value: wire.value ?? 0,
  timestamp: wire.timestamp ?? 0,
  step: wire.step ?? 0,
  modelId: wire.model_id,
  datasetName: wire.dataset_name,
  datasetDigest: wire.dataset_digest,
});

const nothing = { metrics: [], params: [], tags: [] } as const;

const singleCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/runs/log-metric',
    access: 'contributor',
    request: message({ run_id: text, run_uuid: text, ...metric.fields }),
    rules: {
      run_id: requiredText,
      key: requiredText,
      value: { kind: 'number', required: true },
      timestamp: { kind: 'integer', required: true },
      step: { kind: 'integer' },
      model_id: optionalText,
      dataset_name: optionalText,
      dataset_digest: optionalText,
    },
    handle: async (input, { tracking, project }) => {
      await tracking.runs.log(project, runIdOf(input), { ...nothing, metrics: [metricOf(input)], single: true });
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/runs/log-parameter',
    access: 'contributor',
    request: message({ run_id: text, run_uuid: text, key: text, value: text }),
    rules: { run_id: requiredText, key: requiredText, value: optionalText },
    handle: async (input, { tracking, project }) => {
      await tracking.runs.log(project, runIdOf(input), { ...nothing, params: pairsOf([input]), single: true });
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/runs/set-tag',
    access: 'contributor',
    request: message({ run_id: text, run_uuid: text, key: text, value: text }),
    rules: { run_id: requiredText, key: requiredText, value: optionalText },
    handle: async (input, { tracking, project }) => {
      await tracking.runs.log(project, runIdOf(input), { ...nothing, tags: pairsOf([input]), single: true });
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/runs/delete-tag',
    access: 'contributor',
    request: message({ run_id: text, key: text }),
    rules: { run_id: requiredText, key: requiredText },
    handle: async ({ run_id = '', key = '' }, { tracking, project }) => {
      await tracking.runs.removeTag(project, run_id, key);
      return {};
    },
  }),
];

const dataset = message({
  name: text,
  digest: text,
  source_type: text,
  source: text,
  schema: text,
  profile: text,
});
const datasetInput = message({ tags: listOf(tag), dataset });
const modelInput = message({ model_id: text });

function inputOf({ tags, dataset: given }: MessageOf<(typeof datasetInput)['fields']>, at: number) {
  const { name, digest, source_type: sourceType, source, schema, profile } = given ?? {};
  const required = Object.entries({ name, digest, source_type: sourceType, source });
  const missing = required.find(([, value]) => value === undefined)?.[0];
  if (missing !== undefined)
    throw invalidInput(`Missing value for required parameter 'datasets[${at}].dataset.${missing}'.`);
  return {
    name: name ?? '',
    digest: digest ?? '',
    sourceType: sourceType ?? '',
    source: source ?? '',
    schema: schema ?? null,
    profile: profile ?? null,
    tags: Object.fromEntries(pairsOf(tags).map(({ key, value }) => [key, value])),
  };
}

const relationCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/runs/log-inputs',
    access: 'contributor',
    request: message({ run_id: text, datasets: listOf(datasetInput), models: listOf(modelInput) }),
    rules: { run_id: requiredText, datasets: { kind: 'list' }, models: { kind: 'list' } },
    handle: async ({ run_id = '', datasets = [], models = [] }, { tracking, project }) => {
      await tracking.runs.logInputs(project, run_id, {
        datasets: datasets.map(inputOf),
        models: models.map(({ model_id = '' }) => model_id),
      });
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/runs/outputs',
    access: 'contributor',
    request: message({ run_id: text, models: listOf(message({ model_id: text, step: int64 })) }),
    rules: { run_id: requiredText, models: { kind: 'list', required: true } },
    handle: async ({ run_id = '', models = [] }, { tracking, project }) => {
      const outputs = models.map(({ model_id: modelId = '', step = 0 }) => ({ modelId, step }));
      await tracking.runs.logOutputs(project, run_id, outputs);
      return {};
    },
  }),
];

const mandatory = ['artifact_path', 'flavors', 'utc_time_created', 'run_id'] as const;
const kept = ['run_id', 'utc_time_created', 'artifact_path', 'model_uuid'] as const;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What of a model's description goes into the tag; the settings of flavors can be large. */
function modelSummary(json: string): Record<string, unknown> {
  let model: unknown;
  try {
    model = JSON.parse(json);
  } catch {
    throw invalidInput(`Malformed model info. \n ${json.slice(0, 2_000)} \n is not a valid JSON.`);
  }
  const found = isObject(model) ? model : {};
  const missing = mandatory.filter((field) => !Object.hasOwn(found, field));
  if (missing.length > 0) {
    const names = missing.map((name) => `'${name}'`).join(', ');
    throw invalidInput(`Model json is missing mandatory fields: {${names}}`);
  }
  const flavors = Object.entries(isObject(found['flavors']) ? found['flavors'] : {}).map(([name, flavor]) => {
    if (!isObject(flavor)) return [name, flavor] as const;
    const { config: _, ...rest } = flavor;
    return [name, rest] as const;
  });
  const own = kept.filter((field) => Object.hasOwn(found, field)).map((field) => [field, found[field]] as const);
  return { ...Object.fromEntries(own), flavors: Object.fromEntries(flavors) };
}

/** `/mlflow/runs/*`: what is written to a run. */
export const loggingCalls: readonly MlflowCall[] = [
  ...singleCalls,
  ...relationCalls,
  call({
    method: 'POST',
    path: '/mlflow/runs/log-batch',
    access: 'contributor',
    request: message({ run_id: text, metrics: listOf(listedMetric), params: listOf(tag), tags: listOf(tag) }),
    rules: {
      run_id: requiredText,
      metrics: { kind: 'list', each: ['key', 'value', 'timestamp'] },
      params: { kind: 'list', each: ['key'] },
      tags: { kind: 'list', each: ['key'] },
    },
    handle: async (input, { tracking, project }) => {
      await tracking.runs.log(project, input.run_id ?? '', {
        metrics: (input.metrics ?? []).map(metricOf),
        params: pairsOf(input.params),
        tags: pairsOf(input.tags),
      });
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/runs/log-model',
    access: 'contributor',
    request: message({ run_id: text, model_json: text }),
    rules: { run_id: requiredText, model_json: requiredText },
    handle: async ({ run_id = '', model_json = '' }, { tracking, project }) => {
      await tracking.runs.recordModel(project, run_id, modelSummary(model_json));
      return {};
    },
  }),
];
