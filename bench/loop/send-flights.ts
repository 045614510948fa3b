import type { Flights } from '../../examples/flights/demo/flights-source.ts';
import { HttpPipeline, type PipelineAnswer } from '../../examples/flights/demo/http-pipeline.ts';
import type { LoopWorld } from './loop-world.ts';
import { model } from './model-stages.ts';

export const endpoint = model;
const MINUTE_MS = 60_000;
const UNDER_WAY = 24;
const LABELS_AT_ONCE = 2000;

/** Flights of one minute, as rows of one request. */
export interface Minute {
  readonly at: number;
  readonly from: number;
  readonly until: number;
}

export function minutesOf({ at }: Flights): Minute[] {
  const minutes: Minute[] = [];
  for (let from = 0, until = 0; from < at.length; from = until) {
    const minute = Math.floor(at[from]! / MINUTE_MS) * MINUTE_MS;
    while (until < at.length && at[until]! < minute + MINUTE_MS) until++;
    minutes.push({ at: minute, from, until });
  }
  return minutes;
}

function questionOf(flights: Flights, { at, from, until }: Minute): string {
  const shape = [until - from];
  const part = (values: Float64Array): number[] => [...values.subarray(from, until)];
  const names = (values: Float64Array): string[] => part(values).map((airport) => flights.airports[airport]!);
  const same = (value: number): number[] => part(flights.at).map(() => value);
  const date = new Date(at);
  const texts = { origin: names(flights.origin), destination: names(flights.destination) };
  const numbers = {
    distance: part(flights.distance),
    hour: part(flights.hour),
    weekday: part(flights.weekday),
    minute: same(date.getUTCMinutes()),
    day: same(Math.ceil((at - Date.UTC(date.getUTCFullYear(), 0, 1) + 1) / 86_400_000)),
  };
  const inputs = [
    ...Object.entries(texts).map(([name, data]) => ({ name, datatype: 'BYTES', shape, data })),
    ...Object.entries(numbers).map(([name, data]) => ({ name, datatype: 'FP32', shape, data })),
  ];
  return JSON.stringify({ id: `m${at / MINUTE_MS}`, parameters: { event_time: at }, inputs });
}

function labelsOf(flights: Flights): string[] {
  const labels = minutesOf(flights).flatMap(({ at, from, until }) =>
    Array.from({ length: until - from }, (_, row) => ({
      id: `m${at / MINUTE_MS}.${row}`,
      value: flights.delay[from + row]!,
      at: flights.landedAt[from + row]!,
    })),
  );
  const bodies: string[] = [];
  for (let from = 0; from < labels.length; from += LABELS_AT_ONCE) {
    bodies.push(JSON.stringify({ labels: labels.slice(from, from + LABELS_AT_ONCE) }));
  }
  return bodies;
}

async function post(pipeline: HttpPipeline, path: string, bodies: readonly string[]): Promise<void> {
  const answers: Promise<PipelineAnswer>[] = [];
  for (const body of bodies) answers.push((await pipeline.send(path, body)).answer);
  for (const { status, body } of await Promise.all(answers)) {
    if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
  }
}

/** Asks about all flights, a request per minute, then tells how they ended. */
export async function sendFlights({ server }: LoopWorld, flights: Flights): Promise<void> {
  const pipeline = new HttpPipeline(server.gatewayUrl, UNDER_WAY);
  try {
    const questions = minutesOf(flights).map((minute) => questionOf(flights, minute));
    await post(pipeline, `/v2/models/${endpoint}/infer`, questions);
    await post(pipeline, `/api/v1/projects/default/endpoints/${endpoint}/labels`, labelsOf(flights));
  } finally {
    pipeline.close();
  }
}

/** Tells that all is in up to a moment, and waits until the platform has acted on it. */
export async function advance({ flyball }: LoopWorld, atMs: number): Promise<void> {
  for (let settled = false; !settled; ) {
    const body = { at: new Date(atMs).toISOString(), waitSeconds: 60 };
    settled = (await flyball.advanceWatermark({ params: { endpoint }, body })).settled;
  }
}
