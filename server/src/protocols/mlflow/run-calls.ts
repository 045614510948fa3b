import { recordOf, resultLimit, stagesOf, tag, viewType } from './experiment-calls.ts';
import { int64, listOf, message, text } from './message.ts';
import { call, JsonText, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { presentRun, presentRunInfo, runStatus, textOfRun } from './run-message.ts';

const MOST_RESULTS = 50_000;

/** The deprecated twin stands in where the id is missing. */
export const runIdOf = (input: { readonly run_id?: string; readonly run_uuid?: string }): string =>
  input.run_id || input.run_uuid || '';

const move = (path: string, stage: 'active' | 'deleted'): MlflowCall =>
  call({
    method: 'POST',
    path,
    access: 'contributor',
    request: message({ run_id: text }),
    rules: { run_id: requiredText },
    handle: async ({ run_id = '' }, { tracking, actor, project }) => {
      await tracking.runs.move(actor, project, run_id, stage);
      return {};
    },
  });

/** `/mlflow/runs/*`: the life of a run and the search for runs. */
export const runCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/runs/create',
    access: 'contributor',
    request: message({ experiment_id: text, user_id: text, run_name: text, start_time: int64, tags: listOf(tag) }),
    rules: { experiment_id: optionalText, start_time: { kind: 'integer' }, run_name: optionalText },
    handle: async (input, { tracking, actor, project }) => {
      const run = await tracking.runs.start(actor, project, {
        experimentId: input.experiment_id ?? '',
        name: input.run_name,
        user: input.user_id ?? '',
        startTime: input.start_time ?? 0,
        tags: recordOf(input.tags),
      });
      return { run: presentRun(run, true) };
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/runs/update',
    access: 'contributor',
    request: message({ run_id: text, run_uuid: text, status: runStatus, end_time: int64, run_name: text }),
    rules: { run_id: requiredText, end_time: { kind: 'integer' }, status: optionalText, run_name: optionalText },
    handle: async (input, { tracking, actor, project }) => {
      const { status, end_time: endTime, run_name: name } = input;
      const run = await tracking.runs.update(actor, project, runIdOf(input), { status, endTime, name });
      return { run_info: presentRunInfo(run) };
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/runs/get',
    access: 'viewer',
    request: message({ run_id: text, run_uuid: text }),
    rules: { run_id: requiredText },
    handle: async (input, { tracking, project }) => ({
      run: presentRun(await tracking.runs.get(project, runIdOf(input))),
    }),
  }),
  move('/mlflow/runs/delete', 'deleted'),
  move('/mlflow/runs/restore', 'active'),
  call({
    method: 'POST',
    path: '/mlflow/runs/search',
    access: 'viewer',
    request: message({
      experiment_ids: listOf(text),
      filter: text,
      run_view_type: viewType,
      max_results: int64,
      order_by: listOf(text),
      page_token: text,
    }),
    rules: {
      experiment_ids: { kind: 'list' },
      filter: optionalText,
      max_results: { kind: 'integer', most: MOST_RESULTS },
      order_by: { kind: 'texts' },
    },
    handle: async (input, { tracking, project }) => {
      const { items, nextPageToken } = await tracking.runs.searchTexts(project, {
        experimentIds: input.experiment_ids ?? [],
        filter: input.filter ?? '',
        orderBy: input.order_by ?? [],
        stages: stagesOf(input.run_view_type),
        limit: resultLimit(input.max_results, 1_000, MOST_RESULTS),
        pageToken: input.page_token,
      });
      if (items.length === 0) return {};
      const token = nextPageToken === undefined ? '' : `,"next_page_token":${JSON.stringify(nextPageToken)}`;
      return new JsonText(`{"runs":[${items.map(textOfRun).join(',')}]${token}}`);
    },
  }),
];
