import {
  definePipeline,
  durationSeconds,
  type Gate,
  type ModelInput,
  output,
  type TrainingSetSpec,
} from '@flyball/sdk';
import { flights } from './data.ts';
import { endpoint, model } from './model.ts';
import { timetable } from './timetable.ts';

/** Four days of bad weather move the share of late flights by ten points, which no timetable knows beforehand. */
const calibrationBound = 0.15;

const gates: Gate[] = [
  { kind: 'at_least', name: 'ranks', metric: 'auc', bound: 0.58, minRows: 5000 },
  { kind: 'at_most', name: 'calibrated', metric: 'calibration_error', bound: calibrationBound, minRows: 5000 },
  {
    kind: 'not_worse_than_champion',
    name: 'not-worse',
    metric: 'log_loss',
    margin: 0.005,
    relative: true,
    minRows: 5000,
  },
  { kind: 'scan_safe', name: 'safe-files' },
];

/** How far back the competitors look. Which of them is right changes with the weather, so they are all asked. */
const windows = ['1w', '2w', '4w', '8w'] as const;
const heldOut = durationSeconds('4d');

interface Retraining {
  readonly inputs: readonly ModelInput[];
  readonly history?: TrainingSetSpec['features'];
}

/** Every flight that has landed, with what was known when it left. */
const table = (history: TrainingSetSpec['features']) => ({
  dataset: flights.name,
  version: output('snapshot', 'version'),
  at: 'date',
  knownAt: 'landed_at',
  columns: { hour: 'hour(date)', weekday: 'isodow(date)', distance: 'distance', origin: 'origin' },
  label: { name: 'late', sql: 'delay > 15' },
  features: history,
});

/** Rows of a window, and a model of them. */
function competitor(window: (typeof windows)[number], { inputs, history = [] }: Retraining) {
  return {
    [`rows-${window}`]: {
      uses: 'features.training-set',
      needs: ['snapshot'],
      with: {
        ...table(history),
        lastSeconds: durationSeconds(window),
        endingSecondsAgo: heldOut,
        sample: { rows: 100_000, seed: 1 },
      },
    },
    [`train-${window}`]: {
      uses: 'evaluation.train',
      needs: [`rows-${window}`],
      with: {
        trainingSetId: output(`rows-${window}`, 'trainingSetId'),
        label: 'late',
        features: inputs.map(({ name }) => name),
        experiment: 'flight-delay',
        runName: `last ${window}`,
        learner: { trees: 80, maxDepth: 6, learningRate: 0.1, seed: 1 },
        tags: { window },
      },
    },
  };
}

const select = {
  uses: 'evaluation.select',
  needs: ['latest', ...windows.map((window) => `train-${window}`)],
  with: {
    candidates: windows.map((window) => output(`train-${window}`, 'runId')),
    trainingSetId: output('latest', 'trainingSetId'),
    label: 'late',
    metric: 'log_loss',
    champion: { model: model.name },
  },
};

const version = { model: model.name, version: output('register', 'version') };

/** The best one is registered and judged; what does not help stops here. */
const judgement = (inputs: readonly ModelInput[]) => ({
  register: {
    uses: 'registry.register',
    needs: ['select'],
    when: output('select', 'improves'),
    with: {
      model: model.name,
      runId: output('select', 'runId'),
      artifactPath: 'model',
      inputs,
      dataset: {
        name: flights.name,
        version: output('snapshot', 'version'),
        trainingSetId: output('select', 'trainingSetId'),
      },
    },
  },
  evaluate: {
    uses: 'evaluation.evaluate',
    needs: ['register'],
    with: {
      ...version,
      trainingSetId: output('latest', 'trainingSetId'),
      label: 'late',
      compareWithChampion: true,
      slices: ['weekday'],
      cluster: 'at:3600',
    },
  },
  gates: {
    uses: 'evaluation.gates',
    needs: ['evaluate'],
    with: { ...version, evaluationId: output('evaluate', 'evaluationId'), gates },
  },
  promote: {
    uses: 'governance.promote',
    needs: ['gates'],
    when: output('gates', 'passed'),
    with: { ...version, endpoint: endpoint.name, reason: 'Trained on newer flights' },
  },
});

/** Labelled traffic → several training windows compete on the latest days → gates → promotion. */
export const defineRetraining = (retraining: Retraining) =>
  definePipeline({
    name: 'retrain',
    description: 'Learn again from what has landed since',
    steps: {
      snapshot: { uses: 'serving.snapshot', with: { endpoint: endpoint.name } },
      latest: {
        uses: 'features.training-set',
        needs: ['snapshot'],
        with: { ...table(retraining.history ?? []), lastSeconds: heldOut },
      },
      ...Object.assign({}, ...windows.map((window) => competitor(window, retraining))),
      select,
      ...judgement(retraining.inputs),
    },
    triggers: [{ kind: 'event', event: 'monitoring.alert-opened', where: { endpoint: endpoint.name } }],
  });

export const retraining = defineRetraining({ inputs: timetable });
