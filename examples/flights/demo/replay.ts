import type { Flyball } from '@flyball/sdk';
import type { Flights } from './flights-source.ts';
import { HttpPipeline, type PipelineAnswer } from './http-pipeline.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_ATTEMPTS = 50;

export interface Traffic {
  sent: number;
  answered: number;
  labelsSent: number;
  labelsJoined: number;
  retries: number;
}

/** What is sent of each label, by the prediction's id. */
type Labels = ReadonlyMap<string, string>;

/** Whoever awaits the list hears of a failure; until then nobody listens. */
function keep(underway: Promise<void>[], one: Promise<void>): void {
  one.catch(() => undefined);
  underway.push(one);
}

/**
 * Sends flights to the real endpoint in the order of time: a request per minute of departures, labels as flights land.
 */
export class Replay {
  readonly traffic: Traffic = { sent: 0, answered: 0, labelsSent: 0, labelsJoined: 0, retries: 0 };
  /** What was answered for each flight; NaN where nothing was. */
  readonly probability: Float64Array;
  readonly version: Int32Array;
  readonly latenciesMs: number[] = [];
  readonly #flights: Flights;
  readonly #flyball: Flyball;
  readonly #endpoint: string;
  readonly #pipeline: HttpPipeline;
  /** Flights in the order of landing. */
  readonly #landings: Uint32Array;
  /** The prediction's id of each flight, once it was asked. */
  readonly #requestOf: Int32Array;
  readonly #rowOf: Int32Array;
  readonly #unknown = new Map<string, string>();
  #departed = 0;
  #landed = 0;
  #now: number;

