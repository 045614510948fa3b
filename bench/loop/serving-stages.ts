import { setTimeout as sleep } from 'node:timers/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Flights } from '../../examples/flights/demo/flights-source.ts';
import type { LoopWorld } from './loop-world.ts';
import { model } from './model-stages.ts';
import { advance, endpoint, minutesOf, sendFlights } from './send-flights.ts';
import { compare, timed } from './stage.ts';

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.parse('2001-06-11');
export const servedDays = 3;
export const dayStart = (day: number): number => FIRST_DAY + day * DAY_MS;
const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const readDay = async ({ source }: LoopWorld, day: number): Promise<Flights> =>
  await source.read(date(dayStart(day)), date(dayStart(day + 1)));

const inputs = ['distance', 'hour', 'weekday', 'minute', 'day'].map((name) => ({ name, datatype: 'FP32' as const }));

async function startServing({ flyball, server }: LoopWorld): Promise<void> {
  const texts = ['origin', 'destination'].map((name) => ({ name, datatype: 'BYTES' as const }));
  const target = { kind: 'binary', positiveAbove: 15 } as const;
  await flyball.putEndpoint({ params: { endpoint }, body: { model, inputs: [...texts, ...inputs], target } });
  await flyball.startRollout({ params: { endpoint }, body: { version: 1 } });
  while ((await fetch(`${server.gatewayUrl}/v2/models/${endpoint}/ready`)).status !== 200) await sleep(50);
}

/** What no prediction can do without: the model's answer, and a durable row per prediction and label. */
async function bareLog({ postgres }: LoopWorld, session: InferenceSession, flights: Flights): Promise<void> {
  const insert = (table: string) => `insert into public.${table}
    select * from unnest($1::text[], $2::timestamptz[], $3::float8[], $4::float8[])`;
  for (const { at, from, until } of minutesOf(flights)) {
    const rows = until - from;
    const answer = await session.run({
      [session.inputNames[0]!]: new Tensor('float32', new Float32Array(rows * 10), [rows, 10]),
    });
    if (answer === undefined) throw new Error('no answer');
    const ids = Array.from({ length: rows }, (_, row) => `m${at}.${row}`);
    const times = ids.map(() => new Date(at));
    const [distances, delays] = [flights.distance, flights.delay].map((values) => [...values.subarray(from, until)]);
    await postgres.query({ name: 'log', text: insert('bench_prediction'), values: [ids, times, distances, distances] });
    await postgres.query({ name: 'label', text: insert('bench_label'), values: [ids, times, delays, delays] });
  }
}

export async function predictionStage(world: LoopWorld, modelFile: string) {
  await startServing(world);
  for (const table of ['bench_prediction', 'bench_label']) {
    await world.postgres.query(`create table public.${table} (id text, at timestamptz, a float8, b float8)`);
  }
  const days = await Promise.all(Array.from({ length: servedDays }, (_, day) => day).map((day) => readDay(world, day)));
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await InferenceSession.create(modelFile, options);
  const count = Math.round(days.reduce((sum, day) => sum + day.count, 0) / days.length);
  const stage = await compare({
    stage: 'a day of flights: predicted, logged, labelled, joined in the log',
    turns: servedDays,
    flyball: {
      what: 'a request per minute with features looked up, labels, both written as Parquet by the worker',
      measure: async (turn) =>
        await timed(async () => {
          await sendFlights(world, days[turn]!);
          await advance(world, dayStart(turn) + 60_000);
        }),
    },
    limit: {
      what: 'onnxruntime per request, and INSERT … UNNEST of its predictions and labels into PostgreSQL',
      measure: async (turn) => await timed(() => bareLog(world, session, days[turn]!)),
    },
    units: { count, of: 'predictions' },
  });
  await session.release();
  const { predictions, labels } = await world.flyball.getEndpoint({ params: { endpoint } });
  return { ...stage, logged: { predictions, labels } };
}

/** Parquet files of the log that hold a stretch of event time. */
export async function logFiles({ postgres, objectPath }: LoopWorld, kind: string, from: number, until: number) {
  const { rows } = await postgres.query<{ digest: string }>(
    'select digest from serving.segment where kind = $1 and max_at >= $2 and min_at < $3 order by min_sequence',
    [kind, new Date(from), new Date(until)],
  );
  return `read_parquet([${rows.map(({ digest }) => `'${objectPath(digest)}'`).join(', ')}], union_by_name = true)`;
}

/** What a look cannot do without: the rows of both versions and their labels. */
async function bareLook(world: LoopWorld, from: number, until: number): Promise<void> {
  const files = await Promise.all(
    ['predictions', 'shadows', 'labels'].map((kind) => logFiles(world, kind, from, until + DAY_MS)),
  );
  await world.duckdb.run(`select count(*), avg(p.prediction), avg(s.prediction), avg(l.value)
    from ${files[0]} p join ${files[1]} s on s.id = p.id left join ${files[2]} l on l.id = p.id`);
}

/** Looks at a candidate in the shadow of the champion, over a day whose traffic is in the log. */
export async function rolloutStage(world: LoopWorld) {
  const { flyball } = world;
  const day = servedDays;
  const start = dayStart(day);
  const flights = await readDay(world, day);
  const plan = {
    steps: [{ weight: 0, minSeconds: 30 * 86_400, maxSeconds: 60 * 86_400 }],
    checkEverySeconds: 1800,
  };
  const { id } = await flyball.startRollout({ params: { endpoint }, body: { version: 2, plan } });
  await sleep(2000);
  await sendFlights(world, flights);
  await advance(world, start + 60_000);
  const looksSoFar = async () => (await flyball.getRollout({ params: { rollout: id } })).checks.length;
  const step = DAY_MS / 4;
  return await compare({
    stage: `one look at the evidence of a rollout, up to ${flights.count.toLocaleString('en')} predictions`,
    turns: 4,
    flyball: {
      what: 'read log and labels, count both arms, cluster losses, sequential tests, durable check',
      measure: async (turn) => {
        const before = await looksSoFar();
        const { seconds } = await timed(() => advance(world, start + (turn + 1) * step));
        return { seconds: seconds / ((await looksSoFar()) - before) };
      },
    },
    limit: {
      what: 'DuckDB joining predictions, shadows and labels of the log once',
      measure: async (turn) => await timed(() => bareLook(world, start, start + (turn + 1) * step)),
    },
  });
}
