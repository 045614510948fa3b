import { PlatformError } from '@flyball/api';
import { z } from 'zod';
import type { Actor } from '#platform/access/actor';
import { type LabelledRows, readLabelledRows } from './labelled-rows.ts';
import { loadOnnx } from './load-onnx.ts';
import { measureMetric } from './measure-predictions.ts';
import type { EvaluationParts } from './parts.ts';
import { loadVersion } from './version-model.ts';

export const SelectInput = z.object({
  /** Runs that trained a model; those of skipped steps are null. */
  candidates: z.array(z.string().nullish()).min(1).max(50),
  trainingSetId: z.string(),
  label: z.string().optional(),
  metric: z.enum(['log_loss', 'brier', 'auc', 'calibration_error', 'rmse', 'mae']).default('log_loss'),
  champion: z.object({ model: z.string(), alias: z.string().default('champion') }).optional(),
});
export type SelectInput = z.output<typeof SelectInput>;

export interface Selected {
  readonly runId: string;
  readonly trainingSetId: string | null;
  readonly metric: number;
  readonly championMetric: number | null;
  readonly improves: boolean;
  readonly ranking: readonly { readonly runId: string; readonly metric: number }[];
}

function scoreOf(rows: LabelledRows, predictions: Float64Array, metric: SelectInput['metric']): number {
  const measured = measureMetric({ labels: rows.labels, predictions }, metric);
  if (measured === null) throw new PlatformError('invalid_input', `${metric} cannot be measured on these labels`);
  return measured.value;
}

interface Contender {
  readonly runId: string;
  readonly path: string;
  readonly features: readonly string[];
  readonly trainingSetId: string | null;
}

async function contenderOf({ tracking }: EvaluationParts, project: string, runId: string): Promise<Contender> {
  const run = await tracking.getRun(project, runId);
  const path = await tracking.artifactPath(project, runId, 'model/model.onnx');
  const features = run.params['features']?.split(',') ?? [];
  return { runId, path, features, trainingSetId: run.params['training_set'] ?? null };
}

async function championScore(
  parts: EvaluationParts,
  project: string,
  input: SelectInput,
  read: (columns: readonly string[]) => Promise<LabelledRows>,
): Promise<number | null> {
  if (input.champion === undefined) return null;
  const { model: name, alias } = input.champion;
  const version = await parts.registry.versionByAlias(project, name, alias);
  if (version === null) return null;
  const names = version.inputs.map((one) => one.name);
  const rows = await read(names);
  const model = await loadVersion(parts, project, version);
  try {
    return scoreOf(rows, await model.predict(names.map((column) => rows.columns.get(column)!)), input.metric);
  } finally {
    await model.close();
  }
}

/** Lets trained runs compete on rows that none of them has seen; says whether the best one beats the champion. */
export async function selectCandidate(
  parts: EvaluationParts,
  _actor: Actor,
  project: string,
  input: SelectInput,
): Promise<Selected> {
  const set = await parts.features.getTrainingSet(project, input.trainingSetId);
  const path = await parts.features.trainingSetPath(project, set.id);
  const options = input.label === undefined ? {} : { label: input.label };
  // Those that take the same columns, as most do, are judged on the same rows in memory.
  let last: { readonly columns: string; readonly rows: LabelledRows } | undefined;
  const read = async (columns: readonly string[]): Promise<LabelledRows> => {
    const key = JSON.stringify(columns);
    if (last?.columns !== key) {
      last = { columns: key, rows: await readLabelledRows(parts.platform, set, path, columns, options) };
    }
    return last.rows;
  };
  const runIds = input.candidates.filter((id) => id !== null && id !== undefined);
  if (runIds.length === 0) throw new PlatformError('invalid_input', 'There is no candidate to choose from');
  const scored = [];
  for (const runId of runIds) {
    const contender = await contenderOf(parts, project, runId);
    const rows = await read(contender.features);
    const model = await loadOnnx(contender.path);
    const predictions = await model.predict(contender.features.map((name) => rows.columns.get(name)!));
    await model.close();
    scored.push({ contender, metric: scoreOf(rows, predictions, input.metric) });
  }
  const sign = input.metric === 'auc' ? -1 : 1;
  scored.sort((a, b) => sign * (a.metric - b.metric));
  const best = scored[0]!;
  const championMetric = await championScore(parts, project, input, read);
  return {
    runId: best.contender.runId,
    trainingSetId: best.contender.trainingSetId,
    metric: best.metric,
    championMetric,
    improves: championMetric === null || sign * (best.metric - championMetric) < 0,
    ranking: scored.map(({ contender, metric }) => ({ runId: contender.runId, metric })),
  };
}
