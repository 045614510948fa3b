import { invalidInput } from '@flyball/api';
import {
  type ExactObject,
  type ExactValue,
  isExactObject,
  isShallow,
  parseExact,
  pythonJson,
} from '#platform/exact-json';
import { readRecords, type StoredEvaluationDataset, type StoredRecord } from '#tracing';
import { resultLimit } from './experiment-calls.ts';
import { int64, listOf, message, nonEmpty, oneOf, text } from './message.ts';
import { call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';

const path = '/mlflow/datasets';
const one = `${path}/:dataset_id`;
const sourceType = oneOf({ SOURCE_TYPE_UNSPECIFIED: 0, TRACE: 1, HUMAN: 2, DOCUMENT: 3, CODE: 4 });

/** JSON that travels as a text. No text in it may hold what the database cannot. */
function parsedText(name: string, sent: string): ExactValue {
  try {
    const value = parseExact(sent);
    if (isShallow(value) && !sent.includes('\\u0000')) return value;
  } catch {
    // Said below.
  }
  throw invalidInput(`The parameter '${name}' must be a text of JSON`);
}

function tagsIn(sent: string | undefined): Record<string, string | null> {
  const value = sent === undefined || sent === '' ? {} : parsedText('tags', sent);
  if (!isExactObject(value)) throw invalidInput("The parameter 'tags' must be a text of a JSON object");
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (item === null || typeof item === 'string') return [key, item];
      return [key, pythonJson(item)];
    }),
  );
}

const presentDataset = (row: StoredEvaluationDataset, withExperiments = false): object => ({
  dataset_id: row.dataset_id,
  name: row.name,
  tags: pythonJson(row.tags),
  schema: row.schema ?? undefined,
  profile: row.profile ?? undefined,
  digest: row.digest,
  created_time: row.created_ms,
  last_update_time: row.updated_ms,
  created_by: row.created_by ?? undefined,
  last_updated_by: row.updated_by ?? undefined,
  experiment_ids: withExperiments ? nonEmpty(row.experiments.map(String)) : undefined,
});

function presentRecord(datasetId: string, row: StoredRecord): ExactObject {
  const optional: [string, ExactValue | null][] = [
    ['expectations', row.expectations && parseExact(row.expectations)],
    ['tags', row.tags && parseExact(row.tags)],
    ['source', row.source && parseExact(row.source)],
    ['source_id', row.source_id],
    ['source_type', row.source_type],
    ['created_time', BigInt(row.created_ms)],
    ['last_update_time', BigInt(row.updated_ms)],
    ['created_by', row.created_by],
    ['last_updated_by', row.updated_by],
    ['outputs', row.outputs && parseExact(row.outputs)],
  ];
  return {
    dataset_record_id: row.record_id,
    dataset_id: datasetId,
    inputs: parseExact(row.inputs),
    ...Object.fromEntries(optional.filter(([, value]) => value !== null)),
  };
}

const search = (method: 'GET' | 'POST'): MlflowCall =>
  call({
    method,
    path: `${path}/search`,
    version: 3,
    access: 'viewer',
    request: message({
      experiment_ids: listOf(text),
      filter_string: text,
      max_results: int64,
      order_by: listOf(text),
      page_token: text,
    }),
    rules: {
      experiment_ids: { kind: 'list' },
      filter_string: optionalText,
      max_results: { kind: 'integer' },
      order_by: { kind: 'list' },
      page_token: optionalText,
    },
    handle: async (input, { tracing, project }) => {
      const { items, nextPageToken } = await tracing.datasets.search(project, {
        experimentIds: input.experiment_ids ?? [],
        filter: input.filter_string ?? '',
        orderBy: input.order_by ?? [],
        limit: resultLimit(input.max_results, 1_000, 50_000),
        pageToken: input.page_token,
      });
      return { datasets: nonEmpty(items.map((row) => presentDataset(row))), next_page_token: nextPageToken };
    },
  });

const joins = (change: 'add' | 'remove'): MlflowCall =>
  call({
    method: 'POST',
    path: `${one}/${change}-experiments`,
    version: 3,
    access: 'contributor',
    request: message({ dataset_id: text, experiment_ids: listOf(text) }),
    rules: { experiment_ids: { kind: 'list' } },
    handle: async ({ dataset_id: id = '', experiment_ids: experiments = [] }, { tracing, project }) => ({
      dataset: presentDataset(await tracing.datasets.changeExperiments(project, id, change, experiments)),
    }),
  });

