import type { Endpoint } from '@flyball/api';
import type { Analytics, AnalyticsSession } from '#platform/analytics/analytics';
import type { LogFile, LogKind } from '#serving';
import { type ProductionRows, rowAt } from './production-rows.ts';
import {
  attachFiles,
  hasUnplaced,
  type PlacedLabels,
  type PlacedRows,
  readLabels,
  readPredictions,
} from './read-production.ts';

const DAY_MS = 86_400_000;
/** Longer windows are read anew each time. */
const MOST_KEPT_ROWS = 2_000_000;
const MOST_EARLY_LABELS = 100_000;

/** Lists the files of an endpoint's log with rows in [fromMs, untilMs). */
export type ListLogFiles = (kind: LogKind, fromMs: number, untilMs: number) => Promise<readonly LogFile[]>;

export interface ProductionSpan {
  readonly endpoint: Pick<Endpoint, 'target'>;
  readonly champion: number;
  /** The endpoint's inputs that are looked at. */
  readonly inputs: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

type Files = Readonly<Record<LogKind, readonly LogFile[]>>;

interface Label {
  readonly requestSeq: number;
  readonly row: number;
  readonly value: number;
  readonly seq: number;
  readonly at: number;
}

interface Kept {
  /** What the rows are an answer to. */
  readonly question: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly rows: PlacedRows;
  /** Number in the log of the label that stands; infinite without one. */
  readonly labelSeq: Float64Array;
  readonly seen: ReadonlySet<string>;
  readonly predictions: readonly LogFile[];
  /** Labels whose predictions have not been read yet. */
  readonly early: readonly Label[];
}

const columns = ['at', 'prediction', 'championPrediction', 'label', 'latencyMs', 'failed', 'seq', 'row'] as const;

const nothing = (): Float64Array => new Float64Array();

function joined(old: Float64Array, from: number, added: Float64Array): Float64Array {
  const result = new Float64Array(old.length - from + added.length);
  result.set(old.subarray(from));
  result.set(added, old.length - from);
  return result;
}

type Cells = Float64Array | readonly (string | null)[];

function joinedCells(old: Cells, from: number, added: Cells | undefined): Cells {
  if (old instanceof Float64Array) return joined(old, from, (added ?? nothing()) as Float64Array);
  return [...old.slice(from), ...((added ?? []) as readonly (string | null)[])];
}

/** The rows from a position on, and then others; always new arrays. */
function joinedRows(old: PlacedRows, from: number, added: PlacedRows | null): PlacedRows {
  if (added !== null && old.at.length === from) return added;
  const numbers = Object.fromEntries(
    columns.map((name) => [name, joined(old[name], from, added?.[name] ?? nothing())]),
  );
  const inputs = [...old.inputs].map(
    ([name, values]) => [name, joinedCells(values, from, added?.inputs.get(name))] as const,
  );
  return { ...(numbers as Record<(typeof columns)[number], Float64Array>), inputs: new Map(inputs) };
}

/** Where the rows of each request begin: they stand together, as they share their moment and their number. */
function firstRows({ seq, row }: PlacedRows): Map<number, number> {
  const firsts = new Map<number, number>();
  for (let i = 0; i < seq.length; i++) if (i === 0 || seq[i] !== seq[i - 1]) firsts.set(seq[i]!, i - row[i]!);
  return firsts;
}

/**
 * The rows of a window of event time that moves on. What was read for the last one is kept, so that the next costs
 * what is new in it, not its length. The answer is always what reading all of it anew would give.
 */
export class ProductionWindow {
  readonly #analytics: Analytics;
  readonly #list: ListLogFiles;
  #kept: Kept | null = null;

  constructor(analytics: Analytics, list: ListLogFiles) {
    this.#analytics = analytics;
    this.#list = list;
  }

  /** Rows that are held in memory. */
  get rowCount(): number {
    return this.#kept?.rows.at.length ?? 0;
  }

  /** What was answered in [fromMs, untilMs), with what had become known of the truth by its end. */
  async read(span: ProductionSpan): Promise<ProductionRows> {
    const files = await this.#files(span);
    const base = this.#base(span, files);
    this.#kept = null;
    const next = await this.#advance(base, span, files);
    const { kept } = next.isComplete ? next : await this.#advance(this.#nothing(span), span, files);
    if (next.isComplete && kept.rows.at.length <= MOST_KEPT_ROWS) this.#kept = kept;
    return kept.rows;
  }

  async #files({ fromMs, untilMs }: ProductionSpan): Promise<Files> {
    return {
      predictions: await this.#list('predictions', fromMs, untilMs),
      shadows: await this.#list('shadows', fromMs, untilMs),
      // Labels of these predictions may have come at any time up to the end.
      labels: await this.#list('labels', fromMs - DAY_MS, untilMs),
    };
  }

