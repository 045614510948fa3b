import { invalidInput, type ModelVersion } from '@flyball/api';
import { recordOf, tag } from './experiment-calls.ts';
import { bool, int64, listOf, message, nonEmpty, text } from './message.ts';
import { type CallContext, call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { saying } from './mlflow-error.ts';
import { positive, requireModel } from './model-calls.ts';
import { presentVersion } from './registry-message.ts';
import { checkModelName, checkRegistryTag, stageOf, versionNumber } from './registry-names.ts';
import { downloadLocation, resolveVersionSource } from './version-source.ts';

const MOST_RESULTS = 200_000;
const named = message({ name: text, version: text });
const namedRules = { name: requiredText, version: requiredText };

const missingVersion = (name: string, version: string) => ({
  not_found: `Model Version (name=${name}, version=${version}) not found`,
});

type Change = Parameters<CallContext['registry']['changeVersion']>[4];

async function changed({ registry, actor, project }: CallContext, name: string, version: string, change: Change) {
  const number = versionNumber(version);
  const work = registry.changeVersion(actor, project, name, number, change);
  return { model_version: presentVersion(await saying(work, missingVersion(name, version))) };
}

async function found({ registry, project }: CallContext, name: string, version: string): Promise<ModelVersion> {
  return await saying(registry.getVersion(project, name, versionNumber(version)), missingVersion(name, version));
}

function flavorOf(files: readonly { readonly path: string }[]): ModelVersion['flavor'] {
  if (files.some(({ path }) => path.endsWith('.onnx'))) return 'onnx';
  return files.some(({ path }) => path === 'MLmodel') ? 'mlflow' : 'other';
}

const unlessEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

const createCall = call({
  method: 'POST',
  path: '/mlflow/model-versions/create',
  access: 'contributor',
  request: message({
    name: text,
    source: text,
    run_id: text,
    tags: listOf(tag),
    run_link: text,
    description: text,
    model_id: text,
  }),
  rules: {
    name: requiredText,
    source: requiredText,
    run_id: optionalText,
    tags: { kind: 'list' },
    run_link: optionalText,
    description: optionalText,
    model_id: optionalText,
  },
  handle: async (input, context) => {
    const { name = '', description = '' } = input;
    checkModelName(name);
    const tags = recordOf(input.tags);
    for (const [key, value] of Object.entries(tags)) checkRegistryTag(key, value);
    const { source, runId, modelId, files } = await resolveVersionSource(
      {
        source: input.source ?? '',
        runId: unlessEmpty(input.run_id),
        modelId: unlessEmpty(input.model_id),
        isPrompt: tags['mlflow.prompt.is_prompt']?.toLowerCase() === 'true',
      },
      context,
    );
    await requireModel(context, name);
    const { registry, actor, project } = context;
    const given = {
      source,
      description,
      flavor: flavorOf(files),
      inputs: [],
      files: [...files],
      tags,
      ...(runId === undefined ? {} : { runId }),
      ...(modelId === undefined ? {} : { loggedModelId: modelId }),
      ...(input.run_link === undefined ? {} : { runLink: input.run_link }),
    };
    const version = await registry.createVersion(actor, project, name, given, { foreignRun: true });
    return { model_version: presentVersion(version) };
  },
});

const stageCall = call({
  method: 'POST',
  path: '/mlflow/model-versions/transition-stage',
  access: 'contributor',
  request: message({ name: text, version: text, stage: text, archive_existing_versions: bool }),
  rules: { ...namedRules, stage: requiredText, archive_existing_versions: { kind: 'boolean' } },
  handle: async (input, context) => {
    const { name = '', version = '', archive_existing_versions: archiveOthers = false } = input;
    const stage = stageOf(input.stage ?? '');
    if (archiveOthers && stage !== 'Staging' && stage !== 'Production') {
      throw invalidInput(
        'Model version transition cannot archive existing model versions because ' +
          `'${input.stage}' is not an Active stage. Valid stages are ['Staging', 'Production']`,
      );
    }
    return await changed(context, name, version, { stage, archiveOthers });
  },
});

const searchCall = call({
  method: 'GET',
  path: '/mlflow/model-versions/search',
  access: 'viewer',
  request: message({ filter: text, max_results: int64, order_by: listOf(text), page_token: text }),
  rules: {
    filter: optionalText,
    max_results: { kind: 'integer', most: MOST_RESULTS },
    order_by: { kind: 'texts' },
    page_token: optionalText,
  },
  handle: async (input, { registry, project }) => {
    const { items, nextPageToken } = await registry.searchVersions(project, {
      filter: input.filter ?? '',
      orderBy: input.order_by ?? [],
      limit: positive(input.max_results ?? MOST_RESULTS),
      pageToken: input.page_token,
    });
    return { model_versions: nonEmpty(items.map(presentVersion)), next_page_token: nextPageToken };
  },
});

const tagCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/model-versions/set-tag',
    access: 'contributor',
    request: message({ name: text, version: text, key: text, value: text }),
    rules: { ...namedRules, key: requiredText, value: optionalText },
    handle: async ({ name = '', version = '', key = '', value = '' }, context) => {
      checkRegistryTag(key, value);
      await changed(context, name, version, { setTags: { [key]: value } });
      return {};
    },
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/model-versions/delete-tag',
    access: 'contributor',
    request: message({ name: text, version: text, key: text }),
    rules: { ...namedRules, key: requiredText },
    handle: async ({ name = '', version = '', key = '' }, context) => {
      await changed(context, name, version, { removeTags: [key] });
      return {};
    },
  }),
];

/** `/mlflow/model-versions/*` */
export const versionCalls: readonly MlflowCall[] = [
  createCall,
  stageCall,
  searchCall,
  ...tagCalls,
  call({
    method: 'GET',
    path: '/mlflow/model-versions/get',
    access: 'viewer',
    request: named,
    rules: namedRules,
    handle: async ({ name = '', version = '' }, context) => ({
      model_version: presentVersion(await found(context, name, version)),
    }),
  }),
  call({
    method: 'PATCH',
    path: '/mlflow/model-versions/update',
    access: 'contributor',
    request: message({ name: text, version: text, description: text }),
    rules: { ...namedRules, description: optionalText },
    // What is not sent is cleared.
    handle: async ({ name = '', version = '', description = '' }, context) =>
      await changed(context, name, version, { description }),
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/model-versions/delete',
    access: 'admin',
    request: named,
    rules: namedRules,
    handle: async ({ name = '', version = '' }, { registry, actor, project }) => {
      const work = registry.deleteVersion(actor, project, name, versionNumber(version));
      await saying(work, missingVersion(name, version));
      return {};
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/model-versions/get-download-uri',
    access: 'viewer',
    request: named,
    handle: async ({ name = '', version = '' }, context) => ({
      artifact_uri: await downloadLocation(context, await found(context, name, version)),
    }),
  }),
];