  constructor(flights: Flights, flyball: Flyball, endpoint: string, gatewayUrl: string) {
    this.#flights = flights;
    this.#flyball = flyball;
    this.#endpoint = endpoint;
    this.#pipeline = new HttpPipeline(gatewayUrl, 24);
    this.probability = new Float64Array(flights.count).fill(Number.NaN);
    this.version = new Int32Array(flights.count);
    this.#requestOf = new Int32Array(flights.count);
    this.#rowOf = new Int32Array(flights.count);
    this.#landings = Uint32Array.from({ length: flights.count }, (_, i) => i).sort(
      (a, b) => flights.landedAt[a]! - flights.landedAt[b]!,
    );
    this.#now = Math.floor(flights.at[0]! / HOUR_MS) * HOUR_MS;
  }

  get now(): number {
    return this.#now;
  }

  /** Plays until a moment, hour by hour; after each the platform catches up with what is due by then. */
  async playUntil(until: number, onHour: (now: number) => void | Promise<void> = () => {}): Promise<void> {
    while (this.#now < until) {
      await this.#playHour(this.#now);
      this.#now += HOUR_MS;
      await this.#settle(this.#now);
      await onHour(this.#now);
    }
  }

  /** The labels of flights that are still in the air, as they land. */
  async land(): Promise<void> {
    while (this.#landed < this.#departed) {
      await this.#playHour(this.#now);
      this.#now += HOUR_MS;
    }
    await this.#settle(this.#now);
  }

  close(): void {
    this.#pipeline.close();
  }

  async #settle(at: number): Promise<void> {
    const moment = new Date(at).toISOString();
    for (let settled = false; !settled; ) {
      const body = { at: moment, waitSeconds: 60 };
      settled = (await this.#flyball.advanceWatermark({ params: { endpoint: this.#endpoint }, body })).settled;
    }
  }

  async #playHour(from: number): Promise<void> {
    const underway: Promise<void>[] = [];
    for (let minute = from; minute < from + HOUR_MS; minute += MINUTE_MS) {
      await this.#tellLandings(minute, underway);
      await this.#askDepartures(minute + MINUTE_MS, underway);
    }
    await Promise.all(underway);
    await this.#tellAgain();
  }

  async #post(path: string, body: string): Promise<{ answer: Promise<PipelineAnswer> }> {
    const { answer } = await this.#pipeline.send(path, body);
    const again = async (): Promise<PipelineAnswer> => await this.#again(path, body, 1);
    return { answer: answer.then((found) => (found.status < 500 ? found : again()), again) };
  }

  /** A gateway that was restarted answers again after a moment; ids make repeating harmless. */
  async #again(path: string, body: string, attempt: number): Promise<PipelineAnswer> {
    this.traffic.retries++;
    await new Promise((resolve) => setTimeout(resolve, Math.min(1000, 50 * attempt)));
    try {
      const answer = await (await this.#pipeline.send(path, body)).answer;
      if (answer.status < 500 || attempt >= MAX_ATTEMPTS) return answer;
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS) throw error;
    }
    return await this.#again(path, body, attempt + 1);
  }

  async #tellLandings(until: number, underway: Promise<void>[]): Promise<void> {
    const { landedAt, delay } = this.#flights;
    const labels = new Map<string, string>();
    for (; this.#landed < this.#landings.length; this.#landed++) {
      const flight = this.#landings[this.#landed]!;
      if (landedAt[flight]! > until || flight >= this.#departed) break;
      const id = `m${this.#requestOf[flight]}.${this.#rowOf[flight]}`;
      labels.set(id, `{"id":"${id}","value":${delay[flight]},"at":${landedAt[flight]}}`);
    }
    if (labels.size === 0) return;
    this.traffic.labelsSent += labels.size;
    const { answer } = await this.#postLabels(labels);
    keep(
      underway,
      answer.then((found) => this.#labelled(found, labels)),
    );
  }

  async #postLabels(labels: Labels): Promise<{ answer: Promise<PipelineAnswer> }> {
    const path = `/api/v1/projects/default/endpoints/${this.#endpoint}/labels`;
    return await this.#post(path, `{"labels":[${[...labels.values()].join(',')}]}`);
  }

  #labelled({ status, body }: PipelineAnswer, labels: Labels): void {
    if (status !== 200) throw new Error(`Labels were refused with ${status}: ${body}`);
    const { accepted, unknownIds } = JSON.parse(body) as { accepted: number; unknownIds: string[] };
    this.traffic.labelsJoined += accepted;
    for (const id of unknownIds) this.#unknown.set(id, labels.get(id)!);
  }

  /** A request that had to be repeated may come after the labels of its predictions. */
  async #tellAgain(): Promise<void> {
    if (this.#unknown.size === 0) return;
    const labels = new Map(this.#unknown);
    this.#unknown.clear();
    const { answer } = await this.#postLabels(labels);
    this.#labelled(await answer, labels);
    this.#unknown.clear();
  }

  async #askDepartures(until: number, underway: Promise<void>[]): Promise<void> {
    const { at } = this.#flights;
    const first = this.#departed;
    while (this.#departed < at.length && at[this.#departed]! < until) this.#departed++;
    if (this.#departed === first) return;
    const minute = until / MINUTE_MS - 1;
    for (let flight = first; flight < this.#departed; flight++) {
      this.#requestOf[flight] = minute;
      this.#rowOf[flight] = flight - first;
    }
    this.traffic.sent += this.#departed - first;
    const { answer } = await this.#post(
      `/v2/models/${this.#endpoint}/infer`,
      this.#question(minute, first, this.#departed),
    );
    const last = this.#departed;
    keep(
      underway,
      answer.then((found) => this.#answered(found, first, last)),
    );
  }

  #question(minute: number, first: number, last: number): string {
    const { distance, hour, weekday, airports, origin, destination } = this.#flights;
    const shape = `"shape":[${last - first}]`;
    const numbers = (name: string, values: Float64Array): string =>
      `{"name":"${name}","datatype":"FP32",${shape},"data":[${values.subarray(first, last).join(',')}]}`;
    const texts = (name: string, values: Float64Array): string => {
      const codes = Array.from(values.subarray(first, last), (airport) => airports[airport]);
      return `{"name":"${name}","datatype":"BYTES",${shape},"data":${JSON.stringify(codes)}}`;
    };
    const inputs = [
      texts('origin', origin),
      texts('destination', destination),
      numbers('distance', distance),
      numbers('hour', hour),
      numbers('weekday', weekday),
    ];
    return `{"id":"m${minute}","parameters":{"event_time":${minute * MINUTE_MS}},"inputs":[${inputs.join(',')}]}`;
  }

  #answered({ status, body, milliseconds }: PipelineAnswer, first: number, last: number): void {
    if (status !== 200) throw new Error(`A prediction was refused with ${status}: ${body}`);
    const answer = JSON.parse(body) as { model_version: string; outputs: { name: string; data: number[] }[] };
    const { data } = answer.outputs.find(({ name }) => name === 'probability') ?? answer.outputs[0]!;
    for (let flight = first; flight < last; flight++) this.probability[flight] = data[flight - first]!;
    this.version.fill(Number(answer.model_version), first, last);
    this.traffic.answered += last - first;
    this.latenciesMs.push(milliseconds);
  }
}
