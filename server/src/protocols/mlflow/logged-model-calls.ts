import { loggedModelStatus, type StoredLoggedModel } from '#tracking';
import { pairsOf, resultLimit, tag } from './experiment-calls.ts';
import { bool, int64, listOf, message, nonEmpty, oneOf, text, wireNumber } from './message.ts';
import { call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';

const status = oneOf({
  [loggedModelStatus.UNSPECIFIED]: 0,
  [loggedModelStatus.PENDING]: 1,
  [loggedModelStatus.READY]: 2,
  [loggedModelStatus.FAILED]: 3,
});

const pair = ([key, value]: readonly [string, string]) => ({ key, value });
const unlessEmpty = (value: string | null): string | undefined => (value === null || value === '' ? undefined : value);

const presentModel = (row: StoredLoggedModel) => ({
  info: {
    model_id: row.model_id,
    experiment_id: String(row.experiment),
    name: row.name,
    creation_timestamp_ms: row.created_ms,
    last_updated_timestamp_ms: row.updated_ms,
    artifact_uri: row.artifact_uri,
    status: row.status,
    model_type: row.model_type,
    source_run_id: row.source_run_id ?? '',
    status_message: unlessEmpty(row.status_message),
    tags: nonEmpty(row.tags.map(pair)),
  },
  data: {
    params: nonEmpty(row.params.map(pair)),
    metrics: nonEmpty(
      row.metrics.map((metric) => ({
        key: metric.key,
        value: wireNumber(metric.value, metric.isNan),
        timestamp: metric.timestampMs,
        step: metric.step,
        dataset_name: unlessEmpty(metric.datasetName),
        dataset_digest: unlessEmpty(metric.datasetDigest),
        model_id: row.model_id,
        run_id: metric.runId,
      })),
    ),
  },
});

const MOST_RESULTS = 50_000;

const searchCall = call({
  method: 'POST',
  path: '/mlflow/logged-models/search',
  access: 'viewer',
  request: message({
    experiment_ids: listOf(text),
    filter: text,
    datasets: listOf(message({ dataset_name: text, dataset_digest: text })),
    max_results: int64,
    order_by: listOf(message({ field_name: text, ascending: bool, dataset_name: text, dataset_digest: text })),
    page_token: text,
  }),
  rules: {
    experiment_ids: { kind: 'texts', required: true },
    filter: optionalText,
    datasets: { kind: 'list' },
    max_results: { kind: 'integer' },
    order_by: { kind: 'list' },
    page_token: optionalText,
  },
  handle: async (input, { tracking, project }) => {
    const found = await tracking.models.search(project, {
      experimentIds: input.experiment_ids ?? [],
      filter: input.filter ?? '',
      datasets: (input.datasets ?? []).map(({ dataset_name: name = '', dataset_digest: digest }) => ({ name, digest })),
      orderBy: (input.order_by ?? []).map((order) => ({
        fieldName: order.field_name ?? '',
        ascending: order.ascending ?? true,
        ...(order.dataset_name === undefined
          ? {}
          : { dataset: { name: order.dataset_name, digest: order.dataset_digest } }),
      })),
      limit: resultLimit(input.max_results === 0 ? undefined : input.max_results, 50, MOST_RESULTS),
      pageToken: input.page_token,
    });
    return { models: nonEmpty(found.items.map(presentModel)), next_page_token: found.nextPageToken };
  },
});

const readCalls: readonly MlflowCall[] = [
  searchCall,
  call({
    method: 'GET',
    path: '/mlflow/logged-models/:model_id',
    access: 'viewer',
    request: message({ model_id: text, allow_deleted: bool }),
    handle: async ({ model_id = '', allow_deleted: deleted = false }, { tracking, project }) => ({
      model: presentModel(await tracking.models.get(project, model_id, { deleted })),
    }),
  }),
];

const tagCalls: readonly MlflowCall[] = [
  call({
    method: 'PATCH',
    path: '/mlflow/logged-models/:model_id/tags',
    access: 'contributor',
    request: message({ model_id: text, tags: listOf(tag) }),
    rules: { tags: { kind: 'list', each: ['key'] } },
    handle: async ({ model_id = '', tags }, { tracking, actor, project }) => {
      await tracking.models.change(actor, project, model_id, { setTags: pairsOf(tags) });
      return {};
    },
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/logged-models/:model_id/tags/:tag_key',
    access: 'contributor',
    request: message({ model_id: text, tag_key: text }),
    handle: async ({ model_id = '', tag_key: removeTag = '' }, { tracking, actor, project }) => {
      await tracking.models.change(actor, project, model_id, { removeTag });
      return {};
    },
  }),
];

/** `/mlflow/logged-models*`, without their files. */
export const loggedModelCalls: readonly MlflowCall[] = [
  ...readCalls,
  ...tagCalls,
  call({
    method: 'POST',
    path: '/mlflow/logged-models',
    access: 'contributor',
    request: message({
      experiment_id: text,
      name: text,
      model_type: text,
      source_run_id: text,
      params: listOf(tag),
      tags: listOf(tag),
    }),
    rules: {
      experiment_id: requiredText,
      name: optionalText,
      model_type: optionalText,
      source_run_id: optionalText,
      params: { kind: 'list', each: ['key'] },
      tags: { kind: 'list', each: ['key'] },
    },
    handle: async (input, { tracking, actor, project }) => {
      const model = await tracking.models.add(actor, project, {
        experimentId: input.experiment_id ?? '',
        name: input.name,
        modelType: input.model_type,
        sourceRunId: input.source_run_id,
        params: pairsOf(input.params),
        tags: pairsOf(input.tags),
      });
      return { model: presentModel(model) };
    },
  }),
  call({
    method: 'PATCH',
    path: '/mlflow/logged-models/:model_id',
    access: 'contributor',
    request: message({ model_id: text, status }),
    rules: { model_id: requiredText, status: { kind: 'integer', required: true } },
    handle: async ({ model_id = '', status: next = loggedModelStatus.READY }, { tracking, actor, project }) => ({
      model: presentModel(await tracking.models.change(actor, project, model_id, { status: next })),
    }),
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/logged-models/:model_id',
    access: 'contributor',
    request: message({ model_id: text }),
    handle: async ({ model_id = '' }, { tracking, actor, project }) => {
      await tracking.models.change(actor, project, model_id, { stage: 'deleted' });
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/logged-models/:model_id/params',
    access: 'contributor',
    request: message({ model_id: text, params: listOf(tag) }),
    rules: { model_id: requiredText, params: { kind: 'list', each: ['key'] } },
    handle: async ({ model_id = '', params }, { tracking, actor, project }) => {
      await tracking.models.change(actor, project, model_id, { setParams: pairsOf(params) });
      return {};
    },
  }),
];
