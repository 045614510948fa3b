import { invalidInput, type RunGroup } from '@flyball/api';
import { experimentNumber, type Stages } from './experiments.ts';
import type { TrackingParts } from './parts.ts';
import { runGrammar } from './run-grammar.ts';
import { type GroupMembers, sumGroupMetrics } from './run-group-metric-store.ts';
import {
  type GroupField,
  type GroupOrder,
  groupAttributes,
  listRunGroups,
  type StoredGroup,
} from './run-group-store.ts';
import { parseSearchFilter } from './search-grammar.ts';

export interface RunGroupInput {
  /** Null: all of the project. */
  readonly experimentIds: readonly string[] | null;
  readonly filter: string;
  readonly stages: Stages;
  readonly by: readonly string[];
  readonly metrics: readonly string[];
  readonly orderBy?: string | undefined;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export interface RunGroups {
  readonly items: RunGroup[];
  readonly total: number;
  readonly runs: number;
}

const entities: Readonly<Record<string, GroupField['entity']>> = {
  params: 'parameter',
  tags: 'tag',
  attributes: 'attribute',
};

function fieldOf(name: string): GroupField {
  const dot = name.indexOf('.');
  const entity = entities[name.slice(0, dot)];
  const key = name.slice(dot + 1);
  if (dot === -1 || entity === undefined || key === '') {
    throw invalidInput(`Runs cannot be grouped by "${name}"; name a param, tag or attribute such as "params.depth"`);
  }
  if (entity !== 'attribute' || groupAttributes.includes(key)) return { entity, key };
  throw invalidInput(`Runs cannot be grouped by the attribute "${key}", but by ${groupAttributes.join(', ')}`);
}

function orderOf({ by, metrics, orderBy, descending }: RunGroupInput): GroupOrder {
  if (orderBy === undefined) return { kind: 'value', place: 0, descending };
  if (orderBy === 'runs') return { kind: 'runs', place: 0, descending };
  const value = by.indexOf(orderBy);
  if (value !== -1) return { kind: 'value', place: value, descending };
  const metric = metrics.findIndex((key) => orderBy === `metrics.${key}`);
  if (metric !== -1) return { kind: 'metric', place: metric, descending };
  throw invalidInput(`Groups cannot be ordered by "${orderBy}": it is neither grouped by nor one of their metrics`);
}

/** Told from the text: a driver that makes an array of each group takes longer than the database. */
function membersOf(groups: readonly StoredGroup[]): GroupMembers {
  const ids = groups.map((group) => JSON.parse(`[${group.ids.slice(1, -1)}]`) as number[]);
  const places = ids.flatMap((own, place) => own.map(() => place));
  return { runs: Float64Array.from(ids.flat()), places: Int32Array.from(places) };
}

const TOO_LONG = '57014';

function callersMistake(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === TOO_LONG)) return error;
  return invalidInput('Grouping so many runs takes too long: filter them, or choose an experiment');
}

/** Runs with the same values as one, over all that fit. */
export async function groupRuns(parts: TrackingParts, project: string, input: RunGroupInput): Promise<RunGroups> {
  const by = input.by.map(fieldOf);
  const order = orderOf(input);
  const conditions = parseSearchFilter(input.filter, runGrammar);
  const ids = input.experimentIds;
  const experiments = ids && [...new Set(ids.map(experimentNumber))].sort((a, b) => a - b);
  const { metrics, offset, limit, stages } = input;
  const search = { project, experiments, conditions, stages };
  const groups = { search, by, metrics, order, offset, limit };
  const { database } = parts.platform;
  const keys = [...new Set(metrics)];
  try {
    const rows = await listRunGroups(database, groups);
    const numbers = Map.groupBy(await sumGroupMetrics(database, search, membersOf(rows), keys), ({ place }) => place);
    const items = rows.map(({ values, runs }, place) => ({
      values,
      runs,
      metrics: (numbers.get(place) ?? []).map(({ place: _, ...metric }) => metric),
    }));
    return { items, total: rows[0]?.total ?? 0, runs: rows[0]?.all_runs ?? 0 };
  } catch (error) {
    throw callersMistake(error);
  }
}
