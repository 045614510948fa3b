import type { Run, TrainingSet } from '@flyball/api';
import {
  type BoostingProgress,
  encodeEnsemble,
  encodeOnnx,
  gainImportance,
  predictEnsemble,
  predictLinear,
  type TreeEnsemble,
  trainBoosting,
  trainConstant,
  trainLinear,
} from '@flyball/stats/learn';
import { z } from 'zod';
import type { Actor } from '#platform/access/actor';
import { type LabelledRows, readLabelledRows } from './labelled-rows.ts';
import { measurePredictions } from './measure-predictions.ts';
import type { EvaluationParts } from './parts.ts';

const LearnerOptions = z.object({
  trees: z.int().min(1).max(5000).default(100),
  maxDepth: z.int().min(1).max(16).default(6),
  learningRate: z.number().gt(0).max(1).default(0.1),
  lambda: z.number().min(0).default(1),
  minRowsPerLeaf: z.int().min(1).default(20),
  /** Stop when the newest rows, held out, have not improved for so many rounds; 0 trains all of them. */
  earlyStoppingRounds: z.int().min(0).default(0),
  /** Share of the newest rows that watches the loss. */
  validationShare: z.number().min(0).max(0.5).default(0.1),
  seed: z.int().default(1),
  maxRows: z.int().min(100).optional(),
});

export const TrainInput = z.object({
  trainingSetId: z.string(),
  label: z.string().optional(),
  features: z.array(z.string()).min(1).max(2000),
  experiment: z.string().min(1).max(500),
  runName: z.string().max(500).optional(),
  learner: LearnerOptions.prefault({}),
  tags: z.record(z.string(), z.string()).default({}),
});
export type TrainInput = z.output<typeof TrainInput>;

export interface Training {
  readonly actor: Actor;
  readonly project: string;
  readonly signal: AbortSignal;
  /** Names the step across its attempts. */
  readonly step: string;
  progress(share: number, text: string): void;
}

type Objective = 'binary' | 'squared_error';

function objectiveOf(labels: Float64Array): Objective {
  return labels.every((label) => label === 0 || label === 1) ? 'binary' : 'squared_error';
}

/** Rows are ordered by time: the newest are held out. */
function split(rowCount: number, share: number): { train: Uint32Array; validation: Uint32Array } {
  const cut = Math.max(1, Math.round(rowCount * (1 - share)));
  const all = Uint32Array.from({ length: rowCount }, (_, i) => i);
  return { train: all.subarray(0, cut), validation: all.subarray(cut) };
}

function pick(labels: Float64Array, predictions: Float64Array, rows: Uint32Array) {
  const chosen = Float64Array.from(rows, (row) => labels[row]!);
  // Predictions come for all rows, or for the chosen ones in their order.
  const all = predictions.length === labels.length && rows.length !== labels.length;
  return { labels: chosen, predictions: all ? Float64Array.from(rows, (row) => predictions[row]!) : predictions };
}

type Prefixed = Record<string, number>;

function prefixed(prefix: string, scored: { labels: Float64Array; predictions: Float64Array }): Prefixed {
  const metrics = measurePredictions(scored, 0.5).filter(({ name }) => name !== 'confusion');
  return Object.fromEntries(metrics.map(({ name, value }) => [`${prefix}${name}`, value]));
}

interface Learned {
  readonly model: TreeEnsemble;
  readonly metrics: Prefixed;
  readonly curve: readonly BoostingProgress[];
}

