import { deepEqual, equal } from 'node:assert/strict';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Analytics } from '#platform/analytics/analytics';
import { createAnalytics } from '#platform/analytics/duckdb-analytics';
import type { LogFile, LogKind } from '#serving';
import { ProductionWindow } from './production-window.ts';

interface Prediction {
  readonly seq: number;
  readonly at: number;
  readonly version: number;
  readonly predictions: readonly number[];
  /** What the other version said. */
  readonly shadow: number | null;
}

interface Label {
  readonly seq: number;
  readonly at: number;
  readonly requestSeq: number;
  readonly row: number;
  readonly value: number;
  readonly isPlaced: boolean;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const positiveAbove = 5;

/** A log on disk, ingest by ingest. */
class TestLog {
  readonly files: Record<LogKind, LogFile[]> = { predictions: [], shadows: [], labels: [] };
  readonly predictions: Prediction[] = [];
  readonly labels: Label[] = [];
  readonly #analytics: Analytics;
  readonly #folder: string;
  listed = 0;

  constructor(analytics: Analytics, folder: string) {
    this.#analytics = analytics;
    this.#folder = folder;
  }

  readonly list = async (kind: LogKind, fromMs: number, untilMs: number): Promise<LogFile[]> =>
    this.files[kind].filter(({ minAtMs, maxAtMs }) => maxAtMs >= fromMs && minAtMs < untilMs);

  async ingest(predictions: readonly Prediction[], labels: readonly Label[]): Promise<void> {
    this.predictions.push(...predictions);
    this.labels.push(...labels);
    const rows = predictions.flatMap(({ predictions: values, ...request }) =>
      values.map((prediction, row) => ({ ...request, row, prediction })),
    );
    await this.#write(
      'predictions',
      rows,
      ({ seq, row, at, version, prediction }) =>
        `'r${seq}.${row}', ${row}::int, epoch_ms(${at}::bigint), ${version}, ${prediction}::double, 1.5::double,
         null::varchar, ${seq}::bigint, ${seq % 7}::double, 'k${seq % 3}'`,
      'id, row, "at", version, prediction, ms, error, seq, "input.x", "input.k"',
    );
    await this.#write(
      'shadows',
      rows.filter(({ shadow }) => shadow !== null),
      ({ seq, row, at, version, shadow }) =>
        `${row}::int, epoch_ms(${at}::bigint), ${3 - version}, ${shadow! + row}::double, ${seq}::bigint`,
      'row, "at", version, prediction, request_seq',
    );
    await this.#write(
      'labels',
      labels,
      ({ seq, at, requestSeq, row, value, isPlaced }) =>
        `'r${requestSeq}.${row}', epoch_ms(${at}::bigint), ${value}::double, ${seq}::bigint,
         ${isPlaced ? requestSeq : 'null'}::bigint, ${row}::int`,
      'id, "at", value, seq, request_seq, row',
    );
  }

  async #write<T extends { readonly at: number }>(
    kind: LogKind,
    items: readonly T[],
    valuesOf: (item: T) => string,
    columns: string,
  ): Promise<void> {
    if (items.length === 0) return;
    const sql = `select * from (values ${items.map((item) => `(${valuesOf(item)})`).join(', ')}) t(${columns})`;
    const path = join(this.#folder, `${kind}-${this.files[kind].length}.parquet`);
    await this.#analytics.run({ name: 'test' }, async (session) => {
      await rename((await session.copyToParquet(sql, 'part.parquet')).path, path);
    });
    const moments = items.map(({ at }) => at);
    this.files[kind].push({ path, minAtMs: Math.min(...moments), maxAtMs: Math.max(...moments) });
  }

  /** What reading must give, by its definition. */
  expected(champion: number, fromMs: number, untilMs: number) {
    const requests = this.predictions
      .filter(({ at }) => at >= fromMs && at < untilMs)
      .toSorted((a, b) => a.at - b.at || a.seq - b.seq);
    const rows = requests.flatMap(({ predictions, ...request }) =>
      predictions.map((prediction, row) => ({ ...request, prediction, row })),
    );
    const truth = ({ seq, row }: { seq: number; row: number }): number => {
      const known = this.labels.filter((label) => label.requestSeq === seq && label.row === row && label.at < untilMs);
      const first = known.toSorted((a, b) => a.seq - b.seq)[0];
      return first === undefined ? Number.NaN : Number(first.value > positiveAbove);
    };
    return {
      at: rows.map(({ at }) => at),
      prediction: rows.map(({ prediction }) => prediction),
      championPrediction: rows.map(({ version, prediction, shadow, row }) =>
        version === champion ? prediction : shadow === null ? Number.NaN : shadow + row,
      ),
      label: rows.map(truth),
      x: rows.map(({ seq }) => seq % 7),
      k: rows.map(({ seq }) => `k${seq % 3}`),
    };
  }
}

async function actual(window: ProductionWindow, champion: number, fromMs: number, untilMs: number) {
  const endpoint = { target: { kind: 'binary' as const, positiveAbove } };
  const rows = await window.read({ endpoint, champion, inputs: ['x', 'k'], fromMs, untilMs });
  const listed = (values: ArrayLike<unknown> | undefined): unknown[] => Array.from(values ?? []);
  return {
    at: listed(rows.at),
    prediction: listed(rows.prediction),
    championPrediction: listed(rows.championPrediction),
    label: listed(rows.label),
    x: listed(rows.inputs.get('x')),
    k: listed(rows.inputs.get('k')),
  };
}

