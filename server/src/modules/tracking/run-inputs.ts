import { invalidInput } from '@flyball/api';
import { checkLength, checkTag } from './check-key.ts';
import { recordDatasetLineage } from './dataset-lineage.ts';
import { experimentNumber } from './experiments.ts';
import {
  type DatasetSummary,
  insertDatasetInputs,
  insertModelInputs,
  insertModelOutputs,
  listDatasets,
} from './input-store.ts';
import type { TrackingParts } from './parts.ts';
import { findRunTag, type StoredInput, upsertRunTag } from './run-store.ts';
import { changingRun } from './runs.ts';

const MOST_INPUTS = 1_000;
const MOST_SUMMARIES = 1_000;

function checkInput({ name, digest, source, schema, profile, tags }: StoredInput): void {
  checkLength('name', name, 500);
  checkLength('digest', digest, 36);
  checkLength('source', source, 65_535);
  checkLength('schema', schema ?? '', 1_048_575);
  checkLength('profile', profile ?? '', 16_777_215);
  for (const [key, value] of Object.entries(tags)) {
    checkLength('key', key, 255);
    checkLength('value', value, 500);
  }
}

/** What a run read: datasets, and models that were logged before. */
export async function logRunInputs(
  parts: TrackingParts,
  project: string,
  runId: string,
  { datasets, models }: { readonly datasets: readonly StoredInput[]; readonly models: readonly string[] },
): Promise<void> {
  if (datasets.length > MOST_INPUTS) throw invalidInput(`A request can name at most ${MOST_INPUTS} datasets`);
  datasets.forEach(checkInput);
  await changingRun(parts, project, runId, async (trx, run) => {
    if (datasets.length > 0) {
      await insertDatasetInputs(trx, run, datasets);
      await recordDatasetLineage(parts, trx, project, [{ runId, name: run.name, inputs: datasets }]);
    }
    if (models.length > 0) await insertModelInputs(trx, run.id, models);
  });
}

/** The models that a run made, and the step of each. */
export async function logRunOutputs(
  parts: TrackingParts,
  project: string,
  runId: string,
  outputs: readonly { readonly modelId: string; readonly step: number }[],
): Promise<void> {
  await changingRun(parts, project, runId, async (trx, run) => await insertModelOutputs(trx, run.id, outputs));
}

const MODELS_TAG = 'mlflow.log-model.history';

/** Clients before 3.0 tell of a model by a tag that is a growing list. */
export async function recordRunModel(
  parts: TrackingParts,
  project: string,
  runId: string,
  model: Readonly<Record<string, unknown>>,
): Promise<void> {
  await changingRun(parts, project, runId, async (trx, run) => {
    const known: unknown = JSON.parse((await findRunTag(trx, run.id, MODELS_TAG)) ?? '[]');
    const list = JSON.stringify([...(Array.isArray(known) ? known : []), model]);
    const kept = checkTag(MODELS_TAG, list, 'key');
    // A list that was cut off could not be read again: the oldest models are forgotten instead.
    await upsertRunTag(trx, run, MODELS_TAG, kept === list ? list : JSON.stringify([model]));
  });
}

export async function listRunDatasets(
  { platform }: TrackingParts,
  project: string,
  experimentIds: readonly string[],
): Promise<DatasetSummary[]> {
  return await listDatasets(platform.database, project, experimentIds.map(experimentNumber), MOST_SUMMARIES);
}
