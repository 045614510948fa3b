import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidInput, type ModelVersion, PlatformError } from '@flyball/api';
import { type ArtifactPlace, proxiedPath } from '#tracking';
import type { CallContext } from './mlflow-call.ts';
import { saying } from './mlflow-error.ts';
import { versionNumber } from './registry-names.ts';

/** What a caller says of where a version comes from. */
export interface GivenSource {
  readonly source: string;
  readonly runId: string | undefined;
  readonly modelId: string | undefined;
  readonly isPrompt: boolean;
}

/** Where a version comes from, and those of its files that are in our own store. */
export interface VersionSource {
  readonly source: string;
  readonly runId: string | undefined;
  readonly modelId: string | undefined;
  readonly files: readonly { readonly path: string; readonly digest: string }[];
}

/** Prompts have no files: their clients write one of these instead of a source. */
const promptSources = new Set(['dummy-source', 'prompt-template']);

const bad = (source: string, problem: string): PlatformError =>
  invalidInput(`Invalid model version source: '${source}'. ${problem}`, [{ at: 'source', message: problem }]);

const notContained = (source: string, id: 'run_id' | 'model_id'): PlatformError =>
  bad(source, `The ${id} request parameter must identify the resource that contains the source.`);

const schemeOf = (uri: string): string => /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase() ?? '';

function isLocal(source: string): boolean {
  const scheme = schemeOf(source);
  if (scheme === '') return true;
  if (scheme !== 'file') return false;
  const host = /^file:\/\/([^/\\]*)/i.exec(source)?.[1] ?? '';
  if (host === '' || host === '.' || /^(localhost|127\.0\.0\.1)/i.test(host)) return true;
  throw invalidInput(`${source} is not a valid remote uri. For remote access use a scheme of the remote store.`);
}

