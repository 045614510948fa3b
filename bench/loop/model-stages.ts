import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { trainBoosting } from '@flyball/stats/learn';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { history, inputs } from '../../examples/flights/improved/features.ts';
import { fromRequest, output } from '../../sdk/src/index.ts';
import { scanModelFiles } from '../../server/src/modules/registry/scan-model-files.ts';
import type { LoopWorld } from './loop-world.ts';
import { runPipeline, stepSample } from './run-pipeline.ts';
import { compare, timed } from './stage.ts';

export const model = 'flight-delay';
const ROWS = 200_000;
const CHUNK = 8192;
const learner = { trees: 80, maxDepth: 6, learningRate: 0.1, seed: 1 };
/** What a timetable knows, when in the hour and the year it is, and how the day goes at both ends. */
const modelInputs = [...inputs, fromRequest('minute'), fromRequest('day')];
const features = modelInputs.map(({ name }) => name);

const rowsStep = {
  id: 'rows',
  uses: 'features.training-set',
  with: {
    dataset: 'flights',
    at: 'date',
    knownAt: 'landed_at',
    until: '2001-06-01T00:00:00Z',
    columns: {
      hour: 'hour(date)',
      weekday: 'isodow(date)',
      distance: 'distance',
      minute: 'minute(date)',
      day: 'dayofyear(date)',
    },
    label: { name: 'late', sql: 'delay > 15' },
    features: [...history],
    sample: { rows: ROWS, seed: 1 },
  },
};

interface Table {
  readonly columns: Float32Array[];
  readonly labels: Float32Array;
}

async function readTable({ duckdb, objectPath }: LoopWorld, digest: string): Promise<Table> {
  const list = [...features, 'late'].map((name) => `"${name}"::float`).join(', ');
  const found = (
    await duckdb.runAndReadAll(`select ${list} from read_parquet('${objectPath(digest)}')`)
  ).getColumnsJS();
  const column = (values: readonly unknown[]) =>
    Float32Array.from(values, (x) => (x === null ? Number.NaN : Number(x)));
  return { columns: features.map((_, f) => column(found[f]!)), labels: column(found[features.length]!) };
}

export interface ModelStages {
  readonly stages: readonly object[];
  readonly trainingSetId: string;
  readonly trainingSetFile: string;
  /** Of the model that was trained last. */
  readonly modelFile: string;
}

async function trainStage(world: LoopWorld, trainingSetId: string, table: Table) {
  const train = {
    id: 'train',
    uses: 'evaluation.train',
    with: { trainingSetId, label: 'late', features, experiment: 'bench', learner },
  };
  const register = {
    id: 'register',
    uses: 'registry.register',
    needs: ['train'],
    with: {
      model,
      runId: output('train', 'runId'),
      artifactPath: 'model',
      inputs: modelInputs,
      dataset: { name: 'flights', version: 1, trainingSetId },
    },
  };
  return await compare({
    stage: 'training, 200,000 rows × 10 features, 80 trees of depth 6',
    turns: 3,
    flyball: {
      what: 'step evaluation.train: read, train, curves, baselines, ONNX, artifacts of a tracked run',
      measure: async () => stepSample(await runPipeline(world, 'learn', [train, register]), 'train'),
    },
    limit: {
      what: 'the learner alone on columns in memory (bench/learner.ts compares it with scikit-learn)',
      measure: async () => {
        const { seed: _, ...options } = learner;
        return await timed(() => trainBoosting({ features, ...table }, { objective: 'binary', ...options, seed: 1 }));
      },
    },
    units: { count: ROWS, of: 'rows' },
  });
}

async function predictBare(session: InferenceSession, { columns }: Table): Promise<void> {
  const rows = columns[0]!.length;
  for (let from = 0; from < rows; from += CHUNK) {
    const count = Math.min(CHUNK, rows - from);
    const matrix = new Float32Array(count * columns.length);
    for (const [f, column] of columns.entries()) {
      for (let row = 0; row < count; row++) matrix[row * columns.length + f] = column[from + row]!;
    }
    await session.run({ [session.inputNames[0]!]: new Tensor('float32', matrix, [count, columns.length]) });
  }
}

async function evaluateStage({ flyball }: LoopWorld, trainingSetId: string, table: Table, modelFile: string) {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await InferenceSession.create(modelFile, options);
  const stage = await compare({
    stage: 'evaluation of an ONNX version, 200,000 rows',
    turns: 3,
    flyball: {
      what: 'read, predict, metrics with intervals, slices, calibration, confusion',
      measure: async () => {
        const body = { model, version: 1, trainingSetId, slices: ['weekday'] };
        return { seconds: (await flyball.evaluate({ body })).milliseconds / 1000 };
      },
    },
    limit: {
      what: 'onnxruntime on the same rows, one thread',
      measure: async () => await timed(() => predictBare(session, table)),
    },
    units: { count: ROWS, of: 'rows' },
  });
  await session.release();
  return stage;
}

async function scanStage(modelFile: string) {
  const times = 50;
  return await compare({
    stage: `static scan of a model file, ${Math.round(readFileSync(modelFile).length / 1024)} KB, ${times} times`,
    turns: 5,
    flyball: {
      what: 'every node of the ONNX graph against the allow-list',
      measure: async () =>
        await timed(async () => {
          for (let i = 0; i < times; i++) {
            await scanModelFiles([{ path: 'model.onnx', localPath: async () => modelFile }]);
          }
        }),
    },
    limit: {
      what: 'reading the file and its SHA-256',
      measure: async () =>
        await timed(() => {
          for (let i = 0; i < times; i++) createHash('sha256').update(readFileSync(modelFile)).digest();
        }),
    },
    units: { count: times, of: 'files' },
  });
}

export async function modelStages(world: LoopWorld): Promise<ModelStages> {
  const built = stepSample(await runPipeline(world, 'rows', [rowsStep]), 'rows');
  const trainingSetId = String(built.outputs['trainingSetId']);
  const { digest } = await world.flyball.getTrainingSet({ params: { id: trainingSetId } });
  const table = await readTable(world, digest);
  await world.flyball.putModel({ params: { model }, body: {} });
  const training = await trainStage(world, trainingSetId, table);
  const { files } = await world.flyball.getModelVersion({ params: { model, version: 1 } });
  const modelFile = world.objectPath(files.find(({ path }) => path.endsWith('.onnx'))!.digest);
  const evaluation = await evaluateStage(world, trainingSetId, table, modelFile);
  const stages = [training, evaluation, await scanStage(modelFile)];
  return { stages, trainingSetId, trainingSetFile: world.objectPath(digest), modelFile };
}
