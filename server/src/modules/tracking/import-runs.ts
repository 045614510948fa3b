import { type ImportedExperiment, type ImportedLoggedModel, type ImportedRun, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { PROXY_SCHEME } from './artifact-location.ts';
import { checkKey, checkLength, checkMetricKey } from './check-key.ts';
import { recordDatasetLineage } from './dataset-lineage.ts';
import { findExperimentByName, findExperimentRows } from './experiment-store.ts';
import { experimentMissing, experimentNumber } from './experiments.ts';
import {
  findImportedRuns,
  insertImportedModel,
  insertImportedRuns,
  insertMissingExperimentTags,
  insertMissingPairs,
  insertModelMetrics,
  insertWithId,
  insertWithNextId,
} from './import-store.ts';
import { insertDatasetInputs, insertModelInputs, insertModelOutputs } from './input-store.ts';
import { findLoggedModel, loggedModelStatus, upsertLoggedModelPairs } from './logged-model-store.ts';
import { storedNumber } from './metric-number.ts';
import type { TrackingParts } from './parts.ts';

type Trx = Parameters<Parameters<TrackingParts['platform']['database']['transaction']>[0]>[0];

function checkKeys(values: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(values)) {
    checkKey(key, 'key');
    checkLength('key', key, 250);
  }
}

/** By name, else under its own id; `null` when that is taken. */
async function findOrKeep(trx: Trx, project: string, experiment: ImportedExperiment): Promise<number | null> {
  checkKeys(experiment.tags);
  const known = await findExperimentByName(trx, project, experiment.name);
  return known?.id ?? (await insertWithId(trx, { ...experiment, project, root: PROXY_SCHEME }));
}

/** Under a new id. */
async function renumber(trx: Trx, project: string, experiment: ImportedExperiment): Promise<number> {
  const id = await insertWithNextId(trx, { ...experiment, project, root: PROXY_SCHEME });
  if (id !== null) return id;
  throw new PlatformError('conflict', `Somebody has just made an experiment called "${experiment.name}"; try again`);
}

/** Experiments by name, the others under their own ids where these are free. Returns the ids they have here. */
export async function importExperiments(
  { platform }: TrackingParts,
  actor: Actor,
  project: string,
  experiments: readonly ImportedExperiment[],
): Promise<{ sourceId: string; experimentId: string }[]> {
  return await platform.database.transaction(async (trx) => {
    const kept: (number | null)[] = [];
    for (const experiment of experiments) kept.push(await findOrKeep(trx, project, experiment));
    const items = [];
    for (const [i, experiment] of experiments.entries()) {
      const id = kept[i] ?? (await renumber(trx, project, experiment));
      await insertMissingExperimentTags(trx, id, experiment.tags);
      items.push({ sourceId: experiment.experimentId, experimentId: String(id) });
      const subject = { kind: 'experiment', id: String(id) };
      const details = { name: experiment.name, sourceId: experiment.experimentId };
      const action = 'tracking.experiment-imported';
      await platform.audit.record(trx, { actor, project, action, subject, details });
    }
    return items;
  });
}

/** The numbers of experiments of this project, by their ids. */
async function experimentsOf(trx: Trx, project: string, ids: readonly string[]): Promise<Map<string, number>> {
  const numbers = new Map(ids.map((id) => [id, experimentNumber(id)]));
  const rows = await findExperimentRows(trx, [...new Set(numbers.values())]);
  const own = new Set(rows.filter((row) => row.project === project).map((row) => row.id));
  for (const [id, number] of numbers) if (!own.has(number)) throw experimentMissing(id);
  return numbers;
}

const folderOf = (experiment: number, ...below: string[]) =>
  [PROXY_SCHEME, experiment, ...below, 'artifacts'].join('/');

const taken = (what: string, id: string): PlatformError =>
  new PlatformError('conflict', `The id of ${what} ${id} is taken in another project`);