function unquoted(text: string): string {
  let last = text;
  for (let times = 0; times < 100; times++) {
    let next: string;
    try {
      next = decodeURIComponent(last.replaceAll('+', ' '));
    } catch {
      next = last.replace(/%([0-7][0-9a-f])/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
    }
    if (next === last) return last;
    last = next;
  }
  return last;
}

/** A remote source names one place, however often it is decoded: no steps up, no dots, nothing after it. */
function checkRemote(source: string): void {
  const whole = unquoted(source);
  const place = whole.replace(/^[a-z][a-z0-9+.-]*:(\/\/[^/?#]*)?/i, '').replace(/[?#;].*$/s, '');
  const segments = place.split('/').slice(1);
  const steps = whole.split(/[/\\?#;]/);
  const isPlain = place.startsWith('/') && !segments.includes('.') && !steps.includes('..');
  if (isPlain && !/[\p{Cc}\\#]/u.test(whole)) return;
  throw bad(
    source,
    'If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute ' +
      'path must be provided without relative path references present. Please provide an absolute path.',
  );
}

async function resolved(local: string): Promise<string> {
  const place = schemeOf(local) === 'file' ? fileURLToPath(local.replace(/^file:\/*/i, 'file:///')) : local;
  const absolute = path.resolve(place);
  return await realpath(absolute).catch(() => absolute);
}

/** A local path is allowed only below the artifacts of its run or model, which its clients wrote themselves. */
async function filesOfLocal(given: GivenSource, context: CallContext): Promise<VersionSource['files']> {
  const { tracking, project } = context;
  const { source, runId, modelId } = given;
  const id = modelId === undefined ? 'run_id' : 'model_id';
  const problem =
    `To use a local path as a model version source, the ${id} request parameter has to be specified and the local ` +
    `path has to be contained within the artifact directory of the run specified by the ${id}.`;
  let place: ArtifactPlace;
  let below: string;
  try {
    if (modelId !== undefined) place = await tracking.models.get(project, modelId);
    else place = await tracking.runs.get(project, runId ?? '');
    if (!isLocal(place.artifact_uri) || /[\p{Cc}]/u.test(source)) throw bad(source, problem);
    const [inside, folder] = [await resolved(source), await resolved(place.artifact_uri)];
    if (inside !== folder && !inside.startsWith(`${folder}${path.sep}`)) throw bad(source, problem);
    below = path.relative(folder, inside).split(path.sep).join('/');
  } catch {
    // One answer for all: it must not tell what exists.
    throw bad(source, problem);
  }
  return await filesOf(context, place, below);
}

/** The files of a run or model; none when they are kept elsewhere. */
async function filesOf(
  { tracking, project }: CallContext,
  place: ArtifactPlace,
  below = '',
): Promise<VersionSource['files']> {
  const files = await tracking.artifacts.keepAt(project, place, below).catch((error: unknown) => {
    if (error instanceof PlatformError && error.code === 'not_implemented') return [];
    throw error;
  });
  return files.map(({ path: file, digest }) => ({ path: file, digest }));
}

async function filesAt({ tracking, project }: CallContext, location: string): Promise<VersionSource['files']> {
  const folder = proxiedPath(location);
  if (folder === null) return [];
  const files = await tracking.artifacts.filesBelow(project, folder);
  return files.map(({ path: file, digest }) => ({ path: file, digest }));
}

async function fromRun(given: GivenSource, context: CallContext): Promise<VersionSource> {
  const [, runId = '', below = ''] = /^runs:\/+([^/]+)\/?(.*)$/i.exec(given.source) ?? [];
  if (/^runs:\/\/[^/]/i.test(given.source)) throw notContained(given.source, 'run_id');
  if (given.modelId !== undefined) throw notContained(given.source, 'model_id');
  if (given.runId !== undefined && given.runId !== runId) throw notContained(given.source, 'run_id');
  const run = await context.tracking.runs.get(context.project, runId).catch(() => null);
  const files = run === null ? [] : await filesOf(context, run, below);
  return { source: given.source, runId, modelId: undefined, files };
}

async function fromVersion(
  given: GivenSource,
  context: CallContext,
  name: string,
  ref: string,
): Promise<VersionSource> {
  const { registry, project } = context;
  const model = await saying(registry.getModel(project, name), {
    not_found: `Registered Model with name=${name} not found`,
  });
  if (model.tags['mlflow.prompt.is_prompt']?.toLowerCase() === 'true') {
    throw bad(given.source, 'Prompt versions cannot be used as model version sources.');
  }
  const latest = ref.toLowerCase() === 'latest' ? model.latestVersion : null;
  const version: ModelVersion = await saying(registry.getVersion(project, name, latest ?? versionNumber(ref)), {
    not_found: `Model Version (name=${name}, version=${ref}) not found`,
  });
  const { runId, loggedModelId: modelId } = version;
  const isOther = (said: string | undefined, own: string | null) => said !== undefined && said !== (own ?? '');
  if (isOther(given.runId, runId) || isOther(given.modelId, modelId)) {
    throw bad(given.source, 'The run_id and model_id request parameters must match the referenced model version.');
  }
  return {
    source: `models:/${name}/${version.version}`,
    runId: runId ?? undefined,
    modelId: modelId ?? undefined,
    files: version.files.map(({ path: file, digest }) => ({ path: file, digest })),
  };
}

async function fromModels(given: GivenSource, context: CallContext): Promise<VersionSource> {
  const { source, runId, modelId } = given;
  if (/^models:\/\/[^/]/i.test(source)) {
    throw bad(source, 'Registered model sources must use the active model registry.');
  }
  const rest = source.replace(/^models:\/+/i, '');
  const logged = /^(m-[0-9a-f]{32})$/.exec(rest)?.[1];
  const named = /^([^/@]+)[/@]([^/@]+)$/.exec(rest);
  if (logged === undefined) {
    if (named === null) throw notContained(source, 'model_id');
    if (rest.includes('@')) {
      const version = await context.registry.versionByAlias(context.project, named[1]!, named[2]!);
      if (version === null) throw invalidInput(`Registered model alias ${named[2]} not found.`);
      return await fromVersion(given, context, named[1]!, String(version.version));
    }
    return await fromVersion(given, context, named[1]!, named[2]!);
  }
  if (modelId !== undefined && modelId !== logged) throw notContained(source, 'model_id');
  const model = await context.tracking.models.get(context.project, logged).catch(() => null);
  if (model === null) throw notContained(source, 'model_id');
  const files = await filesOf(context, model);
  return { source, runId: runId ?? model.source_run_id ?? undefined, modelId: logged, files };
}

async function fromPlace(given: GivenSource, context: CallContext): Promise<VersionSource> {
  const { source, runId, modelId } = given;
  const model = modelId === undefined ? null : await context.tracking.models.get(context.project, modelId);
  const files = await filesAt(context, source);
  return { source, runId: runId ?? model?.source_run_id ?? undefined, modelId, files };
}

/**
 * Where a version comes from. The server opens nothing but its own store: other places are kept as texts, once found
 * to mean one place to every reader.
 */
export async function resolveVersionSource(given: GivenSource, context: CallContext): Promise<VersionSource> {
  const { source, runId, modelId, isPrompt } = given;
  if (isPrompt) {
    if (promptSources.has(source)) return { source, runId, modelId, files: [] };
    throw invalidInput(`Invalid prompt source: '${source}'. Prompt sources must use an MLflow placeholder.`);
  }
  if (isLocal(source)) {
    return { source, runId, modelId, files: await filesOfLocal(given, context) };
  }
  checkRemote(source);
  const scheme = schemeOf(source);
  if (scheme === 'runs') return await fromRun(given, context);
  if (scheme === 'models') return await fromModels(given, context);
  return await fromPlace(given, context);
}

/** The place to download a version from, for clients that ask: never a name that must be looked up again here. */
export async function downloadLocation(context: CallContext, version: ModelVersion): Promise<string> {
  const { tracking, registry, project } = context;
  for (let { source } = version, hops = 0; ; hops++) {
    const [, model, number] = /^models:\/+([^/]+)\/(\d+)$/.exec(source) ?? [];
    const logged = /^models:\/+(m-[0-9a-f]{32})$/.exec(source)?.[1];
    if (logged !== undefined) return (await tracking.models.get(project, logged, { deleted: true })).artifact_uri;
    if (model === undefined || number === undefined || hops === 20) return source;
    source = (await registry.getVersion(project, model, Number(number))).source;
  }
}
