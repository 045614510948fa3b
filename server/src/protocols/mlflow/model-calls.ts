import { invalidInput, type Model, PlatformError } from '@flyball/api';
import { recordOf, tag } from './experiment-calls.ts';
import { int64, listOf, message, nonEmpty, text } from './message.ts';
import { type CallContext, call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { saying } from './mlflow-error.ts';
import { presentModel, presentVersion } from './registry-message.ts';
import {
  checkAlias,
  checkAliasIsFree,
  checkModelName,
  checkRegistryTag,
  stageOf,
  versionNumber,
} from './registry-names.ts';

const missingModel = (name: string) => ({ not_found: `Registered Model with name=${name} not found` });

/** A model, or MLflow's words for that there is none. */
export async function requireModel({ registry, project }: CallContext, name: string): Promise<Model> {
  return await saying(registry.getModel(project, name), missingModel(name));
}

async function shown(context: CallContext, model: Model) {
  const latest = await context.registry.latestVersions(context.project, [model.name]);
  return { registered_model: presentModel(model, latest) };
}

const isPrompt = (tags: Readonly<Record<string, string>>): boolean =>
  tags['mlflow.prompt.is_prompt']?.toLowerCase() === 'true';

/** Who is in the way: a model, a prompt, or one of the other kind. */
async function nameTaken(
  context: CallContext,
  name: string,
  tags: Readonly<Record<string, string>>,
): Promise<PlatformError> {
  const taken = isPrompt((await context.registry.getModel(context.project, name)).tags);
  const wanted = isPrompt(tags);
  if (taken === wanted) {
    return new PlatformError('conflict', `${wanted ? 'Prompt' : 'Registered Model'} (name=${name}) already exists.`);
  }
  const [kind, other] = wanted ? ['prompt', 'registered model'] : ['registered model', 'prompt'];
  const message = `Tried to create a ${kind} with name '${name}', but the name is already taken by a ${other}.`;
  return new PlatformError(
    'conflict',
    `${message} MLflow does not allow creating a model and a prompt with the same name.`,
  );
}

const createCall = call({
  method: 'POST',
  path: '/mlflow/registered-models/create',
  access: 'contributor',
  request: message({ name: text, tags: listOf(tag), description: text, deployment_job_id: text }),
  rules: { name: requiredText, tags: { kind: 'list' }, description: optionalText },
  handle: async (input, context) => {
    const { name = '', description = '' } = input;
    checkModelName(name);
    const tags = recordOf(input.tags);
    for (const [key, value] of Object.entries(tags)) checkRegistryTag(key, value);
    const made = await context.registry
      .createModel(context.actor, context.project, { name, description, tags })
      .catch(async (error: unknown) => {
        if (!(error instanceof PlatformError) || error.code !== 'conflict') throw error;
        throw await nameTaken(context, name, tags);
      });
    return await shown(context, made);
  },
});

const renameCall = call({
  method: 'POST',
  path: '/mlflow/registered-models/rename',
  access: 'contributor',
  request: message({ name: text, new_name: text }),
  rules: { name: requiredText, new_name: requiredText },
  handle: async ({ name = '', new_name: rename = '' }, context) => {
    checkModelName(rename, 'new_name');
    const { registry, actor, project } = context;
    const renamed = await saying(registry.changeModel(actor, project, name, { rename }), {
      ...missingModel(name),
      conflict: `Registered Model (name=${rename}) already exists. Error: the name is taken.`,
    });
    return await shown(context, renamed);
  },
});

const searchCall = call({
  method: 'GET',
  path: '/mlflow/registered-models/search',
  access: 'viewer',
  request: message({ filter: text, max_results: int64, order_by: listOf(text), page_token: text }),
  rules: {
    filter: optionalText,
    max_results: { kind: 'integer', most: 1_000 },
    order_by: { kind: 'texts' },
    page_token: optionalText,
  },
  handle: async (input, { registry, project }) => {
    const { items, nextPageToken } = await registry.searchModels(project, {
      filter: input.filter ?? '',
      orderBy: input.order_by ?? [],
      limit: positive(input.max_results ?? 100),
      pageToken: input.page_token,
    });
    const latest = await registry.latestVersions(
      project,
      items.map(({ name }) => name),
    );
    const models = items.map((model) =>
      presentModel(
        model,
        latest.filter((version) => version.model === model.name),
      ),
    );
    return { registered_models: nonEmpty(models), next_page_token: nextPageToken };
  },
});

/** A page has at least one item. */
export function positive(limit: number): number {
  if (limit >= 1) return limit;
  throw invalidInput(
    `Invalid value ${limit} for parameter 'max_results' supplied: It must be a positive integer, but got value ${limit}`,
  );
}

const latestVersions = (method: 'GET' | 'POST'): MlflowCall =>
  call({
    method,
    path: '/mlflow/registered-models/get-latest-versions',
    access: 'viewer',
    request: message({ name: text, stages: listOf(text) }),
    rules: { name: requiredText, stages: { kind: 'texts' } },
    handle: async ({ name = '', stages = [] }, context) => {
      const wanted = stages.map(stageOf);
      await requireModel(context, name);
      const latest = await context.registry.latestVersions(context.project, [name]);
      const versions = latest.filter(({ stage }) => wanted.length === 0 || wanted.includes(stage));
      return { model_versions: nonEmpty(versions.map(presentVersion)) };
    },
  });

const tagCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/registered-models/set-tag',
    access: 'contributor',
    request: message({ name: text, key: text, value: text }),
    rules: { name: requiredText, key: requiredText, value: optionalText },
    handle: async ({ name = '', key = '', value = '' }, { registry, actor, project }) => {
      checkRegistryTag(key, value);
      await saying(registry.changeModel(actor, project, name, { setTags: { [key]: value } }), missingModel(name));
      return {};
    },
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/registered-models/delete-tag',
    access: 'contributor',
    request: message({ name: text, key: text }),
    rules: { name: requiredText, key: requiredText },
    handle: async ({ name = '', key = '' }, { registry, actor, project }) => {
      await saying(registry.changeModel(actor, project, name, { removeTags: [key] }), missingModel(name));
      return {};
    },
  }),
];