/** The ensemble and, for comparison, what a constant and a line can do. */
function learn(rows: LabelledRows, features: readonly string[], input: TrainInput, training: Training): Learned {
  const columns = features.map((name) => rows.columns.get(name)!);
  const objective = objectiveOf(rows.labels);
  const { train, validation } = split(rows.rowCount, input.learner.validationShare);
  const watched = validation.length > 0 ? { validation: { rows: validation } } : {};
  const data = { columns, labels: rows.labels, features, rows: train, ...watched };
  const curve: BoostingProgress[] = [];
  const { maxRows: _, validationShare: __, ...options } = input.learner;
  const { model } = trainBoosting(data, {
    ...options,
    objective,
    onProgress: (progress) => {
      curve.push(progress);
      training.progress(progress.round / progress.rounds, `round ${progress.round} of ${progress.rounds}`);
    },
    shouldStop: () => training.signal.aborted,
  });
  training.signal.throwIfAborted();
  const judged = validation.length > 0 ? validation : train;
  const score = (predictions: Float64Array) => pick(rows.labels, predictions, judged);
  const line = trainLinear({ columns, labels: rows.labels, features, rows: train }, { objective });
  const constant = trainConstant({ columns, labels: rows.labels, features, rows: train }, objective);
  const metrics = {
    ...prefixed('validation_', score(predictEnsemble(model, columns, judged))),
    ...prefixed('baseline_linear_', score(predictLinear(line, columns, judged))),
    ...prefixed('baseline_constant_', score(predictEnsemble(constant, columns, judged))),
  };
  return { model, metrics, curve };
}

/** The model folder as MLflow's clients read it. */
function mlmodelYaml(runId: string, features: readonly string[], binary: boolean): string {
  const inputs = JSON.stringify([
    { type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, features.length] } },
  ]);
  return [
    'artifact_path: model',
    'flavors:',
    '  onnx:',
    '    data: model.onnx',
    '    onnx_version: 1.17.0',
    '  python_function:',
    '    data: model.onnx',
    '    loader_module: mlflow.onnx',
    'metadata:',
    `  features: '${JSON.stringify(features).replaceAll("'", "''")}'`,
    `  task: ${binary ? 'binary' : 'regression'}`,
    `run_id: ${runId}`,
    'signature:',
    `  inputs: '${inputs}'`,
    '',
  ].join('\n');
}

function curveMetrics(curve: readonly BoostingProgress[], from: number) {
  return curve.flatMap(({ round, trainLoss, validationLoss }) => {
    const at = { step: round, timestamp: from + round };
    const train = { key: 'train_loss', value: trainLoss, ...at };
    return validationLoss === null ? [train] : [train, { key: 'validation_loss', value: validationLoss, ...at }];
  });
}

function paramsOf(input: TrainInput, set: TrainingSet, rows: LabelledRows): Record<string, string> {
  const learner = Object.entries(input.learner).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(learner.map(([key, value]) => [key, String(value)])),
    features: input.features.join(','),
    training_set: set.id,
    dataset: `${set.spec.dataset}@${set.datasetVersion}`,
    rows: String(rows.rowCount),
  };
}

export interface Trained {
  readonly runId: string;
  readonly artifactPath: string;
  readonly rows: number;
  readonly metrics: Prefixed;
}

const CHUNK = 1000;

/** Tag of a run that names the step which made it: the pipeline run's id and the step's. */
export const STEP_TAG = 'flyball.step';

async function runsOfStep({ tracking }: EvaluationParts, { project, step }: Training, status: string) {
  const { items } = await tracking.runs.search(project, {
    experimentIds: null,
    filter: `tags."${STEP_TAG}" = '${step}' AND attributes.status = '${status}'`,
    orderBy: [],
    stages: ['active'],
    limit: 100,
  });
  return items.map(({ run_id: id }) => id);
}

/** An earlier attempt of this step that was killed could not say so itself. */
async function closeKilledRuns(parts: EvaluationParts, training: Training): Promise<void> {
  const { actor, project } = training;
  for (const killed of await runsOfStep(parts, training, 'RUNNING')) {
    await parts.tracking.finishRun(actor, project, killed, { status: 'KILLED' });
  }
}

/** A run that an earlier attempt of this step finished before it was killed: what it was asked has been answered. */
async function findTrained(
  parts: EvaluationParts,
  training: Training,
  params: Readonly<Record<string, string>>,
): Promise<Run | null> {
  for (const id of await runsOfStep(parts, training, 'FINISHED')) {
    const run = await parts.tracking.getRun(training.project, id);
    if (Object.entries(params).every(([name, value]) => run.params[name] === value)) return run;
  }
  return null;
}

