import { PlatformError } from '@flyball/api';
import { type ArtifactEntry, checkArtifactPath, proxiedPath } from '#tracking';
import { message, nonEmpty, text } from './message.ts';
import { type CallContext, call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { runIdOf } from './run-calls.ts';

/** The folder of our own store behind a location; other stores are read by the clients themselves. */
export function ownFolder(location: string): string {
  const folder = proxiedPath(location);
  if (folder !== null) return folder;
  throw new PlatformError('not_implemented', `The artifacts at ${location} are not kept by this server`);
}

export const joinPath = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/');

const presentEntry = (folder: string, { name, is_directory, size_bytes }: ArtifactEntry) => ({
  path: joinPath(folder, name),
  is_dir: is_directory,
  // Nothing is the default of a number, and defaults are not sent.
  file_size: size_bytes || undefined,
});

/** What lies in a folder below a location, with paths relative to the location. */
async function listBelow({ tracking, project }: CallContext, location: string, given: string | undefined) {
  const relative = checkArtifactPath(given ?? '');
  const entries = await tracking.artifacts.list(project, joinPath(ownFolder(location), relative));
  return { root_uri: location, files: nonEmpty(entries.map((entry) => presentEntry(relative, entry))) };
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
      return await listBelow(context, run.artifact_uri, input.path);
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
      return await listBelow(context, model.artifact_uri, path);
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
