import { randomBytes } from 'node:crypto';
import { invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { readPageToken } from '#platform/page-token';
import { locationBelow } from './artifact-location.ts';
import { experimentNumber, getExperiment, type Page, pageOf, requireActiveExperiment } from './experiments.ts';
import type { PairInput } from './log-batch.ts';
import { loggedModelGrammar } from './logged-model-grammar.ts';
import {
  type DatasetFilter,
  type FoundLoggedModel,
  type LoggedModelOrder,
  searchLoggedModels,
} from './logged-model-search-store.ts';
import {
  deleteLoggedModelTag,
  findLoggedModel,
  insertLoggedModel,
  type StoredLoggedModel,
  updateLoggedModel,
  upsertLoggedModelPairs,
} from './logged-model-store.ts';
import type { TrackingParts } from './parts.ts';
import { randomRunName } from './run-name.ts';
import { parseSearchFilter, parseSearchOrder } from './search-grammar.ts';

const loggedModelMissing = (modelId: string): PlatformError =>
  new PlatformError('not_found', `Logged model with ID '${modelId}' not found.`);

/** In the trash only for those who ask for it. */
export async function getStoredLoggedModel(
  { platform }: TrackingParts,
  project: string,
  modelId: string,
  { deleted = false } = {},
): Promise<StoredLoggedModel> {
  const model = await findLoggedModel(platform.database, project, modelId);
  if (model === null || (model.stage === 'deleted' && !deleted)) throw loggedModelMissing(modelId);
  return model;
}

const pairsOf = (pairs: readonly PairInput[]) => new Map(pairs.map(({ key, value }) => [key, value]));

function checkName(name: string): void {
  if (!/[/:.%"'\\\p{Cc}]/u.test(name) && name.length <= 500) return;
  throw invalidInput(
    `Invalid model name ('${name}') provided. Model name must be a non-empty string and cannot contain ` +
      `the following characters: ('/', ':', '.', '%', '"', "'")`,
  );
}

export interface NewLoggedModelInput {
  readonly experimentId: string;
  readonly name?: string | undefined;
  readonly modelType?: string | undefined;
  readonly sourceRunId?: string | undefined;
  readonly params: readonly PairInput[];
  readonly tags: readonly PairInput[];
}

/** A model is logged before its files are there; it is ready when the client says so. */
export async function addLoggedModel(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  input: NewLoggedModelInput,
): Promise<StoredLoggedModel> {
  const { database, clock, audit } = parts.platform;
  const { name = '', modelType = '', sourceRunId = '' } = input;
  checkName(name);
  const experiment = await getExperiment(parts, project, input.experimentId);
  requireActiveExperiment(experiment);
  const modelId = `m-${randomBytes(16).toString('hex')}`;
  return await database.transaction(async (trx) => {
    await insertLoggedModel(trx, {
      modelId,
      project,
      experiment: experiment.id,
      name: name === '' ? randomRunName() : name,
      modelType,
      sourceRunId: sourceRunId === '' ? null : sourceRunId,
      artifactUri: locationBelow(experiment.artifact_location, 'models', modelId, 'artifacts'),
      atMs: clock.now().getTime(),
    });
    await upsertLoggedModelPairs(trx, 'param', modelId, pairsOf(input.params));
    await upsertLoggedModelPairs(trx, 'tag', modelId, pairsOf(input.tags));
    const subject = { kind: 'logged_model', id: modelId };
    await audit.record(trx, { actor, project, action: 'tracking.model-logged', subject, details: { sourceRunId } });
    return (await findLoggedModel(trx, project, modelId))!;
  });
}

type Change =
  | { readonly status: string }
  | { readonly stage: 'deleted' }
  | { readonly setTags: readonly PairInput[] }
  | { readonly setParams: readonly PairInput[] }
  | { readonly removeTag: string };

async function applyChange(trx: Parameters<typeof findLoggedModel>[0], modelId: string, change: Change): Promise<void> {
  if ('setTags' in change) return await upsertLoggedModelPairs(trx, 'tag', modelId, pairsOf(change.setTags));
  if ('setParams' in change) return await upsertLoggedModelPairs(trx, 'param', modelId, pairsOf(change.setParams));
  if (!('removeTag' in change)) return;
  if (await deleteLoggedModelTag(trx, modelId, change.removeTag)) return;
  throw new PlatformError('not_found', `No tag with key '${change.removeTag}' found for model with ID '${modelId}'.`);
}

/** Finalizes, tags, untags, adds params, or moves to the trash. */
export async function changeLoggedModel(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  modelId: string,
  change: Change,
): Promise<StoredLoggedModel> {
  const { database, clock, audit } = parts.platform;
  return await database.transaction(async (trx) => {
    const atMs = clock.now().getTime();
    const own = {
      atMs,
      ...('status' in change ? { status: change.status } : {}),
      ...('stage' in change ? change : {}),
    };
    if (!(await updateLoggedModel(trx, project, modelId, own))) throw loggedModelMissing(modelId);
    await applyChange(trx, modelId, change);
    if ('stage' in change || 'status' in change) {
      const subject = { kind: 'logged_model', id: modelId };
      await audit.record(trx, { actor, project, action: 'tracking.model-changed', subject, details: { ...change } });
    }
    return (await findLoggedModel(trx, project, modelId))!;
  });
}

export interface LoggedModelOrderInput {
  readonly fieldName: string;
  readonly ascending: boolean;
  readonly dataset?: DatasetFilter | undefined;
}

export interface LoggedModelSearchInput {
  readonly experimentIds: readonly string[];
  readonly filter: string;
  readonly datasets: readonly DatasetFilter[];
  readonly orderBy: readonly LoggedModelOrderInput[];
  readonly limit: number;
  readonly pageToken?: string | undefined;
}

function orderOf({ fieldName, ascending, dataset }: LoggedModelOrderInput): LoggedModelOrder {
  const dot = fieldName.indexOf('.');
  if (dot !== -1) {
    if (fieldName.slice(0, dot) === 'metrics') {
      return { entity: 'metric', key: fieldName.slice(dot + 1), ascending, dataset };
    }
    throw invalidInput(`Invalid order by field name: ${fieldName}. Only metrics are supported.`);
  }
  if (!Object.hasOwn(loggedModelGrammar.attributes, fieldName)) {
    throw invalidInput(`Invalid order by field name: ${fieldName}`);
  }
  const [order] = parseSearchOrder([fieldName], loggedModelGrammar);
  return { entity: 'attribute', key: order!.key, ascending };
}

export async function searchStoredLoggedModels(
  { platform }: TrackingParts,
  project: string,
  input: LoggedModelSearchInput,
): Promise<Page<FoundLoggedModel>> {
  const { experimentIds, filter, datasets, orderBy, limit } = input;
  if (datasets.some(({ name }) => name === '')) {
    throw invalidInput('`dataset_name` in the `datasets` clause must be specified.');
  }
  const question = [project, experimentIds, filter, orderBy];
  const found = await searchLoggedModels(platform.database, {
    project,
    experiments: experimentIds.map(experimentNumber),
    conditions: parseSearchFilter(filter, loggedModelGrammar),
    datasets,
    orders: orderBy.map(orderOf),
    limit: limit + 1,
    after: readPageToken(question, input.pageToken),
  });
  return pageOf(question, found, limit);
}