/** Runs without their metrics, under their own ids. Of runs that are here, what is missing is added. */
export async function importRuns(
  parts: TrackingParts,
  actor: Actor,
  project: string,
  runs: readonly ImportedRun[],
): Promise<{ added: number; known: number }> {
  const { platform } = parts;
  const byId = new Map(runs.map((run) => [run.runId, run]));
  for (const { params, tags } of byId.values()) {
    checkKeys(params);
    checkKeys(tags);
  }
  return await platform.database.transaction(async (trx) => {
    const experiments = await experimentsOf(
      trx,
      project,
      runs.map(({ experimentId }) => experimentId),
    );
    const wanted = [...byId.values()].map((run) => {
      const experiment = experiments.get(run.experimentId)!;
      return { ...run, experiment, artifactUri: folderOf(experiment, run.runId) };
    });
    const added = await insertImportedRuns(trx, project, wanted);
    await importContents(parts, trx, project, byId);
    const details = { added, known: wanted.length - added };
    const subject = { kind: 'experiment', id: String(wanted[0]!.experiment) };
    await platform.audit.record(trx, { actor, project, action: 'tracking.runs-imported', subject, details });
    return details;
  });
}

async function importContents(
  parts: TrackingParts,
  trx: Trx,
  project: string,
  byId: ReadonlyMap<string, ImportedRun>,
): Promise<void> {
  const rows = await findImportedRuns(trx, [...byId.keys()].sort());
  const foreign = rows.find((row) => row.project !== project);
  if (foreign !== undefined) throw taken('run', foreign.run_id);
  for (const kind of ['params', 'tags'] as const) {
    const pairs = rows.flatMap(({ id, run_id }) =>
      Object.entries(byId.get(run_id)![kind]).map(([key, value]) => ({ run: id, key, value })),
    );
    await insertMissingPairs(trx, kind, pairs);
  }
  for (const row of rows) {
    const { inputs, modelInputs, modelOutputs } = byId.get(row.run_id)!;
    if (inputs.length > 0) await insertDatasetInputs(trx, row, inputs);
    if (modelInputs.length > 0) await insertModelInputs(trx, row.id, modelInputs);
    if (modelOutputs.length > 0) await insertModelOutputs(trx, row.id, modelOutputs);
  }
  const given = [...byId].map(([runId, { name, inputs }]) => ({ runId, name, inputs }));
  await recordDatasetLineage(
    parts,
    trx,
    project,
    given.filter(({ inputs }) => inputs.length > 0),
  );
}

async function importLoggedModel(trx: Trx, project: string, experiment: number, model: ImportedLoggedModel) {
  for (const { key } of model.metrics) checkMetricKey(key, () => 'key');
  const added = await insertImportedModel(trx, {
    model_id: model.modelId,
    project,
    experiment,
    name: model.name,
    model_type: model.modelType,
    source_run_id: model.sourceRunId,
    status: loggedModelStatus[model.status],
    status_message: model.statusMessage,
    stage: model.stage,
    artifact_uri: folderOf(experiment, 'models', model.modelId),
    created_ms: model.createdAt,
    updated_ms: model.updatedAt,
  });
  if (!added) {
    if ((await findLoggedModel(trx, project, model.modelId)) === null) throw taken('logged model', model.modelId);
    return false;
  }
  await upsertLoggedModelPairs(trx, 'param', model.modelId, new Map(Object.entries(model.params)));
  await upsertLoggedModelPairs(trx, 'tag', model.modelId, new Map(Object.entries(model.tags)));
  const metrics = model.metrics.map(({ value, timestamp: timestampMs, ...metric }) => ({
    ...metric,
    ...storedNumber(Number(value)),
    timestampMs,
  }));
  await insertModelMetrics(trx, model.modelId, metrics);
  return true;
}

/** Logged models under their own ids; those that are here are left alone. */
export async function importLoggedModels(
  { platform }: TrackingParts,
  actor: Actor,
  project: string,
  models: readonly ImportedLoggedModel[],
): Promise<{ added: number; known: number }> {
  return await platform.database.transaction(async (trx) => {
    const experiments = await experimentsOf(
      trx,
      project,
      models.map(({ experimentId }) => experimentId),
    );
    let added = 0;
    for (const model of models) {
      const experiment = experiments.get(model.experimentId)!;
      if (await importLoggedModel(trx, project, experiment, model)) added++;
    }
    const details = { added, known: models.length - added };
    const subject = { kind: 'experiment', id: models[0]!.experimentId };
    await platform.audit.record(trx, { actor, project, action: 'tracking.models-imported', subject, details });
    return details;
  });
}
