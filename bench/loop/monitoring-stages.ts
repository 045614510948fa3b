import { join } from 'node:path';
import type { MonitorDefinition } from '@flyball/api';
import { monitor as demo } from '../../examples/flights/definitions/monitor.ts';
import { measure, referenceFrom, type Window } from '../../server/src/modules/monitoring/measure-signal.ts';
import type { Analytics } from '../../server/src/platform/analytics/analytics.ts';
import { createAnalytics } from '../../server/src/platform/analytics/duckdb-analytics.ts';
import type { LoopWorld } from './loop-world.ts';
import { advance, endpoint } from './send-flights.ts';
import { dayStart, logFiles, servedDays } from './serving-stages.ts';
import { compare, timed } from './stage.ts';

const DAY_SECONDS = 86_400;

/** The questions of the demo, each hour, about the day before it. */
const signals: MonitorDefinition['signals'] = demo.body.signals.map((signal) => ({
  ...signal,
  windowSeconds: DAY_SECONDS,
  minCount: 100,
}));

async function drop({ flyball }: LoopWorld, monitor: string): Promise<void> {
  await flyball.deleteMonitor({ params: { monitor } });
}

/** What an hour cannot do without: the day's rows with their labels. */
async function bareRead(world: LoopWorld, from: number, until: number): Promise<void> {
  const predictions = await logFiles(world, 'predictions', from, until);
  const labels = await logFiles(world, 'labels', from, until + DAY_SECONDS * 1000);
  await world.duckdb.runAndReadAll(`select epoch_ms(p.at), p.prediction, p.ms, p."input.hour", p."input.weekday",
      p."input.distance", l.value
    from ${predictions} p left join ${labels} l on l.id = p.id
    where p.at >= epoch_ms(${from}::bigint) and p.at < epoch_ms(${until}::bigint) order by p.at`);
}

/** All signals of an hour, read from the log, compared, judged and kept. */
export async function signalsStage(world: LoopWorld) {
  const end = dayStart(servedDays);
  let now = end;
  const periods = servedDays * 24;
  return await compare({
    stage: `${signals.length} signals of an hour over the day before it`,
    turns: 3,
    flyball: {
      what: 'read the log, join labels, drift against training data, performance, rules, durable values',
      measure: async (turn) => {
        const name = `bench-${turn}`;
        const body = { endpoint, everySeconds: 3600, signals };
        await world.flyball.putMonitor({ params: { monitor: name }, body });
        now += 60_000;
        const { seconds } = await timed(() => advance(world, now));
        await drop(world, name);
        return { seconds: seconds / periods };
      },
    },
    limit: {
      what: 'DuckDB reading the rows and labels of a day from the same files',
      measure: async () => await timed(() => bareRead(world, dayStart(servedDays - 1), end)),
    },
  });
}

const DRIFT_ROWS = 1_000_000;
const psi = ['hour', 'weekday', 'delay'];
const ks = ['distance'];

const driftSignals = [...psi, ...ks].map((column): MonitorDefinition['signals'][number] => ({
  id: column,
  kind: ks.includes(column) ? 'ks' : 'psi',
  column,
  windowSeconds: DAY_SECONDS,
  minCount: 100,
}));

async function readRows(analytics: Analytics, file: string): Promise<Window> {
  return await analytics.run({ name: 'drift' }, async (session) => {
    const path = await session.attach('rows.parquet', file);
    const list = [...psi, ...ks].map((name) => `${name}::double`).join(', ');
    const { rowCount, columns } = await session.columns(`select ${list} from read_parquet($1)`, [path]);
    const none = new Float64Array(rowCount);
    const rows = { at: none, prediction: none, championPrediction: none, label: none, latencyMs: none, failed: none };
    const values = columns.map((column) => column.values as Float64Array);
    const inputs = new Map([...psi, ...ks].map((name, i) => [name, values[i]!]));
    return { rows: { ...rows, inputs }, from: 0, until: rowCount };
  });
}

/** Drift of columns, spring against winter, with the code that monitors run. */
export async function driftStage({ source, folder, duckdb, peer }: LoopWorld) {
  const [reference, current] = ['reference', 'current'].map((name) => join(folder, `drift-${name}.parquet`)) as [
    string,
    string,
  ];
  const columns =
    'hour(date)::double as hour, isodow(date)::double as weekday, delay::double as delay, distance::double as distance';
  const rows = (condition: string) => `select ${columns} from flights where ${condition} limit ${DRIFT_ROWS}`;
  await source.write(rows("date < '2001-04-01'"), reference);
  await source.write(rows("date >= '2001-04-01'"), current);
  const analytics = createAnalytics({ scratchDir: join(folder, 'drift'), memoryLimitMb: 900, threads: 2 });
  const stage = await compare({
    stage: `drift of 4 columns, ${DRIFT_ROWS.toLocaleString('en')} rows against ${DRIFT_ROWS.toLocaleString('en')}`,
    turns: 3,
    flyball: {
      what: 'read both, freeze bins, PSI and KS',
      measure: async () =>
        await timed(async () => {
          const frozen = await readRows(analytics, reference);
          const bins = driftSignals.map((signal) => referenceFrom(frozen, signal));
          const window = await readRows(analytics, current);
          for (const [i, signal] of driftSignals.entries()) {
            if (measure(window, signal, bins[i]!).value === null) throw new Error(`no value of ${signal.id}`);
          }
        }),
    },
    limit: {
      what: 'DuckDB counting 10 equal bins per column of both files',
      measure: async () =>
        await timed(async () => {
          for (const file of [reference, current]) {
            const bins = [...psi, ...ks].map((name) => `histogram(${name}, [0, 2, 4, 8, 12, 16, 20, 100, 500, 1000])`);
            await duckdb.run(`select ${bins.join(', ')} from read_parquet('${file}')`);
          }
        }),
    },
    peer: {
      what: 'Evidently, same columns, methods and files',
      measure: async () => await peer.measure('drift', { reference, current, psi, ks }),
    },
    units: { count: DRIFT_ROWS, of: 'rows' },
  });
  await analytics.close();
  return stage;
}