const request = fc.record({
  /** Minutes before or after the middle of its ingest. */
  minutes: fc.integer({ min: -40, max: 40 }),
  version: fc.integer({ min: 1, max: 2 }),
  predictions: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }),
  shadow: fc.option(fc.integer({ min: 10, max: 19 })),
});

const label = fc.record({
  minutes: fc.integer({ min: -60, max: 60 }),
  /** Which of the requests so far, or of the next ones. */
  request: fc.integer({ min: 1, max: 20 }),
  row: fc.integer({ min: 0, max: 2 }),
  value: fc.integer({ min: 0, max: 9 }),
});

const history = fc.record({
  ingests: fc.array(
    fc.record({ requests: fc.array(request, { maxLength: 6 }), labels: fc.array(label, { maxLength: 12 }) }),
    { minLength: 2, maxLength: 6 },
  ),
  windowMinutes: fc.integer({ min: 30, max: 200 }),
  /** How often the gateway has forgotten a prediction when its label comes, of 20. */
  forgotten: fc.constantFrom(0, 0, 5),
  promotedAfter: fc.integer({ min: 0, max: 8 }),
});

const plain = { version: 1, predictions: [0], shadow: null };

/** The truth is known an hour before its request, which is logged before another one and happens after it. */
const labelBeforeRequest = {
  ingests: [
    { requests: [], labels: [{ minutes: 0, request: 1, row: 0, value: 0 }] },
    {
      requests: [
        { ...plain, minutes: 30 },
        { ...plain, minutes: 0 },
      ],
      labels: [],
    },
    { requests: [], labels: [] },
  ],
  windowMinutes: 61,
  forgotten: 0 as const,
  promotedAfter: 0,
};

describe('a window of production that moves on', () => {
  let folder: string;
  let analytics: Analytics;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flyball-window-'));
    analytics = createAnalytics({ scratchDir: join(folder, 'scratch'), memoryLimitMb: 500, threads: 2 });
  });
  after(async () => {
    await analytics.close();
    await rm(folder, { recursive: true, force: true });
  });

  const start = Date.parse('2026-03-01T00:00:00Z');

  it('is what reading all of it anew gives, whatever comes late, early, twice or without a place', async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ ingests, windowMinutes, forgotten, promotedAfter }) => {
        const log = new TestLog(analytics, await mkdtemp(join(folder, 'log-')));
        const window = new ProductionWindow(analytics, log.list);
        let requests = 0;
        let seq = 1000;
        for (const [i, ingest] of ingests.entries()) {
          const middle = start + (i + 1) * 60 * MINUTE;
          const predictions = ingest.requests.map(({ minutes, ...rest }) => {
            requests += 1;
            return { ...rest, seq: requests, at: middle + minutes * MINUTE };
          });
          const labels = ingest.labels.map(({ minutes, request: requestSeq, ...rest }, j) => {
            seq += 1;
            const isPlaced = (seq + j) % 20 >= forgotten;
            return { ...rest, seq, requestSeq, isPlaced, at: middle + minutes * MINUTE };
          });
          await log.ingest(predictions, labels);
          const champion = i < promotedAfter ? 1 : 2;
          const untilMs = middle + 30 * MINUTE;
          const fromMs = untilMs - windowMinutes * MINUTE;
          deepEqual(await actual(window, champion, fromMs, untilMs), log.expected(champion, fromMs, untilMs));
        }
      }),
      { numRuns: 15, endOnFailure: false, examples: [[labelBeforeRequest]] },
    );
  });

  it('reads only what is new', async () => {
    const log = new TestLog(analytics, await mkdtemp(join(folder, 'log-')));
    let attached = 0;
    const counting: Analytics = {
      ...analytics,
      run: async (job, work) =>
        await analytics.run(job, async (session) => {
          const attach = session.attach.bind(session);
          session.attach = async (name, path) => {
            attached += 1;
            return await attach(name, path);
          };
          return await work(session);
        }),
    };
    const window = new ProductionWindow(counting, log.list);
    const reads: number[] = [];
    for (let hour = 1; hour <= 6; hour++) {
      const at = start + hour * 60 * MINUTE;
      const one = { seq: hour * 2, at, version: 1, predictions: [1, 2], shadow: null };
      const truth = { seq: hour * 2 + 1, at: at + MINUTE, requestSeq: hour * 2, row: 1, value: 9, isPlaced: true };
      await log.ingest([one], [truth]);
      attached = 0;
      const until = at + 30 * MINUTE;
      deepEqual(await actual(window, 1, until - DAY, until), log.expected(1, until - DAY, until));
      reads.push(attached);
    }
    deepEqual(reads, [2, 2, 2, 2, 2, 2]);
  });

  it('forgets the log of an endpoint that was deleted', async () => {
    const old = new TestLog(analytics, await mkdtemp(join(folder, 'log-')));
    const anew = new TestLog(analytics, await mkdtemp(join(folder, 'log-')));
    let current = old;
    const window = new ProductionWindow(analytics, async (...span) => await current.list(...span));
    const at = (minutes: number): number => start + minutes * MINUTE;
    await old.ingest([{ seq: 1, at: at(1), version: 1, predictions: [1], shadow: null }], []);
    equal((await actual(window, 1, at(0), at(10))).at.length, 1);
    current = anew;
    await anew.ingest([{ seq: 1, at: at(11), version: 1, predictions: [2], shadow: null }], []);
    deepEqual((await actual(window, 1, at(1), at(20))).prediction, [2]);
  });
});
