import { createHash, randomBytes } from 'node:crypto';
import { invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { readPageToken } from '#platform/page-token';
import {
  checkLength,
  experimentNumber,
  type Page,
  pageOf,
  parseSearchFilter,
  parseSearchOrder,
  type SearchGrammar,
} from '#tracking';
import {
  addDatasetExperiments,
  deleteDatasetTagRow,
  deleteEvaluationDatasetRow,
  type FoundEvaluationDataset,
  findEvaluationDataset,
  insertEvaluationDataset,
  mergeDatasetTags,
  removeDatasetExperiments,
  type StoredEvaluationDataset,
  searchEvaluationDatasets,
  touchEvaluationDataset,
} from './evaluation-dataset-store.ts';
import type { TracingParts } from './parts.ts';

const MOST_TAGS = 1_000;
const USER = 'mlflow.user';

/** Another state of a dataset has another digest. */
export const datasetDigest = (name: string, atMs: number): string =>
  createHash('sha256').update(`${name}:${atMs}`).digest('hex').slice(0, 8);

export const evaluationDatasetMissing = (datasetId: string): PlatformError =>
  new PlatformError('not_found', `Evaluation dataset with id '${datasetId}' not found`);

export type DatasetTags = Readonly<Record<string, string | null>>;

function checkTags(tags: DatasetTags): void {
  const entries = Object.entries(tags);
  if (entries.length > MOST_TAGS) throw invalidInput(`An evaluation dataset can have at most ${MOST_TAGS} tags`);
  for (const [key, value] of entries) {
    checkLength('tag key', key, 255);
    checkLength('tag value', value ?? '', 5_000);
  }
}

async function experimentNumbers(
  { tracking }: TracingParts,
  project: string,
  experimentIds: readonly string[],
): Promise<number[]> {
  if (experimentIds.length > 1_000) throw invalidInput('A request can name at most 1000 experiments');
  const found: number[] = [];
  for (const id of new Set(experimentIds)) {
    const experiment = await tracking.experiments.get(project, id).catch((cause: unknown) => {
      const isCallers = cause instanceof PlatformError && cause.code !== 'unavailable' && cause.code !== 'internal';
      throw isCallers ? new PlatformError('not_found', `No Experiment with id=${id}`, { cause }) : cause;
    });
    found.push(experiment.id);
  }
  return found;
}

export interface EvaluationDatasetInput {
  readonly name: string;
  readonly experimentIds: readonly string[];
  readonly tags: DatasetTags;
}

/** Names are not unique: a dataset is known by its id. */
export async function addEvaluationDataset(
  parts: TracingParts,
  actor: Actor,
  project: string,
  { name, experimentIds, tags }: EvaluationDatasetInput,
): Promise<StoredEvaluationDataset> {
  const { database, clock, audit } = parts.platform;
  checkLength('name', name, 255);
  checkTags(tags);
  const experiments = await experimentNumbers(parts, project, experimentIds);
  const datasetId = `d-${randomBytes(16).toString('hex')}`;
  const atMs = clock.now().getTime();
  return await database.transaction(async (trx) => {
    const user = tags[USER] ?? null;
    const digest = datasetDigest(name, atMs);
    await insertEvaluationDataset(trx, { datasetId, project, name, digest, tags, user, atMs });
    await addDatasetExperiments(trx, datasetId, experiments);
    const subject = { kind: 'evaluation_dataset', id: datasetId };
    const action = 'tracing.evaluation-dataset-created';
    await audit.record(trx, { actor, project, action, subject, details: { name } });
    return (await findEvaluationDataset(trx, project, datasetId))!;
  });
}

export async function getEvaluationDataset(
  { platform }: TracingParts,
  project: string,
  datasetId: string,
): Promise<StoredEvaluationDataset> {
  const found = await findEvaluationDataset(platform.database, project, datasetId);
  if (found === null) throw evaluationDatasetMissing(datasetId);
  return found;
}

/** Deletes a dataset with its records; one that does not exist is deleted already. */
export async function removeEvaluationDataset(
  { platform }: TracingParts,
  actor: Actor,
  project: string,
  datasetId: string,
): Promise<void> {
  await platform.database.transaction(async (trx) => {
    if (!(await deleteEvaluationDatasetRow(trx, project, datasetId))) return;
    const subject = { kind: 'evaluation_dataset', id: datasetId };
    await platform.audit.record(trx, { actor, project, action: 'tracing.evaluation-dataset-deleted', subject });
  });
}

const grammar: SearchGrammar = {
  entities: { tags: 'tag', attribute: 'attribute' },
  entityHint: "Valid values are ['tags', 'attribute']",
  attributes: {
    name: 'text',
    created_time: 'number',
    last_update_time: 'number',
    created_by: 'text',
    last_updated_by: 'text',
  },
  orderAttributes: ['name', 'created_time', 'last_update_time'],
  listKeys: ['name'],
  nullable: ['tag', 'parameter'],
};

export interface EvaluationDatasetSearchInput {
  /** Empty: all of the project. */
  readonly experimentIds: readonly string[];
  readonly filter: string;
  readonly orderBy: readonly string[];
  readonly limit: number;
  readonly pageToken?: string | undefined;
}

export async function searchStoredEvaluationDatasets(
  { platform }: TracingParts,
  project: string,
  { experimentIds, filter, orderBy, limit, pageToken }: EvaluationDatasetSearchInput,
): Promise<Page<FoundEvaluationDataset>> {
  const question = ['evaluation datasets', project, experimentIds, filter, orderBy];
  const conditions = parseSearchFilter(filter, grammar).filter(({ entity, comparator, key }) => {
    if (entity === 'attribute' || !comparator.startsWith('IS')) return true;
    throw invalidInput(`Invalid comparator for tag '${key}': ${comparator}`);
  });
  const orders = parseSearchOrder(orderBy, grammar).map((order) => {
    if (order.entity === 'attribute') return order;
    throw invalidInput(`Invalid order_by entity: ${order.entity}`);
  });
  const found = await searchEvaluationDatasets(platform.database, {
    project,
    experiments: experimentIds.length === 0 ? null : experimentIds.map(experimentNumber),
    conditions,
    orders,
    limit: limit + 1,
    after: readPageToken(question, pageToken),
  });
  return pageOf(question, found, limit);
}

/** Adds to the tags; those without a value stay as they are. */
export async function setDatasetTags(
  { platform }: TracingParts,
  project: string,
  datasetId: string,
  tags: DatasetTags,
): Promise<void> {
  checkTags(tags);
  const given = Object.entries(tags).filter((pair): pair is [string, string] => pair[1] !== null);
  await platform.database.transaction(async (trx) => {
    const merged = await mergeDatasetTags(trx, project, datasetId, Object.fromEntries(given));
    if (merged === null) {
      throw new PlatformError('not_found', `Could not find evaluation dataset with ID ${datasetId}`);
    }
    checkTags(merged);
  });
}

export async function deleteDatasetTag(
  { platform }: TracingParts,
  project: string,
  datasetId: string,
  key: string,
): Promise<void> {
  await deleteDatasetTagRow(platform.database, project, datasetId, key);
}

/** Joins a dataset to experiments, or parts them. */
export async function changeDatasetExperiments(
  parts: TracingParts,
  project: string,
  datasetId: string,
  change: 'add' | 'remove',
  experimentIds: readonly string[],
): Promise<StoredEvaluationDataset> {
  const { database, clock } = parts.platform;
  if ((await findEvaluationDataset(database, project, datasetId)) === null) {
    throw new PlatformError('not_found', `Dataset '${datasetId}' not found`);
  }
  const known = experimentIds.filter((id) => /^\d{1,15}$/.test(id)).map(Number);
  const experiments = change === 'add' ? await experimentNumbers(parts, project, experimentIds) : known;
  return await database.transaction(async (trx) => {
    if (change === 'add') await addDatasetExperiments(trx, datasetId, experiments);
    const isChanged = change === 'add' || (await removeDatasetExperiments(trx, datasetId, experiments)) > 0;
    if (isChanged) await touchEvaluationDataset(trx, datasetId, clock.now().getTime());
    const dataset = await findEvaluationDataset(trx, project, datasetId);
    if (dataset === null) throw evaluationDatasetMissing(datasetId);
    return dataset;
  });
}
