import { invalidInput, PlatformError } from '@flyball/api';
import type { StoredExperiment } from '#tracking';
import { int64, listOf, message, nonEmpty, oneOf, text } from './message.ts';
import { call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';

export const viewType = oneOf({ ACTIVE_ONLY: 1, DELETED_ONLY: 2, ALL: 3 });
const stages = { ACTIVE_ONLY: ['active'], DELETED_ONLY: ['deleted'], ALL: ['active', 'deleted'] } as const;

export const stagesOf = (view: keyof typeof stages | undefined) => stages[view ?? 'ACTIVE_ONLY'];

export const tag = message({ key: text, value: text });
export type WireTag = ReturnType<typeof tag.read>;

export const pairsOf = (tags: readonly WireTag[] | undefined) =>
  (tags ?? []).map(({ key = '', value = '' }) => ({ key, value }));

export const recordOf = (tags: readonly WireTag[] | undefined): Record<string, string> =>
  Object.fromEntries(pairsOf(tags).map(({ key, value }) => [key, value]));

export const presentTags = (tags: Readonly<Record<string, string>>) =>
  nonEmpty(Object.entries(tags).map(([key, value]) => ({ key, value })));

const presentExperiment = (row: StoredExperiment) => ({
  experiment_id: String(row.id),
  name: row.name,
  artifact_location: row.artifact_location,
  lifecycle_stage: row.stage,
  last_update_time: row.updated_ms,
  creation_time: row.created_ms,
  tags: presentTags(row.tags),
  workspace: row.project,
});

const DEFAULT_RESULTS = 1_000;
const MOST_RESULTS = 50_000;

/** How many results a search gives; the reference's words for what it cannot. */
export function resultLimit(given: number | undefined, fallback: number, most: number): number {
  const limit = given ?? fallback;
  if (limit >= 1 && limit <= most) return limit;
  const problem = limit < 1 ? 'It must be a positive integer' : `It must be at most ${most}`;
  throw invalidInput(`Invalid value ${limit} for parameter 'max_results' supplied. ${problem}`);
}

const MOST_EXPERIMENTS = 20;

/** What runs were given; its other path, which lacks a slash, is served by nobody. */
const searchDatasetsCall = call({
  method: 'POST',
  path: '/mlflow/experiments/search-datasets',
  ajaxOnly: true,
  access: 'viewer',
  request: message({ experiment_ids: listOf(text) }),
  handle: async ({ experiment_ids: ids = [] }, { tracking, project }) => {
    if (ids.length === 0) throw invalidInput('SearchDatasets request must specify at least one experiment_id.');
    if (ids.length > MOST_EXPERIMENTS) {
      throw invalidInput(
        `SearchDatasets request cannot specify more than ${MOST_EXPERIMENTS} experiment_ids. ` +
          `Received ${ids.length} experiment_ids.`,
      );
    }
    const found = await tracking.runs.listDatasets(project, ids);
    const summaries = found.map(({ experiment, name, digest, context }) => ({
      experiment_id: String(experiment),
      name,
      digest,
      context: context ?? undefined,
    }));
    return { dataset_summaries: nonEmpty(summaries) };
  },
});

const search = (method: 'GET' | 'POST'): MlflowCall =>
  call({
    method,
    path: '/mlflow/experiments/search',
    access: 'viewer',
    request: message({
      max_results: int64,
      page_token: text,
      filter: text,
      order_by: listOf(text),
      view_type: viewType,
    }),
    rules: {
      view_type: { kind: 'any' },
      max_results: { kind: 'integer' },
      order_by: { kind: 'list' },
      filter: optionalText,
      page_token: optionalText,
    },
    handle: async (input, { tracking, project }) => {
      const { items, nextPageToken } = await tracking.experiments.search(project, {
        filter: input.filter ?? '',
        orderBy: input.order_by ?? [],
        stages: stagesOf(input.view_type),
        limit: resultLimit(input.max_results, DEFAULT_RESULTS, MOST_RESULTS),
        pageToken: input.page_token,
      });
      return { experiments: nonEmpty(items.map(presentExperiment)), next_page_token: nextPageToken };
    },
  });

const move = (path: string, stage: 'active' | 'deleted'): MlflowCall =>
  call({
    method: 'POST',
    path,
    access: 'contributor',
    request: message({ experiment_id: text }),
    rules: { experiment_id: requiredText },
    handle: async ({ experiment_id = '' }, { tracking, actor, project }) => {
      await tracking.experiments.change(actor, project, experiment_id, { stage });
      return {};
    },
  });

const readCalls: readonly MlflowCall[] = [
  search('GET'),
  search('POST'),
  call({
    method: 'GET',
    path: '/mlflow/experiments/get',
    access: 'viewer',
    request: message({ experiment_id: text }),
    rules: { experiment_id: requiredText },
    handle: async ({ experiment_id = '' }, { tracking, project }) => ({
      experiment: presentExperiment(await tracking.experiments.get(project, experiment_id)),
    }),
  }),
  call({
    method: 'GET',
    path: '/mlflow/experiments/get-by-name',
    access: 'viewer',
    request: message({ experiment_name: text }),
    rules: { experiment_name: requiredText },
    handle: async ({ experiment_name: name = '' }, { tracking, project }) => {
      const found = await tracking.experiments.findByName(project, name);
      if (found !== null) return { experiment: presentExperiment(found) };
      throw new PlatformError('not_found', `Could not find experiment with name '${name}'`);
    },
  }),
];

/** `/mlflow/experiments/*` */
export const experimentCalls: readonly MlflowCall[] = [
  ...readCalls,
  call({
    method: 'POST',
    path: '/mlflow/experiments/create',
    access: 'contributor',
    request: message({ name: text, artifact_location: text, tags: listOf(tag) }),
    rules: { name: requiredText, artifact_location: optionalText, tags: { kind: 'list' } },
    handle: async (input, { tracking, actor, project }) => {
      const made = await tracking.experiments.add(actor, project, {
        name: input.name ?? '',
        artifactLocation: input.artifact_location,
        tags: recordOf(input.tags),
      });
      return { experiment_id: String(made.id) };
    },
  }),
  searchDatasetsCall,
  move('/mlflow/experiments/delete', 'deleted'),
  move('/mlflow/experiments/restore', 'active'),
  call({
    method: 'POST',
    path: '/mlflow/experiments/update',
    access: 'contributor',
    request: message({ experiment_id: text, new_name: text }),
    rules: { experiment_id: requiredText, new_name: requiredText },
    handle: async ({ experiment_id = '', new_name: name = '' }, { tracking, actor, project }) => {
      await tracking.experiments.change(actor, project, experiment_id, { name });
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/experiments/set-experiment-tag',
    access: 'contributor',
    request: message({ experiment_id: text, key: text, value: text }),
    rules: { experiment_id: requiredText, key: requiredText, value: optionalText },
    handle: async ({ experiment_id = '', key = '', value = '' }, { tracking, actor, project }) => {
      await tracking.experiments.change(actor, project, experiment_id, { setTag: { key, value } });
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/experiments/delete-experiment-tag',
    access: 'contributor',
    request: message({ experiment_id: text, key: text }),
    rules: { experiment_id: requiredText, key: requiredText },
    handle: async ({ experiment_id = '', key: removeTag = '' }, { tracking, actor, project }) => {
      await tracking.experiments.change(actor, project, experiment_id, { removeTag });
      return {};
    },
  }),
];
