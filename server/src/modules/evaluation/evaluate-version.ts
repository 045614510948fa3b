import type { EvaluateInput, Evaluation, ModelVersion } from '@flyball/api';
import { confusionAt } from '@flyball/stats';
import type { z } from 'zod';
import type { Actor } from '#platform/access/actor';
import { newId } from '#platform/uuid';
import { insertEvaluation } from './evaluation-store.ts';
import { clustersOf, type LabelledRows, readLabelledRows } from './labelled-rows.ts';
import { calibrationPoints, comparePredictions, measurePredictions, type Scored } from './measure-predictions.ts';
import type { EvaluationParts } from './parts.ts';
import { loadVersion } from './version-model.ts';

type Input = z.output<typeof EvaluateInput>;

/** Columns that the models need, each once. */
const inputColumns = (versions: readonly ModelVersion[]): string[] => [
  ...new Set(versions.flatMap((version) => version.inputs.map(({ name }) => name))),
];

/** Columns that only tell rows apart, each once. */
function groupColumns({ slices, cluster }: Input): string[] {
  const own = cluster === undefined || cluster.startsWith('at:') ? [] : [cluster];
  return [...new Set([...slices, ...own])];
}

async function predict(parts: EvaluationParts, project: string, version: ModelVersion, rows: LabelledRows) {
  const model = await loadVersion(parts, project, version);
  try {
    const names = version.inputs.length > 0 ? version.inputs.map(({ name }) => name) : model.features;
    return await model.predict(names.map((name) => rows.columns.get(name)!));
  } finally {
    await model.close();
  }
}

const MAX_SLICES = 50;

function slicesOf(rows: LabelledRows, scored: Scored, columns: readonly string[], threshold: number) {
  return columns.flatMap((column) => {
    const groups = new Map<string | null, number[]>();
    for (const [row, value] of rows.groups.get(column)!.entries()) {
      const group = groups.get(value);
      if (group === undefined) groups.set(value, [row]);
      else group.push(row);
    }
    const largest = [...groups].sort(([, a], [, b]) => b.length - a.length).slice(0, MAX_SLICES);
    return largest.map(([value, members]) => {
      const take = (values: Float64Array): Float64Array => Float64Array.from(members, (row) => values[row]!);
      const clusters = scored.clusters === undefined ? undefined : take(scored.clusters);
      const part = { labels: take(scored.labels), predictions: take(scored.predictions), clusters };
      const metrics = measurePredictions(part, threshold);
      return { column, value: value ?? 'missing', count: members.length, metrics };
    });
  });
}

function confusionOf({ labels, predictions }: Scored, threshold: number): Evaluation['confusion'] {
  const binary = labels.every((label) => label === 0 || label === 1);
  const counts = binary ? confusionAt(labels, predictions, threshold) : null;
  return {
    threshold,
    truePositive: counts?.truePositives ?? 0,
    falsePositive: counts?.falsePositives ?? 0,
    trueNegative: counts?.trueNegatives ?? 0,
    falseNegative: counts?.falseNegatives ?? 0,
  };
}

async function keep(parts: EvaluationParts, actor: Actor, project: string, evaluation: Evaluation): Promise<void> {
  const { platform, data } = parts;
  const { id, model, version } = evaluation;
  const node = { kind: 'evaluation', id };
  await platform.database.transaction(async (trx) => {
    await insertEvaluation(trx, project, evaluation);
    const edges = [
      { from: { kind: 'model_version', id: `${model}@${version}` }, to: node, role: 'measured' },
      { from: { kind: 'training_set', id: evaluation.trainingSetId }, to: node, role: 'measured on' },
    ];
    const title = `${model}@${version} on ${evaluation.rowCount} rows`;
    await data.lineage.record(trx, project, edges, [{ ...node, title }]);
    await platform.events.publish(trx, {
      project,
      name: 'evaluation.finished',
      payload: { model, version, evaluationId: id },
    });
    await platform.audit.record(trx, { actor, project, action: 'evaluation.measured', subject: node });
  });
}

/** Measures a version on a training set it was not trained on, beside other versions on the same rows. */
export async function evaluateVersion(
  parts: EvaluationParts,
  actor: Actor,
  project: string,
  input: Input,
): Promise<Evaluation> {
  const started = performance.now();
  const { platform, features, registry } = parts;
  const set = await features.getTrainingSet(project, input.trainingSetId);
  const version = await registry.getVersion(project, input.model, input.version);
  const others = [];
  for (const other of new Set(input.compareWith)) {
    if (other !== input.version) others.push(await registry.getVersion(project, input.model, other));
  }
  const path = await features.trainingSetPath(project, set.id);
  const groups = groupColumns(input);
  const rows = await readLabelledRows(platform, set, path, inputColumns([version, ...others]), { groups });
  const clusters = clustersOf(rows, input.cluster);
  const scored = { labels: rows.labels, predictions: await predict(parts, project, version, rows), clusters };
  const comparisons = [];
  for (const other of others) {
    const baseline = await predict(parts, project, other, rows);
    comparisons.push(...comparePredictions(scored, baseline, { model: input.model, version: other.version }));
  }
  const evaluation: Evaluation = {
    id: newId(),
    model: input.model,
    version: input.version,
    trainingSetId: set.id,
    dataset: { name: set.spec.dataset, version: set.datasetVersion },
    rowCount: rows.rowCount,
    metrics: measurePredictions(scored, input.threshold),
    slices: slicesOf(rows, scored, input.slices, input.threshold),
    comparisons,
    calibration: calibrationPoints(scored),
    confusion: confusionOf(scored, input.threshold),
    at: platform.clock.now().toISOString(),
    milliseconds: performance.now() - started,
  };
  await keep(parts, actor, project, evaluation);
  return evaluation;
}