/** The measures of a finished run, without its curves. */
function measuresOf({ metrics }: Run): Prefixed {
  const measures = Object.entries(metrics).filter(([name]) => /^(validation|baseline)_/.test(name));
  const numbers = measures.map(([name, { value }]) => [name, value ?? Number.NaN] as const);
  return Object.fromEntries(numbers.filter(([name]) => name !== 'validation_loss'));
}

/** Trains the built-in learner on a training set, as a tracked run with curves, baselines and the model's files. */
export async function trainModel(parts: EvaluationParts, training: Training, input: TrainInput): Promise<Trained> {
  const { platform, features, tracking } = parts;
  const { actor, project, signal } = training;
  const set = await features.getTrainingSet(project, input.trainingSetId);
  const path = await features.trainingSetPath(project, set.id);
  const { maxRows } = input.learner;
  const rows = await readLabelledRows(platform, set, path, input.features, {
    signal,
    ...(input.label === undefined ? {} : { label: input.label }),
    ...(maxRows === undefined ? {} : { maxRows }),
  });
  const params = paramsOf(input, set, rows);
  const known = await findTrained(parts, training, params);
  if (known !== null) {
    await recordLineage(parts, project, set.id, known);
    return { runId: known.runId, artifactPath: 'model', rows: rows.rowCount, metrics: measuresOf(known) };
  }
  const experiment = await tracking.createExperiment(actor, project, { name: input.experiment, tags: {} });
  const started = platform.clock.now().getTime();
  await closeKilledRuns(parts, training);
  const run = await tracking.startRun(actor, project, {
    experimentId: experiment.experimentId,
    ...(input.runName === undefined ? {} : { name: input.runName }),
    tags: {
      ...input.tags,
      [STEP_TAG]: training.step,
      'mlflow.source.type': 'JOB',
      'mlflow.source.name': 'evaluation.train',
    },
    startTime: started,
  });
  try {
    await tracking.logBatch(actor, project, run.runId, { metrics: [], params, tags: {} });
    const learned = learn(rows, input.features, input, training);
    const curve = curveMetrics(learned.curve, started);
    for (let from = 0; from < curve.length; from += CHUNK) {
      const metrics = curve.slice(from, from + CHUNK);
      await tracking.logBatch(actor, project, run.runId, { metrics, params: {}, tags: {} });
    }
    const final = Object.entries(learned.metrics).map(([key, value]) => ({ key, value, step: 0 }));
    await tracking.logBatch(actor, project, run.runId, { metrics: final, params: {}, tags: {} });
    await logFiles(parts, training, run.runId, input.features, learned.model);
    await tracking.finishRun(actor, project, run.runId, { status: 'FINISHED' });
    await recordLineage(parts, project, set.id, run);
    return { runId: run.runId, artifactPath: 'model', rows: rows.rowCount, metrics: learned.metrics };
  } catch (error) {
    await tracking.finishRun(actor, project, run.runId, { status: signal.aborted ? 'KILLED' : 'FAILED' });
    throw error;
  }
}

async function logFiles(
  { tracking }: EvaluationParts,
  { actor, project }: Training,
  runId: string,
  features: readonly string[],
  model: TreeEnsemble,
): Promise<void> {
  const importance = gainImportance(model);
  const files: Record<string, Uint8Array> = {
    'model/model.onnx': encodeOnnx(model),
    'model/trees.json': Buffer.from(encodeEnsemble(model)),
    'model/MLmodel': Buffer.from(mlmodelYaml(runId, features, model.objective === 'binary')),
    'importance.json': Buffer.from(
      JSON.stringify(Object.fromEntries(features.map((name, f) => [name, importance[f]])), null, 2),
    ),
  };
  for (const [path, bytes] of Object.entries(files)) await tracking.logArtifact(actor, project, runId, path, bytes);
}

async function recordLineage(
  { platform, data }: EvaluationParts,
  project: string,
  setId: string,
  { runId, name }: Pick<Run, 'runId' | 'name'>,
) {
  await platform.database.transaction(async (trx) => {
    const node = { kind: 'run', id: runId };
    const edge = { from: { kind: 'training_set', id: setId }, to: node, role: 'trained' };
    await data.lineage.record(trx, project, [edge], [{ ...node, title: name }]);
  });
}
