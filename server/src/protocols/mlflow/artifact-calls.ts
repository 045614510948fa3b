import { type ArtifactEntry, type ArtifactPlace, checkArtifactPath } from '#tracking';
import { message, nonEmpty, text } from './message.ts';
import { type CallContext, call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { runIdOf } from './run-calls.ts';

export const joinPath = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/');

const presentEntry = (folder: string, { name, is_directory, size_bytes }: ArtifactEntry) => ({
  path: joinPath(folder, name),
  is_dir: is_directory,
  // Nothing is the default of a number, and defaults are not sent.
  file_size: size_bytes || undefined,
});

/** What lies in a folder of a run or model, with paths relative to its root. */
async function listBelow({ tracking, project }: CallContext, place: ArtifactPlace, given: string | undefined) {
  const relative = checkArtifactPath(given ?? '');
  const entries = await tracking.artifacts.listAt(project, place, relative);
  return { root_uri: place.artifact_uri, files: nonEmpty(entries.map((entry) => presentEntry(relative, entry))) };
}

/** Lists of artifacts: of runs, of logged models, of the store. */
export const artifactCalls: readonly MlflowCall[] = [
  call({
    method: 'GET',
    path: '/mlflow/artifacts/list',
    access: 'viewer',
    request: message({ run_id: text, run_uuid: text, path: text, page_token: text }),
    rules: { run_id: requiredText, path: optionalText, page_token: optionalText },
    handle: async (input, context) => {
      checkArtifactPath(input.path ?? '');
      const run = await context.tracking.runs.get(context.project, runIdOf(input));
      return await listBelow(context, run, input.path);
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/logged-models/:model_id/artifacts/directories',
    access: 'viewer',
    request: message({ model_id: text, artifact_directory_path: text, page_token: text }),
    handle: async ({ model_id = '', artifact_directory_path: path }, context) => {
      checkArtifactPath(path ?? '');
      const model = await context.tracking.models.get(context.project, model_id);
      return await listBelow(context, model, path);
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow-artifacts/artifacts',
    access: 'viewer',
    request: message({ path: text }),
    handle: async ({ path = '' }, { tracking, project }) => {
      const entries = await tracking.artifacts.list(project, checkArtifactPath(path));
      return { files: nonEmpty(entries.map((entry) => presentEntry('', entry))) };
    },
  }),
];
