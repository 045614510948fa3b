import { PlatformError, type RunStatus } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { type PageValues, readPageToken } from '#platform/page-token';
import { runNotActive, runNotFound } from './batch-store.ts';
import { checkTag } from './check-key.ts';
import { experimentNumber, type Page, pageOf, type SearchInput } from './experiments.ts';
import type { TrackingParts } from './parts.ts';
import { isBeingPurged } from './purge-store.ts';
import { runGrammar } from './run-grammar.ts';
import { type FoundRun, searchRuns, searchRunTexts } from './run-search-store.ts';
import {
  deleteRunTag,
  findRun,
  findRunRow,
  type RunRow,
  type RunText,
  type StoredRun,
  setRunStage,
  updateRun,
  upsertRunTag,
} from './run-store.ts';
import type { RunSearch } from './run-wanted-store.ts';
import { parseSearchFilter, parseSearchOrder } from './search-grammar.ts';

const NAME_TAG = 'mlflow.runName';
const ended = new Set<RunStatus>(['FINISHED', 'FAILED', 'KILLED']);

export async function getStoredRun({ platform }: TrackingParts, project: string, runId: string): Promise<StoredRun> {
  const run = await findRun(platform.database, project, runId);
  if (run === null) throw runNotFound(runId);
  return run;
}

export interface RunChangeInput {
  readonly status?: RunStatus | undefined;
  readonly endTime?: number | undefined;
  readonly name?: string | undefined;
}

type Trx = Parameters<Parameters<TrackingParts['platform']['database']['transaction']>[0]>[0];

/** A change of one active run, with its row locked. */
export async function changingRun<R>(
  { platform }: TrackingParts,
  project: string,
  runId: string,
  work: (trx: Trx, run: RunRow) => Promise<R>,
): Promise<R> {
  return await platform.database.transaction(async (trx) => {
    const run = await findRunRow(trx, project, runId, 'lock');
    if (run === null) throw runNotFound(runId);
    if (run.stage !== 'active') throw runNotActive(runId);
    return await work(trx, run);
  });
}

/** Applies what is given. A status may go anywhere; the end of a run is told to whoever listens. */
export async function updateStoredRun(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  runId: string,
  change: RunChangeInput,
): Promise<StoredRun> {
  const { audit, events } = parts.platform;
  return await changingRun(parts, project, runId, async (trx, run) => {
    const name = change.name === '' ? undefined : change.name;
    await updateRun(trx, run.id, { status: change.status, endMs: change.endTime, name });
    if (name !== undefined) await upsertRunTag(trx, run, NAME_TAG, checkTag(NAME_TAG, name, 'run_name'));
    const { status } = change;
    const subject = { kind: 'run', id: runId };
    const details = { status, name };
    if (status !== undefined && ended.has(status)) {
      await audit.record(trx, { actor, project, action: 'tracking.run-finished', subject, details });
      await events.publish(trx, { project, name: 'tracking.run-finished', payload: { runId, status } });
    } else {
      await audit.record(trx, { actor, project, action: 'tracking.run-changed', subject, details });
    }
    return (await findRun(trx, project, runId))!;
  });
}

/** Into the trash, or out of it; where it is already is fine. */
export async function moveRun(
  { platform }: TrackingParts,
  actor: Actor,
  project: string,
  runId: string,
  stage: StoredRun['stage'],
): Promise<void> {
  await platform.database.transaction(async (trx) => {
    const run = await findRunRow(trx, project, runId, 'lock');
    if (run === null) throw runNotFound(runId);
    if (run.stage === stage) return;
    if (await isBeingPurged(trx, run.experiment)) throw runNotFound(runId);
    await setRunStage(trx, run.id, stage, stage === 'deleted' ? platform.clock.now().getTime() : null);
    const action = stage === 'deleted' ? 'tracking.run-deleted' : 'tracking.run-restored';
    await platform.audit.record(trx, { actor, project, action, subject: { kind: 'run', id: runId } });
  });
}

export async function removeRunTag(parts: TrackingParts, project: string, runId: string, key: string): Promise<void> {
  await changingRun(parts, project, runId, async (trx, run) => {
    if (await deleteRunTag(trx, run.id, key)) return;
    throw new PlatformError('not_found', `No tag with name: ${key} in run with id ${runId}`);
  });
}

export interface RunSearchInput extends SearchInput {
  /** Null: all of the project. */
  readonly experimentIds: readonly string[] | null;
  readonly parents?: readonly string[] | undefined;
}

/** Runs of some experiments, in MLflow's filter language. An empty list of experiments has no run. */
export const searchStoredRuns = async (
  { platform: { database } }: TrackingParts,
  project: string,
  input: RunSearchInput,
): Promise<Page<FoundRun>> => await searchPage(project, input, (search) => searchRuns(database, search));

export const searchTextsOfRuns = async (
  { platform: { database } }: TrackingParts,
  project: string,
  input: RunSearchInput,
): Promise<Page<RunText>> => await searchPage(project, input, (search) => searchRunTexts(database, search));

async function searchPage<Row extends { readonly place: PageValues }>(
  project: string,
  input: RunSearchInput,
  search: (search: RunSearch) => Promise<Row[]>,
): Promise<Page<Row>> {
  const conditions = parseSearchFilter(input.filter, runGrammar);
  const orders = parseSearchOrder(input.orderBy, runGrammar);
  const ids = input.experimentIds;
  const experiments = ids && [...new Set(ids.map(experimentNumber))].sort((a, b) => a - b);
  if (experiments?.length === 0) return { items: [] };
  const { parents } = input;
  const question = [project, input.filter, input.orderBy, input.stages, experiments, ...(parents ? [parents] : [])];
  const found = await search({
    project,
    experiments,
    conditions,
    orders,
    stages: input.stages,
    parents,
    limit: input.limit + 1,
    after: readPageToken(question, input.pageToken),
  });
  return pageOf(question, found, input.limit);
}
