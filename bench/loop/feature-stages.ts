import { join } from 'node:path';
import type { FeatureViewDefinition, TrainingSetSpec } from '@flyball/api';
import { airport, fromAirport, history, toAirport } from '../../examples/flights/improved/features.ts';
import { applyProject } from '../../sdk/src/index.ts';
import { createOnlineWindows } from '../../server/src/modules/features/online-windows.ts';
import type { LoopWorld } from './loop-world.ts';
import { runPipeline, stepSample } from './run-pipeline.ts';
import { compare, timed } from './stage.ts';

const columns = { hour: 'hour(date)', weekday: 'isodow(date)', distance: 'distance' };

/** Every flight with five trailing windows of what was known when it left; `label` makes the question a new one. */
const spec = (label: string): TrainingSetSpec => ({
  dataset: 'flights',
  at: 'date',
  knownAt: 'landed_at',
  columns,
  label: { name: label, sql: 'delay > 15' },
  features: [...history],
});

export async function trainingSetStage(world: LoopWorld) {
  await applyProject(world.flyball, [airport, fromAirport, toAirport]);
  const plain = Object.entries(columns).map(([name, sql]) => `${sql} as ${name}`);
  return await compare({
    stage: 'point-in-time training set, 3,000,000 rows × 5 windows',
    turns: 2,
    flyball: {
      what: 'step features.training-set: windows of two views, joined as known, ordered by time, zstd Parquet',
      measure: async (turn) => {
        const step = { id: 'rows', uses: 'features.training-set', with: { ...spec(`late_${turn}`) } };
        const { outputs, peakMemoryMb } = stepSample(await runPipeline(world, 'windows', [step]), 'rows');
        const set = await world.flyball.getTrainingSet({ params: { id: String(outputs['trainingSetId']) } });
        return { seconds: set.milliseconds / 1000, peakMemoryMb };
      },
    },
    limit: {
      what: 'DuckDB writing the same rows in the same order without any window',
      measure: async () =>
        await timed(() =>
          world.duckdb.run(`copy (select epoch_ms(date)::double as moment, ${plain.join(', ')}, delay > 15 as late
            from read_parquet('${world.flightsFile}') order by moment)
            to '${join(world.folder, 'plain.parquet')}' (format parquet, compression zstd)`),
        ),
    },
    peer: {
      what: 'pandas: running sums and merge_asof per window, from and to Parquet',
      measure: async () => {
        const files = { file: world.flightsFile, output: join(world.folder, 'pandas.parquet') };
        return await world.peer.measure('windows', files);
      },
    },
    units: { count: 3_000_000, of: 'rows' },
  });
}

const QUESTIONS = 200_000;

interface Question {
  readonly origin: string;
  readonly destination: string;
  readonly at: number;
}

/** The windows of four days in memory, as a gateway has them, asked for the flights of the last one. */
async function loadWindows({ source }: LoopWorld, views: readonly FeatureViewDefinition[]) {
  const flights = await source.read('2001-06-20', '2001-06-24');
  const windows = views.map((view) => createOnlineWindows(view));
  const questions: Question[] = [];
  for (let i = 0; i < flights.count; i++) {
    const [origin, destination] = [flights.airports[flights.origin[i]!]!, flights.airports[flights.destination[i]!]!];
    const row = { delay: flights.delay[i]! };
    windows[0]!.add(origin, flights.at[i]!, flights.landedAt[i]!, row);
    windows[1]!.add(destination, flights.at[i]!, flights.landedAt[i]!, row);
    if (flights.at[i]! >= Date.parse('2001-06-23')) questions.push({ origin, destination, at: flights.at[i]! });
  }
  return { windows, questions };
}

export async function lookupStage(world: LoopWorld) {
  const { windows, questions } = await loadWindows(world, [fromAirport.body, toAirport.body]);
  const [from, to] = [windows[0]!, windows[1]!];
  const ready = new Map(questions.map(({ origin }) => [origin, Float64Array.of(1, 2, 3)]));
  for (const { destination } of questions) ready.set(destination, Float64Array.of(1, 2));
  const each = (read: (question: Question) => number) => (): void => {
    let sum = 0;
    for (let i = 0; i < QUESTIONS; i++) sum += read(questions[i % questions.length]!);
    if (sum === Number.MAX_VALUE) throw new Error('never, but somebody must look at the values');
  };
  return await compare({
    stage: 'online features, 5 windows of two keys a question',
    turns: 7,
    flyball: {
      what: 'exact windows as of the moment of the question',
      measure: async () =>
        await timed(each(({ origin, destination, at }) => from.read(origin, at)[0]! + to.read(destination, at)[0]!)),
    },
    limit: {
      what: 'two look-ups of values that were computed before, in a Map',
      measure: async () =>
        await timed(each(({ origin, destination }) => ready.get(origin)![0]! + ready.get(destination)![0]!)),
    },
    units: { count: QUESTIONS, of: 'questions' },
  });
}