const aliasMissing = (alias: string) => invalidInput(`Registered model alias ${alias} not found.`);

const aliasCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/registered-models/alias',
    access: 'contributor',
    request: message({ name: text, alias: text, version: text }),
    rules: { name: requiredText, alias: requiredText, version: requiredText },
    handle: async ({ name = '', alias = '', version = '' }, context) => {
      checkAliasIsFree(alias);
      const number = versionNumber(version);
      const { registry, actor, project } = context;
      await saying(registry.setAlias(actor, project, { model: name, alias, version: number }), {
        not_found: `Model Version (name=${name}, version=${version}) not found`,
      });
      return {};
    },
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/registered-models/alias',
    access: 'contributor',
    request: message({ name: text, alias: text }),
    rules: { name: requiredText, alias: requiredText },
    handle: async ({ name = '', alias = '' }, { registry, actor, project }) => {
      checkAlias(alias);
      await saying(registry.removeAlias(actor, project, name, alias), missingModel(name));
      return {};
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/registered-models/alias',
    access: 'viewer',
    request: message({ name: text, alias: text }),
    rules: { name: requiredText, alias: requiredText },
    handle: async ({ name = '', alias = '' }, context) => {
      checkAlias(alias);
      const { registry, project } = context;
      const model = await requireModel(context, name);
      if (alias.toLowerCase() === 'latest') {
        if (model.latestVersion === null)
          throw new PlatformError('not_found', `Latest version not found for model ${name}.`);
        return { model_version: presentVersion(await registry.getVersion(project, name, model.latestVersion)) };
      }
      const version = await registry.versionByAlias(project, name, alias);
      if (version === null) throw aliasMissing(alias);
      return { model_version: presentVersion(version) };
    },
  }),
];

/** `/mlflow/registered-models/*` */
export const modelCalls: readonly MlflowCall[] = [
  createCall,
  renameCall,
  searchCall,
  latestVersions('POST'),
  latestVersions('GET'),
  ...tagCalls,
  ...aliasCalls,
  call({
    method: 'GET',
    path: '/mlflow/registered-models/get',
    access: 'viewer',
    request: message({ name: text }),
    rules: { name: requiredText },
    handle: async ({ name = '' }, context) => await shown(context, await requireModel(context, name)),
  }),
  call({
    method: 'PATCH',
    path: '/mlflow/registered-models/update',
    access: 'contributor',
    request: message({ name: text, description: text, deployment_job_id: text }),
    rules: { name: requiredText, description: optionalText },
    handle: async ({ name = '', description = '' }, context) => {
      const { registry, actor, project } = context;
      const changed = await saying(registry.changeModel(actor, project, name, { description }), missingModel(name));
      return await shown(context, changed);
    },
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/registered-models/delete',
    access: 'admin',
    request: message({ name: text }),
    rules: { name: requiredText },
    handle: async ({ name = '' }, { registry, actor, project }) => {
      await saying(registry.deleteModel(actor, project, name), missingModel(name));
      return {};
    },
  }),
];
