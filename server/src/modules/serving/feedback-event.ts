import type { EndpointDefinition, FeatureView } from '@flyball/api';
import type { ColumnValues } from './spool-line.ts';

/** A prediction's row with the truth about it. */
export interface FeedbackEvent {
  /** When the prediction was asked for. */
  readonly at: number;
  /** When the truth became known. */
  readonly labelAt: number;
  readonly value: number;
  readonly row: number;
  readonly columns: Readonly<Record<string, ColumnValues>>;
}

type Cell = number | bigint | string | boolean | undefined;
type Read = (event: FeedbackEvent) => Cell;

const INPUT = 'input.';

/** What fills a column of the feedback dataset: `at`, `label`, `label_at` or `input.<name>`. */
function readerOf(filling: string | undefined): Read | null {
  if (filling === 'at') return ({ at }) => at;
  if (filling === 'label') return ({ value }) => value;
  if (filling === 'label_at') return ({ labelAt }) => labelAt;
  if (filling?.startsWith(INPUT) !== true) return null;
  const name = filling.slice(INPUT.length);
  return ({ columns, row }) => columns[name]?.[row];
}

/** Inputs of a request that its labels bring back: those that the feedback dataset is filled with. */
export function inputsBroughtBack(feedback: EndpointDefinition['feedback']): ReadonlySet<string> | null {
  if (feedback === undefined) return null;
  const inputs = Object.values(feedback.columns).filter((filling) => filling.startsWith(INPUT));
  return new Set(inputs.map((filling) => filling.slice(INPUT.length)));
}

const toNumber = (cell: Cell): number | null => (cell === undefined || typeof cell === 'string' ? null : Number(cell));
const toMoment = (cell: Cell): number => (typeof cell === 'string' ? Date.parse(cell) : Number(cell));

export interface ViewEvent {
  readonly key: string;
  readonly happenedMs: number;
  readonly knownMs: number;
  readonly row: Readonly<Record<string, number | null>>;
}

/**
 * How the truth about a prediction becomes an event of a feature view; null when the endpoint's feedback does not fill
 * the columns that the view needs.
 */
export function feedView(
  view: FeatureView,
  fillings: Readonly<Record<string, string>>,
): ((event: FeedbackEvent) => ViewEvent | null) | null {
  const { key, happenedAt, knownAt } = view.source;
  const [readKey, readHappened, readKnown] = [key, happenedAt, knownAt].map((column) => readerOf(fillings[column]));
  if (!readKey || !readHappened || !readKnown) return null;
  const measured = [...new Set(view.features.flatMap(({ of }) => (of === undefined ? [] : [of.column])))];
  const measures = measured.map((column) => [column, readerOf(fillings[column])] as const);
  return (event) => {
    const keyCell = readKey(event);
    const happenedMs = toMoment(readHappened(event));
    const knownMs = toMoment(readKnown(event));
    if (keyCell === undefined || Number.isNaN(happenedMs) || Number.isNaN(knownMs)) return null;
    const row = Object.fromEntries(
      measures.map(([column, read]) => [column, read === null ? null : toNumber(read(event))]),
    );
    return { key: String(keyCell), happenedMs, knownMs, row };
  };
}
