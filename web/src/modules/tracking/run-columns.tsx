import type { Run, RunKeys } from '@flyball/api';
import type { ReactNode } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { formatNumber, formatSeconds } from '../../parts/format.ts';
import { quotedName } from './filter-completion.ts';

/** A column of the table of runs. */
export interface RunColumn {
  readonly id: string;
  readonly title: string;
  /** Where the value is found, said above the title. */
  readonly group: string;
  readonly numeric?: boolean;
  /** What the server calls it in an order; absent where it has none. */
  readonly order?: string;
  readonly cell: (run: Run) => ReactNode;
  /** The value as a file shows it. */
  readonly value: (run: Run) => string | number | null;
}

export type ColumnGroup = 'attributes' | 'metrics' | 'params' | 'tags';

const SHOWN = 6;
const took = ({ startTime, endTime }: Run): number | null => (endTime === null ? null : endTime - startTime);
const isoOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const dash = '–';

const attributes: readonly (Omit<RunColumn, 'id' | 'group'> & { readonly key: string })[] = [
  {
    key: 'status',
    title: 'Status',
    order: 'attributes.status',
    cell: ({ status }) => <StateBadge state={status} />,
    value: ({ status }) => status,
  },
  {
    key: 'start_time',
    title: 'Started',
    order: 'attributes.start_time',
    cell: ({ startTime }) => <Moment at={startTime} />,
    value: ({ startTime }) => isoOf(startTime),
  },
  {
    key: 'end_time',
    title: 'Ended',
    order: 'attributes.end_time',
    cell: ({ endTime }) => <Moment at={endTime} />,
    value: ({ endTime }) => isoOf(endTime),
  },
  {
    key: 'duration',
    title: 'Took',
    numeric: true,
    cell: (run) => formatSeconds(took(run)),
    value: (run) => took(run),
  },
  { key: 'user_id', title: 'By', order: 'attributes.user_id', cell: ({ user }) => user || dash, value: (r) => r.user },
  {
    key: 'experiment_id',
    title: 'Experiment',
    order: 'attributes.experiment_id',
    cell: ({ experimentId }) => experimentId,
    value: ({ experimentId }) => experimentId,
  },
  {
    key: 'run_id',
    title: 'Run id',
    order: 'attributes.run_id',
    cell: ({ runId }) => <code>{runId}</code>,
    value: ({ runId }) => runId,
  },
  {
    key: 'datasets',
    title: 'Datasets',
    cell: ({ inputs }) => inputs.map(({ name }) => name).join(', ') || dash,
    value: ({ inputs }) => inputs.map(({ name, digest }) => `${name}@${digest}`).join(' '),
  },
];

const attributeColumns: readonly RunColumn[] = attributes.map(({ key, ...column }) => ({
  ...column,
  id: `attributes.${key}`,
  group: '',
}));

const metricColumn = (key: string): RunColumn => ({
  id: `metrics.${key}`,
  title: key,
  group: 'metric',
  numeric: true,
  order: quotedName('metrics', key),
  cell: ({ metrics }) => {
    const found = metrics[key];
    return found === undefined ? dash : found.value === null ? 'NaN' : formatNumber(found.value);
  },
  value: ({ metrics }) => {
    const found = metrics[key];
    return found === undefined ? null : (found.value ?? 'NaN');
  },
});

const textColumn = (group: 'params' | 'tags', key: string): RunColumn => ({
  id: `${group}.${key}`,
  title: key,
  group: group === 'params' ? 'param' : 'tag',
  order: quotedName(group, key),
  cell: (run) => run[group][key] ?? dash,
  value: (run) => run[group][key] ?? null,
});

/** The column of an id, if there can be one. */
export function columnOf(id: string): RunColumn | null {
  const dot = id.indexOf('.');
  const [group, key] = [id.slice(0, dot), id.slice(dot + 1)];
  if (group === 'metrics') return metricColumn(key);
  if (group === 'params' || group === 'tags') return textColumn(group, key);
  return attributeColumns.find((column) => column.id === id) ?? null;
}

/** What is compared with stands behind what is compared. */
const rank = (key: string): string => `${key.startsWith('baseline_') ? 1 : 0}${key}`;
const first = (keys: Iterable<string>): string[] =>
  [...new Set(keys)].sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, SHOWN);

/** The columns of a table whose columns nobody has chosen: those of the runs in sight. */
export function usualColumns(runs: readonly Run[]): string[] {
  return [
    'attributes.status',
    'attributes.start_time',
    'attributes.duration',
    ...first(runs.flatMap(({ metrics }) => Object.keys(metrics))).map((key) => `metrics.${key}`),
    ...first(runs.flatMap(({ params }) => Object.keys(params))).map((key) => `params.${key}`),
  ];
}

/** All that can be chosen, by where it is found. */
export function choosable(keys: RunKeys | undefined): Record<ColumnGroup, { id: string; title: string }[]> {
  const of = (group: 'metrics' | 'params' | 'tags') =>
    (keys?.[group] ?? []).map((key) => ({ id: `${group}.${key}`, title: key }));
  return {
    attributes: attributeColumns.map(({ id, title }) => ({ id, title })),
    metrics: of('metrics'),
    params: of('params'),
    tags: of('tags'),
  };
}
