import { type Experiment, invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { pageToken, readPageToken } from '#platform/page-token';
import { checkArtifactLocation, PROXY_SCHEME } from './artifact-location.ts';
import { checkExperimentTag, checkLength } from './check-key.ts';
import { type FoundExperiment, searchExperiments } from './experiment-search-store.ts';
import {
  deleteExperimentTag,
  findExperiment,
  findExperimentByName,
  insertExperiment,
  renameExperiment,
  type StoredExperiment,
  setExperimentStage,
  touchExperiment,
  upsertExperimentTags,
} from './experiment-store.ts';
import type { TrackingParts } from './parts.ts';
import { experimentGrammar } from './run-grammar.ts';
import { parseSearchFilter, parseSearchOrder } from './search-grammar.ts';

const MOST_NAME = 500;

export type Stages = readonly ('active' | 'deleted')[];

export interface ExperimentInput {
  readonly name: string;
  readonly artifactLocation?: string | undefined;
  /** Whether the server writes its artifacts itself, whatever clients are told to do. */
  readonly inOwnStore?: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface SearchInput {
  readonly filter: string;
  readonly orderBy: readonly string[];
  readonly stages: Stages;
  readonly limit: number;
  readonly pageToken?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

/** One more row than the page has says that there is a next one. */
export function pageOf<T extends { place: Parameters<typeof pageToken>[1] }>(
  question: unknown,
  found: readonly T[],
  limit: number,
): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last ? { items, nextPageToken: pageToken(question, last.place) } : { items };
}

export const presentExperiment = (row: StoredExperiment, runCount: number): Experiment => ({
  experimentId: String(row.id),
  name: row.name,
  lifecycleStage: row.stage,
  artifactLocation: row.artifact_location,
  createdAt: row.created_ms,
  updatedAt: row.updated_ms,
  tags: row.tags,
  runCount,
});

export function experimentNumber(id: string): number {
  if (/^\s*[+-]?\d+\s*$/.test(id) && Number.isSafeInteger(Number(id))) return Number(id);
  throw invalidInput(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`);
}

export const experimentMissing = (id: string): PlatformError =>
  new PlatformError('not_found', `No Experiment with id=${id} exists`);

/** By id, in the trash or not. Each project has its own default experiment behind the id 0. */
export async function getExperiment(parts: TrackingParts, project: string, id: string): Promise<StoredExperiment> {
  const { database } = parts.platform;
  const number = experimentNumber(id);
  const isDefault = number === 0 && project !== 'default';
  const found = isDefault
    ? await findExperimentByName(database, project, 'Default')
    : await findExperiment(database, project, number);
  if (found === null) throw experimentMissing(id);
  return found;
}

export function requireActiveExperiment(experiment: Pick<StoredExperiment, 'id' | 'stage'>): void {
  if (experiment.stage === 'active') return;
  throw invalidInput(
    `The experiment ${experiment.id} must be in the 'active' state. Current state is ${experiment.stage}.`,
    [{ at: 'experiment_id', message: 'is in the trash' }],
  );
}

function checkName(name: string): void {
  if (name === '') throw invalidInput("Invalid experiment name: ''");
  checkLength('name', name, MOST_NAME);
}

/** Makes an experiment; `conflict` when the name is taken, in the trash too. */
export async function addExperiment(
  { platform }: TrackingParts,
  actor: Actor,
  project: string,
  input: ExperimentInput,
): Promise<StoredExperiment> {
  checkName(input.name);
  for (const [key, value] of Object.entries(input.tags)) checkExperimentTag(key, value);
  const given = input.artifactLocation ?? '';
  const { artifact_root: ofProject } = await platform.projects.get(project);
  const usual = ofProject ?? platform.config.defaultArtifactRoot ?? PROXY_SCHEME;
  const root = input.inOwnStore === true ? PROXY_SCHEME : usual;
  const location = given === '' ? { root: root.replace(/\/+$/, '') } : { uri: checkArtifactLocation(given) };
  return await platform.database.transaction(async (trx) => {
    const atMs = platform.clock.now().getTime();
    const id = await insertExperiment(trx, { project, name: input.name, location, atMs });
    if (id === null) {
      const reason = 'Error: the name is taken, be it by an experiment in the trash.';
      throw new PlatformError('conflict', `Experiment(name=${input.name}) already exists. ${reason}`);
    }
    await upsertExperimentTags(trx, id, input.tags);
    const subject = { kind: 'experiment', id: String(id) };
    const details = { name: input.name };
    await platform.audit.record(trx, { actor, project, action: 'tracking.experiment-created', subject, details });
    return (await findExperiment(trx, project, id))!;
  });
}

export async function searchProjectExperiments(
  { platform }: TrackingParts,
  project: string,
  input: SearchInput,
): Promise<Page<FoundExperiment>> {
  const question = [project, input.filter, input.orderBy, input.stages];
  const found = await searchExperiments(platform.database, {
    project,
    conditions: parseSearchFilter(input.filter, experimentGrammar),
    orders: parseSearchOrder(input.orderBy, experimentGrammar).map((order) => {
      if (order.entity === 'attribute') return order;
      throw invalidInput(`Invalid order_by entity: ${order.entity}`);
    }),
    stages: input.stages,
    limit: input.limit + 1,
    after: readPageToken(question, input.pageToken),
  });
  return pageOf(question, found, input.limit);
}

type Change =
  | { readonly name: string }
  | { readonly stage: StoredExperiment['stage'] }
  | { readonly setTag: { readonly key: string; readonly value: string } }
  | { readonly removeTag: string };

const actions = {
  name: 'renamed',
  stage: 'moved',
  setTag: 'tagged',
  removeTag: 'untagged',
} as const;

async function applyChange(
  trx: Parameters<typeof touchExperiment>[0],
  experiment: StoredExperiment,
  change: Change,
  atMs: number,
): Promise<void> {
  const { id, stage } = experiment;
  if ('name' in change) {
    if (stage !== 'active') {
      const details = { reason: 'not_active' };
      throw new PlatformError('conflict', 'Cannot rename a non-active experiment.', { details });
    }
    if (await renameExperiment(trx, id, change.name, atMs)) return;
    throw new PlatformError('conflict', `Experiment(name=${change.name}) already exists. Error: the name is taken.`);
  }
  if ('stage' in change) {
    // What is there already is not found where it should come from.
    if (stage === change.stage) throw experimentMissing(String(id));
    return await setExperimentStage(trx, id, change.stage, atMs);
  }
  requireActiveExperiment(experiment);
  if ('setTag' in change) {
    await upsertExperimentTags(trx, id, { [change.setTag.key]: change.setTag.value });
  } else if (!(await deleteExperimentTag(trx, id, change.removeTag))) {
    const message = `No tag with name: ${change.removeTag} in experiment with id ${id}`;
    throw new PlatformError('not_found', message);
  }
  await touchExperiment(trx, id, atMs);
}

/** Renames, moves to the trash or out of it with all runs, tags or untags. */
export async function changeExperiment(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  id: string,
  change: Change,
): Promise<void> {
  if ('name' in change) checkName(change.name);
  if ('setTag' in change) checkExperimentTag(change.setTag.key, change.setTag.value);
  const experiment = await getExperiment(parts, project, id);
  const { database, clock, audit } = parts.platform;
  await database.transaction(async (trx) => {
    await applyChange(trx, experiment, change, clock.now().getTime());
    const kind = Object.keys(change)[0] as keyof typeof actions;
    const subject = { kind: 'experiment', id: String(experiment.id) };
    const action = `tracking.experiment-${actions[kind]}`;
    await audit.record(trx, { actor, project, action, subject, details: { ...change } });
  });
}
