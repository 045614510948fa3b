import { decodeEnsemble, predictEnsemble, type TreeEnsemble, trainBoosting } from '@flyball/stats/learn';
import { type Flights, openFlights } from './flights-source.ts';
import { meanLogLoss } from './log-loss.ts';

const WEEK_MS = 7 * 86_400_000;
const ROWS = 100_000;

/** What is compared with the story: the first champion for ever, and a retraining every week without looking. */
export interface BaselineRequest {
  readonly trees: string;
  readonly from: string;
  readonly until: string;
}

export interface Baselines {
  readonly firstChampion: number;
  readonly weeklyRetraining: number;
}

const columnsOf = (flights: Flights, rows: ArrayLike<number>): Float32Array[] =>
  [flights.hour, flights.weekday, flights.distance].map((values) => Float32Array.from(rows, (row) => values[row]!));

function range(from: number, until: number, most = Number.POSITIVE_INFINITY): Uint32Array {
  const step = Math.max(1, (until - from) / most);
  return Uint32Array.from({ length: Math.floor((until - from) / step) }, (_, i) => from + Math.floor(i * step));
}

function indexAt(values: Float64Array, moment: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function train(flights: Flights, rows: Uint32Array): TreeEnsemble {
  const labels = Float64Array.from(rows, (row) => (flights.delay[row]! > 15 ? 1 : 0));
  const data = { columns: columnsOf(flights, rows), labels, features: ['hour', 'weekday', 'distance'] };
  return trainBoosting(data, { objective: 'binary', trees: 80, maxDepth: 6, learningRate: 0.1, seed: 1 }).model;
}

/** Each week a model of the four weeks before it, whether it helps or not. */
function weekly(flights: Flights, from: number): Float64Array {
  const probability = new Float64Array(flights.count).fill(Number.NaN);
  for (let week = from; ; week += WEEK_MS) {
    const [start, end] = [indexAt(flights.at, week), indexAt(flights.at, week + WEEK_MS)];
    if (start === flights.count) return probability;
    const model = train(flights, range(indexAt(flights.at, week - 4 * WEEK_MS), start, ROWS));
    probability.set(predictEnsemble(model, columnsOf(flights, range(start, end))), start);
  }
}

async function compute({ trees, from, until }: BaselineRequest): Promise<Baselines> {
  const source = await openFlights();
  const flights = await source.read(new Date(Date.parse(from) - 4 * WEEK_MS).toISOString(), until);
  source.close();
  const start = indexAt(flights.at, Date.parse(from));
  const first = new Float64Array(flights.count).fill(Number.NaN);
  const champion = decodeEnsemble(trees);
  const byName: Record<string, Float64Array> = {
    hour: flights.hour,
    weekday: flights.weekday,
    distance: flights.distance,
  };
  const rows = range(start, flights.count);
  first.set(
    predictEnsemble(
      champion,
      champion.features.map((name) => Float32Array.from(rows, (row) => byName[name]![row]!)),
    ),
    start,
  );
  return {
    firstChampion: meanLogLoss(flights, first),
    weeklyRetraining: meanLogLoss(flights, weekly(flights, Date.parse(from))),
  };
}

process.once('message', (request: BaselineRequest) => {
  compute(request).then(
    (result) => {
      process.send?.({ result });
      process.disconnect();
    },
    (error: unknown) => {
      process.send?.({ error: String(error) });
      process.disconnect();
    },
  );
});