const tagCalls: readonly MlflowCall[] = [
  call({
    method: 'PATCH',
    path: `${one}/tags`,
    version: 3,
    access: 'contributor',
    request: message({ dataset_id: text, tags: text }),
    rules: { tags: requiredText },
    handle: async ({ dataset_id: id = '', tags }, { tracing, project }) => {
      await tracing.datasets.setTags(project, id, tagsIn(tags));
      return {};
    },
  }),
  call({
    method: 'DELETE',
    path: `${one}/tags/:key`,
    version: 3,
    access: 'contributor',
    request: message({ dataset_id: text, key: text }),
    handle: async ({ dataset_id: id = '', key = '' }, { tracing, project }) => {
      await tracing.datasets.deleteTag(project, id, key);
      return {};
    },
  }),
];

const recordCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: `${one}/records`,
    version: 3,
    access: 'contributor',
    request: message({ dataset_id: text, records: text, updated_by: text }),
    rules: { records: requiredText },
    handle: async ({ dataset_id: id = '', records = '[]' }, { tracing, project }) => {
      const given = readRecords(parsedText('records', records));
      const { inserted, updated } = await tracing.datasets.upsertRecords(project, id, given);
      return { inserted_count: inserted, updated_count: updated };
    },
  }),
  call({
    method: 'GET',
    path: `${one}/records`,
    version: 3,
    access: 'viewer',
    request: message({ dataset_id: text, max_results: int64, page_token: text }),
    rules: { max_results: { kind: 'integer' }, page_token: optionalText },
    handle: async ({ dataset_id: id = '', max_results: given, page_token: pageToken }, { tracing, project }) => {
      const page = { limit: given || 1_000, pageToken };
      const { items, nextPageToken } = await tracing.datasets.listRecords(project, id, page);
      return { records: pythonJson(items.map((row) => presentRecord(id, row))), next_page_token: nextPageToken };
    },
  }),
  call({
    method: 'DELETE',
    path: `${one}/records`,
    version: 3,
    access: 'contributor',
    request: message({ dataset_id: text, dataset_record_ids: listOf(text) }),
    rules: { dataset_record_ids: { kind: 'list' } },
    handle: async ({ dataset_id: id = '', dataset_record_ids: records = [] }, { tracing, project }) => ({
      deleted_count: await tracing.datasets.removeRecords(project, id, records),
    }),
  }),
];

/** `/mlflow/datasets*`: what applications are evaluated with. */
export const evaluationDatasetCalls: readonly MlflowCall[] = [
  search('GET'),
  search('POST'),
  ...tagCalls,
  ...recordCalls,
  joins('add'),
  joins('remove'),
  call({
    method: 'POST',
    path: `${path}/create`,
    version: 3,
    access: 'contributor',
    request: message({
      name: text,
      experiment_ids: listOf(text),
      source_type: sourceType,
      source: text,
      schema: text,
      profile: text,
      created_by: text,
      tags: text,
    }),
    rules: { name: requiredText, experiment_ids: { kind: 'list' }, tags: optionalText },
    handle: async ({ name = '', experiment_ids: experimentIds = [], tags }, { tracing, actor, project }) => {
      const made = await tracing.datasets.add(actor, project, { name, experimentIds, tags: tagsIn(tags) });
      return { dataset: presentDataset(made, true) };
    },
  }),
  call({
    method: 'GET',
    path: one,
    version: 3,
    access: 'viewer',
    request: message({ dataset_id: text, page_token: text }),
    handle: async ({ dataset_id: id = '' }, { tracing, project }) => ({
      dataset: presentDataset(await tracing.datasets.get(project, id)),
    }),
  }),
  call({
    method: 'DELETE',
    path: one,
    version: 3,
    access: 'contributor',
    request: message({ dataset_id: text }),
    handle: async ({ dataset_id: id = '' }, { tracing, actor, project }) => {
      await tracing.datasets.remove(actor, project, id);
      return {};
    },
  }),
  call({
    method: 'GET',
    path: `${one}/experiment-ids`,
    version: 3,
    access: 'viewer',
    request: message({ dataset_id: text }),
    handle: async ({ dataset_id: id = '' }, { tracing, project }) => ({
      experiment_ids: nonEmpty((await tracing.datasets.get(project, id)).experiments.map(String)),
    }),
  }),
];
