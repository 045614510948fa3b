import type { MetricSummary, Run } from '@flyball/api';
import { formatNumber, formatSeconds } from '../../parts/format.ts';
import { keysIn } from './compare-address.ts';

/** One line of the table that sets runs side by side. */
export interface CompareRow {
  readonly section: string;
  readonly name: string;
  /** In the order of the runs. */
  readonly values: readonly string[];
  readonly differs: boolean;
}

const NONE = '–';
const shownMoment = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
/** What MLflow notes of a run for itself, and what differs in every run. */
const noise: ReadonlySet<string> = new Set(['mlflow.runName', 'mlflow.log-model.history', 'mlflow.note.content']);

/** `exact` where what is shown is rounded. */
function row(section: string, name: string, values: readonly string[], exact: readonly unknown[] = values): CompareRow {
  return { section, name, values, differs: new Set(exact).size > 1 };
}

const shownMetric = (metric: Run['metrics'][string] | undefined): string =>
  metric !== undefined && metric.value === null ? 'NaN' : formatNumber(metric?.value, 6);

const attributeRows = (runs: readonly Run[]): CompareRow[] => [
  row(
    'Run',
    'status',
    runs.map(({ status }) => status),
  ),
  row(
    'Run',
    'by',
    runs.map(({ user }) => user || NONE),
  ),
  row(
    'Run',
    'started',
    runs.map(({ startTime }) => shownMoment(startTime)),
  ),
  row(
    'Run',
    'took',
    runs.map(({ startTime, endTime }) => formatSeconds(endTime === null ? null : endTime - startTime)),
  ),
];

const pairRows = (section: string, runs: readonly Run[], part: 'params' | 'tags'): CompareRow[] =>
  keysIn(runs, part)
    .filter((key) => !noise.has(key))
    .map((key) =>
      row(
        section,
        key,
        runs.map((run) => run[part][key] ?? NONE),
      ),
    );

function metricRows(runs: readonly Run[], summaries: readonly MetricSummary[]): CompareRow[] {
  const found = new Map(summaries.map((one) => [`${one.runId} ${one.key}`, one]));
  return keysIn(runs, 'metrics').flatMap((key) => {
    const last = runs.map(({ metrics }) => metrics[key]);
    const exact = last.map((metric) => metric?.value);
    const sides = (['min', 'max'] as const).map((side) => {
      const values = runs.map(({ runId }) => found.get(`${runId} ${key}`)?.[side]);
      return row(
        'Metrics',
        `${key} (${side})`,
        values.map((value) => formatNumber(value, 6)),
        values,
      );
    });
    return [row('Metrics', `${key} (last)`, last.map(shownMetric), exact), ...sides];
  });
}

function datasetRows(runs: readonly Run[]): CompareRow[] {
  const uses = [
    ...new Set(runs.flatMap(({ inputs }) => inputs.map(({ name, context }) => JSON.stringify([name, context])))),
  ];
  return uses.sort().map((use) => {
    const [name, context] = JSON.parse(use) as [string, string | null];
    const digests = runs.map(
      ({ inputs }) =>
        inputs
          .filter((input) => input.name === name && input.context === context)
          .map(({ digest }) => digest)
          .sort()
          .join(', ') || NONE,
    );
    return row('Datasets', context === null ? name : `${name} (${context})`, digests);
  });
}

/** Everything that was noted of the runs, line by line. */
export const compareRows = (runs: readonly Run[], summaries: readonly MetricSummary[]): CompareRow[] => [
  ...attributeRows(runs),
  ...pairRows('Params', runs, 'params'),
  ...metricRows(runs, summaries),
  ...datasetRows(runs),
  ...pairRows('Tags', runs, 'tags'),
];
