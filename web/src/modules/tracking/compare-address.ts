import type { Run } from '@flyball/api';
import { useAddress } from '../../parts/use-address.ts';

/** What the address of a comparison holds. */
export interface CompareAddress {
  readonly runs?: string[];
  readonly tab?: string;
  /** Metrics whose curves are shown. */
  readonly keys?: string[];
  readonly x?: 'step' | 'time' | 'relative';
  /** From 0 to 0.99. */
  readonly smooth?: number;
  readonly logX?: boolean;
  readonly logY?: boolean;
  readonly differ?: boolean;
  readonly scatterX?: string;
  readonly scatterY?: string;
  readonly axes?: string[];
  /** Runs that share these values become one line with a band. */
  readonly band?: string[];
  readonly contourX?: string;
  readonly contourY?: string;
  readonly contourZ?: string;
  /** The metric that params are asked to explain. */
  readonly target?: string;
  /** Also runs of the same experiments that are not compared. */
  readonly wide?: boolean;
  /** Which series of pictures or tables. */
  readonly media?: string;
  readonly mediaStep?: number;
}

export const useCompareAddress = () => useAddress<CompareAddress>();

/** Names that tell the runs apart. */
export function namesOf(runs: readonly Run[]): Map<string, string> {
  const count = new Map<string, number>();
  for (const { name } of runs) count.set(name, (count.get(name) ?? 0) + 1);
  const short = (name: string): string => (name.length > 40 ? `${name.slice(0, 39)}…` : name);
  return new Map(
    runs.map(({ runId, name }) => [
      runId,
      name !== '' && count.get(name) === 1 && name.length <= 40 ? name : `${short(name)} ${runId.slice(0, 6)}`.trim(),
    ]),
  );
}

export const keysIn = (runs: readonly Run[], part: 'metrics' | 'params' | 'tags'): string[] =>
  [...new Set(runs.flatMap((run) => Object.keys(run[part])))].sort();

/** The value of a run on an axis such as `metrics.loss`: a number, a text, or nothing. */
export function valueOn(run: Run, axis: string): number | string | null {
  const dot = axis.indexOf('.');
  const key = axis.slice(dot + 1);
  if (axis.startsWith('metrics.')) return run.metrics[key]?.value ?? null;
  if (axis === 'attributes.duration') return run.endTime === null ? null : (run.endTime - run.startTime) / 1000;
  const text = run.params[key];
  if (text === undefined || text.trim() === '') return text ?? null;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Everything that can stand on an axis. */
export const axesOf = (runs: readonly Run[]) => [
  { group: 'Metrics', items: keysIn(runs, 'metrics').map((key) => ({ value: `metrics.${key}`, label: key })) },
  { group: 'Params', items: keysIn(runs, 'params').map((key) => ({ value: `params.${key}`, label: key })) },
  { group: 'Attributes', items: [{ value: 'attributes.duration', label: 'Seconds taken' }] },
];

export const axisName = (axis: string): string =>
  axis === 'attributes.duration' ? 'seconds taken' : axis.slice(axis.indexOf('.') + 1);

export interface SharedRuns {
  readonly name: string;
  readonly runs: readonly Run[];
}

/** Runs by the values that they share on some axes. */
export function sharedBy(runs: readonly Run[], axes: readonly string[]): SharedRuns[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const name = axes.map((axis) => `${axisName(axis)}=${textOn(run, axis) ?? '–'}`).join(', ');
    groups.set(name, [...(groups.get(name) ?? []), run]);
  }
  return [...groups].map(([name, own]) => ({ name: `${name} (${own.length} runs)`, runs: own }));
}

function textOn(run: Run, axis: string): string | undefined {
  const key = axis.slice(axis.indexOf('.') + 1);
  if (axis.startsWith('params.')) return run.params[key];
  return axis.startsWith('tags.') ? run.tags[key] : String(valueOn(run, axis) ?? '–');
}

/** Text as soon as one run has a text. */
export const isText = (runs: readonly Run[], axis: string): boolean =>
  runs.some((run) => typeof valueOn(run, axis) === 'string');

/** The runs of a chart as a table. */
export function runNumbers(runs: readonly Run[], axes: readonly string[]) {
  const names = namesOf(runs);
  return {
    heads: ['Run', 'Run id', ...axes.map(axisName)],
    rows: runs.map((run) => [names.get(run.runId) ?? '', run.runId, ...axes.map((axis) => valueOn(run, axis))]),
  };
}
