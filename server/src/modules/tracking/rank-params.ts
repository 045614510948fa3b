import { pathToFileURL } from 'node:url';
import type { RunImportance } from '@flyball/api';
import { programFile } from '#platform/server-files';
import { experimentNumber } from './experiments.ts';
import { listMeasuredRuns } from './importance-store.ts';
import type { TrackingParts } from './parts.ts';
import { runGrammar } from './run-grammar.ts';
import { findRuns } from './run-search-store.ts';
import { parseSearchFilter, type SearchCondition } from './search-grammar.ts';

const MOST_RUNS = 10_000;
const RUNS_PER_PART = 200;
/** Of params in all: then fewer runs are looked at. */
const MOST_CHARACTERS = 32_000_000;
const TIMEOUT_MS = 60_000;
/** Squares of greater numbers cannot be added up. */
const ADDABLE = 1e150;

export interface ImportanceInput {
  readonly metric: string;
  readonly runIds?: readonly string[] | undefined;
  readonly experimentIds: readonly string[];
  readonly filter: string;
}

function conditionsOf({ runIds, filter, metric: key }: ImportanceInput): SearchCondition[] {
  const hasNumber: SearchCondition[] = [
    { entity: 'metric', key, comparator: '>=', value: -ADDABLE },
    { entity: 'metric', key, comparator: '<=', value: ADDABLE },
  ];
  if (runIds === undefined) return [...parseSearchFilter(filter, runGrammar), ...hasNumber];
  return [{ entity: 'attribute', key: 'run_id', comparator: 'IN', value: [...runIds] }, ...hasNumber];
}

/** Which params matter for a metric over the newest runs that have it; computed in a thread of its own. */
export async function rankParams(
  { platform: { database }, threads }: TrackingParts,
  project: string,
  input: ImportanceInput,
): Promise<RunImportance> {
  const ids = [...new Set(input.experimentIds.map(experimentNumber))].sort((a, b) => a - b);
  const found = await findRuns(database, {
    project,
    experiments: ids.length === 0 ? null : ids,
    conditions: conditionsOf(input),
    orders: [],
    stages: ['active', 'deleted'],
    limit: MOST_RUNS + 1,
    after: null,
  });
  const runs = found.slice(0, MOST_RUNS);
  let isOfNewest = found.length > runs.length;
  const importance = await threads.run<Omit<RunImportance, 'isOfNewest'>>({
    program: pathToFileURL(programFile('modules/tracking/param-importance-main')),
    what: 'Ranking these params',
    timeoutMs: TIMEOUT_MS,
    async feed(give) {
      for (let at = 0, characters = 0; at < runs.length; at += RUNS_PER_PART) {
        isOfNewest ||= characters > MOST_CHARACTERS;
        if (characters > MOST_CHARACTERS) break;
        const part = await listMeasuredRuns(database, runs.slice(at, at + RUNS_PER_PART), input.metric);
        characters += part.reduce((sum, { params }) => sum + (params?.length ?? 0), 0);
        give(part);
      }
    },
  });
  return { ...importance, isOfNewest };
}
