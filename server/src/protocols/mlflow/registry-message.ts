import type { Model, ModelVersion } from '@flyball/api';
import { presentTags } from './experiment-calls.ts';
import { nonEmpty } from './message.ts';

const milliseconds = (at: string): number => Date.parse(at);

export const presentVersion = (version: ModelVersion) => ({
  name: version.model,
  version: String(version.version),
  creation_timestamp: milliseconds(version.createdAt),
  last_updated_timestamp: milliseconds(version.updatedAt),
  current_stage: version.stage,
  description: version.description,
  source: version.source,
  run_id: version.runId ?? '',
  status: 'READY',
  tags: presentTags(version.tags),
  run_link: version.runLink ?? '',
  aliases: nonEmpty(version.aliases),
});

/** A model with the newest version of each stage. */
export const presentModel = (model: Model, latest: readonly ModelVersion[]) => ({
  name: model.name,
  creation_timestamp: milliseconds(model.createdAt),
  last_updated_timestamp: milliseconds(model.updatedAt),
  description: model.description === '' ? undefined : model.description,
  latest_versions: nonEmpty(latest.map(presentVersion)),
  tags: presentTags(model.tags),
  aliases: nonEmpty(Object.entries(model.aliases).map(([alias, version]) => ({ alias, version: String(version) }))),
});
