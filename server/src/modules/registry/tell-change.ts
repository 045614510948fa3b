import type { Model, ModelVersion } from '@flyball/api';
import type { RegistryParts } from './parts.ts';
import { isPrompt, type WebhookEvent } from './webhook-event.ts';

type Tags = Readonly<Record<string, string>>;

/** A change as webhooks tell it: in MLflow's words, since its receivers read them. */
export interface ToldChange {
  readonly event: WebhookEvent;
  readonly data: Readonly<Record<string, unknown>>;
}

type Trx = Parameters<Parameters<RegistryParts['platform']['database']['transaction']>[0]>[0];

/** Publishes changes in their transaction; webhooks hear of them when it has committed. */
export async function tellChange(
  { platform }: RegistryParts,
  trx: Trx,
  project: string,
  changes: readonly ToldChange[],
): Promise<void> {
  if (changes.length === 0) return;
  await platform.events.publishAll(
    trx,
    changes.map((payload) => ({ project, name: 'registry.changed', payload })),
  );
}

const internal = new Set(['mlflow.prompt.is_prompt', '_mlflow_prompt_type', 'mlflow.prompt.text']);

const ownTags = (tags: Tags): Tags => Object.fromEntries(Object.entries(tags).filter(([key]) => !internal.has(key)));

export function modelCreated({ name, tags, description }: Pick<Model, 'name' | 'tags' | 'description'>): ToldChange {
  if (isPrompt(tags)) return { event: 'prompt.created', data: { name, tags: ownTags(tags), description } };
  return { event: 'registered_model.created', data: { name, tags, description } };
}

export function versionCreated(version: ModelVersion): ToldChange {
  const { model: name, tags } = version;
  const description = version.description === '' ? null : version.description;
  const common = { name, version: String(version.version) };
  if (isPrompt(tags)) {
    const template = tags['mlflow.prompt.text'] ?? null;
    return { event: 'prompt_version.created', data: { ...common, template, tags: ownTags(tags), description } };
  }
  const { source, runId } = version;
  return { event: 'model_version.created', data: { ...common, source, run_id: runId, tags, description } };
}

interface TagChange {
  readonly setTags?: Tags | undefined;
  readonly removeTags?: readonly string[] | undefined;
}

/** Tags that were there before, as those that were not cannot be deleted. */
const tagChanges = ({ setTags = {}, removeTags = [] }: TagChange, before: Tags) => ({
  set: Object.entries(setTags),
  deleted: removeTags.filter((key) => Object.hasOwn(before, key)),
});

/** Of tags of models nobody hears, only of those of prompts. */
export function modelTagsChanged({ name, tags }: Pick<Model, 'name' | 'tags'>, change: TagChange): ToldChange[] {
  if (!isPrompt({ ...tags, ...change.setTags })) return [];
  const { set, deleted } = tagChanges(change, tags);
  return [
    ...set.map(([key, value]): ToldChange => ({ event: 'prompt_tag.set', data: { name, key, value } })),
    ...deleted.map((key): ToldChange => ({ event: 'prompt_tag.deleted', data: { name, key } })),
  ];
}

export function versionTagsChanged(model: Pick<Model, 'tags'>, before: ModelVersion, change: TagChange): ToldChange[] {
  const of = { name: before.model, version: String(before.version) };
  const kind = isPrompt(model.tags) ? 'prompt_version_tag' : 'model_version_tag';
  const { set, deleted } = tagChanges(change, before.tags);
  return [
    ...set.map(([key, value]): ToldChange => ({ event: `${kind}.set`, data: { ...of, key, value } })),
    ...deleted.map((key): ToldChange => ({ event: `${kind}.deleted`, data: { ...of, key } })),
  ];
}

/** Without a version the alias is gone. */
export function aliasChanged(
  { name, tags }: Pick<Model, 'name' | 'tags'>,
  alias: string,
  version: number | null,
): ToldChange {
  const kind = isPrompt(tags) ? 'prompt_alias' : 'model_version_alias';
  if (version === null) return { event: `${kind}.deleted`, data: { name, alias } };
  return { event: `${kind}.created`, data: { name, alias, version: String(version) } };
}
