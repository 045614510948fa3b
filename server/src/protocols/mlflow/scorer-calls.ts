import { invalidInput } from '@flyball/api';
import { parseExact, pythonJson } from '#platform/exact-json';
import type { StoredScorer } from '#tracing';
import { int64, listOf, message, nonEmpty, text } from './message.ts';
import { call, type MlflowCall, requiredText } from './mlflow-call.ts';

const presentScorer = (row: StoredScorer, definition = row.definition): object => ({
  experiment_id: row.experiment,
  scorer_name: row.name,
  scorer_version: row.version,
  serialized_scorer: definition,
  creation_time: row.created_ms,
  scorer_id: row.scorer_id,
});

/** Lists write a definition anew, as the reference does; one scorer alone has it as it was given. */
const presentList = (rows: readonly StoredScorer[]): object => ({
  scorers: nonEmpty(rows.map((row) => presentScorer(row, pythonJson(parseExact(row.definition))))),
});

const named = message({ experiment_id: text, name: text, version: int64 });
const namedRules = { experiment_id: requiredText, name: requiredText, version: { kind: 'integer' } } as const;

/** `/mlflow/scorers/*` */
export const scorerCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/scorers/register',
    version: 3,
    access: 'contributor',
    request: message({ experiment_id: text, name: text, serialized_scorer: text }),
    rules: { experiment_id: requiredText, name: requiredText, serialized_scorer: requiredText },
    handle: async (input, { tracing, actor, project }) => {
      const { experiment_id: experimentId = '', name = '', serialized_scorer: definition = '' } = input;
      const made = await tracing.scorers.register(actor, project, { experimentId, name, definition });
      return {
        version: made.version,
        scorer_id: made.scorer_id,
        experiment_id: String(made.experiment),
        name: made.name,
        serialized_scorer: made.definition,
        creation_time: made.created_ms,
      };
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/scorers/list',
    version: 3,
    access: 'viewer',
    request: message({ experiment_id: text, experiment_ids: listOf(text) }),
    rules: { experiment_id: { kind: 'text' }, experiment_ids: { kind: 'texts' } },
    handle: async ({ experiment_id: id = '', experiment_ids: ids }, { tracing, project }) => {
      if (id === '') return presentList(await tracing.scorers.listAcross(project, ids ?? null));
      if (ids === undefined) return presentList(await tracing.scorers.list(project, id));
      throw invalidInput(
        "Cannot specify both 'experiment_id' and 'experiment_ids'. Use 'experiment_ids' to scope the query to " +
          "multiple experiments, or 'experiment_id' to scope it to a single experiment.",
      );
    },
  }),
  call({
    method: 'GET',
    // Clients ask it of every scorer that they list. Scorers are never run here, so none is configured.
    path: '/mlflow/scorers/online-configs',
    version: 3,
    access: 'viewer',
    request: message({ scorer_ids: listOf(text) }),
    rules: { scorer_ids: { kind: 'texts', required: true } },
    handle: async () => ({ configs: [] }),
  }),
  call({
    method: 'GET',
    path: '/mlflow/scorers/versions',
    version: 3,
    access: 'viewer',
    request: message({ experiment_id: text, name: text }),
    rules: { experiment_id: requiredText, name: requiredText },
    handle: async ({ experiment_id: id = '', name = '' }, { tracing, project }) =>
      presentList(await tracing.scorers.versions(project, id, name)),
  }),
  call({
    method: 'GET',
    path: '/mlflow/scorers/get',
    version: 3,
    access: 'viewer',
    request: named,
    rules: namedRules,
    handle: async ({ experiment_id: id = '', name = '', version = null }, { tracing, project }) => ({
      scorer: presentScorer(await tracing.scorers.get(project, id, name, version)),
    }),
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/scorers/delete',
    version: 3,
    access: 'contributor',
    request: named,
    rules: namedRules,
    handle: async ({ experiment_id: id = '', name = '', version = null }, { tracing, actor, project }) => {
      await tracing.scorers.remove(actor, project, id, { name, version });
      return {};
    },
  }),
];