  #nothing(span: ProductionSpan): Kept {
    const numbers = Object.fromEntries(columns.map((name) => [name, nothing()]));
    return {
      question: questionOf(span),
      fromMs: span.fromMs,
      untilMs: span.fromMs,
      rows: { ...(numbers as Record<(typeof columns)[number], Float64Array>), inputs: new Map() },
      labelSeq: nothing(),
      seen: new Set(),
      predictions: [],
      early: [],
    };
  }

  /** What of the last window can be used: nothing when it asked for something else, or the log has grown within it. */
  #base(span: ProductionSpan, files: Files): Kept {
    const kept = this.#kept;
    const fits =
      kept !== null &&
      kept.question === questionOf(span) &&
      span.fromMs >= kept.fromMs &&
      span.fromMs < kept.untilMs &&
      span.untilMs >= kept.untilMs &&
      [...files.predictions, ...files.shadows].every(
        ({ path, minAtMs }) => kept.seen.has(path) || minAtMs >= kept.untilMs,
      ) &&
      // An endpoint that was deleted and made anew has another log.
      isSubset(kept.predictions, span.fromMs, files.predictions);
    return fits ? kept : this.#nothing(span);
  }

  async #advance(base: Kept, span: ProductionSpan, files: Files): Promise<{ kept: Kept; isComplete: boolean }> {
    const isNew = ({ path, maxAtMs }: LogFile): boolean => !base.seen.has(path) || maxAtMs >= base.untilMs;
    const isFresh = base.seen.size === 0;
    const recent = {
      predictions: files.predictions.filter(({ maxAtMs }) => maxAtMs >= base.untilMs),
      shadows: files.shadows.filter(({ maxAtMs }) => maxAtMs >= base.untilMs),
      labels: files.labels.filter(isNew),
    };
    // A second thread costs more than it brings where little is read.
    const job = { name: 'production-rows', ...(isFresh ? {} : { threads: 1 }) };
    return await this.#analytics.run(job, async (session) => {
      const predictions = await relation(session, 'predictions', recent.predictions);
      const rows = await this.#rows(session, base, span, predictions, recent.shadows);
      const labels = await relation(session, 'labels', recent.labels);
      const isPlaced = labels === null || !(await hasUnplaced(session, labels));
      const lookUp = isPlaced || !isFresh ? null : predictions;
      const found = labels === null ? null : await readLabels(session, labels, lookUp, span.endpoint, span.untilMs);
      const seen = new Set([...files.predictions, ...files.shadows, ...files.labels].map(({ path }) => path));
      const place = {
        question: base.question,
        fromMs: span.fromMs,
        untilMs: span.untilMs,
        seen,
        predictions: files.predictions,
      };
      return { kept: { ...place, ...withLabels(rows, found, base.early, span.fromMs - DAY_MS) }, isComplete: isPlaced };
    });
  }

  async #rows(
    session: AnalyticsSession,
    base: Kept,
    { champion, inputs, fromMs, untilMs }: ProductionSpan,
    predictions: string | null,
    shadowFiles: readonly LogFile[],
  ): Promise<Pick<Kept, 'rows' | 'labelSeq'>> {
    const from = rowAt(base.rows, fromMs);
    let added: PlacedRows | null = null;
    if (predictions !== null) {
      const shadows = await relation(session, 'shadows', shadowFiles);
      const stretch = { champion, inputs, fromMs: Math.max(fromMs, base.untilMs), untilMs };
      added = await readPredictions(session, predictions, shadows, stretch);
    }
    const none = new Float64Array(added?.at.length ?? 0).fill(Number.POSITIVE_INFINITY);
    return { rows: joinedRows(base.rows, from, added), labelSeq: joined(base.labelSeq, from, none) };
  }
}

function isSubset(before: readonly LogFile[], fromMs: number, now: readonly LogFile[]): boolean {
  const paths = new Set(now.map(({ path }) => path));
  return before.every(({ path, maxAtMs }) => maxAtMs < fromMs || paths.has(path));
}

const questionOf = ({ endpoint: { target }, champion, inputs }: ProductionSpan): string =>
  JSON.stringify([target, champion, inputs]);

async function relation(session: AnalyticsSession, kind: LogKind, files: readonly LogFile[]): Promise<string | null> {
  return files.length === 0 ? null : await attachFiles(session, kind, files);
}

function* listLabels(early: readonly Label[], found: PlacedLabels | null): Generator<Label> {
  yield* early;
  if (found === null) return;
  const { requestSeq, row, value, seq, at } = found;
  for (let i = 0; i < seq.length; i++) {
    yield { requestSeq: requestSeq[i]!, row: row[i]!, value: value[i]!, seq: seq[i]!, at: at[i]! };
  }
}

/**
 * Labels of requests that are still to come: numbers follow the log and not event time, so any may be one. When there
 * are too many, those of requests that were logged before all that are kept go first.
 */
function fewEnough(labels: readonly Label[], firsts: ReadonlyMap<number, number>): readonly Label[] {
  if (labels.length <= MOST_EARLY_LABELS) return labels;
  let oldest = Number.POSITIVE_INFINITY;
  for (const seq of firsts.keys()) oldest = Math.min(oldest, seq);
  return labels.filter(({ requestSeq }) => requestSeq > oldest).slice(-MOST_EARLY_LABELS);
}

/** Of repeated labels the first one stands. Labels from before `sinceMs` would not be listed for a new window. */
function withLabels(
  { rows, labelSeq }: Pick<Kept, 'rows' | 'labelSeq'>,
  found: PlacedLabels | null,
  before: readonly Label[],
  sinceMs: number,
): Pick<Kept, 'rows' | 'labelSeq' | 'early'> {
  const firsts = firstRows(rows);
  const early: Label[] = [];
  for (const label of listLabels(before, found)) {
    const first = firsts.get(label.requestSeq);
    if (first === undefined) {
      if (label.at >= sinceMs) early.push(label);
      continue;
    }
    const at = first + label.row;
    if (rows.seq[at] !== label.requestSeq || label.seq >= labelSeq[at]!) continue;
    labelSeq[at] = label.seq;
    rows.label[at] = label.value;
  }
  return { rows, labelSeq, early: fewEnough(early, firsts) };
}
