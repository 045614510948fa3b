import type { Run } from '@flyball/api';
import { server } from '../../server.ts';

const PARENT = 'mlflow.parentRunId';
const DEEPEST = 4;
const MOST = 1000;

export const parentOf = ({ tags }: Run): string | undefined => tags[PARENT];

export interface NestedRuns {
  /** The runs right below each. */
  readonly below: Readonly<Record<string, readonly Run[]>>;
  /** There are more on a level than were asked for. */
  readonly isCut: boolean;
}

/** Everything that is nested in these runs, level by level. */
export async function readNestedRuns(runs: readonly Run[], stage: 'active' | 'deleted'): Promise<NestedRuns> {
  const roots = runs.map(({ runId }) => runId);
  const experimentIds = [...new Set(runs.map(({ experimentId }) => experimentId))];
  const below: Record<string, Run[]> = {};
  const seen = new Set(roots);
  let isCut = false;
  let parents: readonly string[] = roots;
  for (let depth = 0; depth < DEEPEST && parents.length > 0; depth++) {
    const body = { experimentIds, parents: parents.slice(0, MOST), stage, limit: MOST };
    const found = await server().searchRuns({ body });
    isCut ||= found.nextPageToken !== undefined;
    const fresh = found.items.filter(({ runId }) => !seen.has(runId));
    for (const run of fresh) {
      seen.add(run.runId);
      const parent = parentOf(run) ?? '';
      below[parent] = [...(below[parent] ?? []), run];
    }
    parents = fresh.map(({ runId }) => runId);
  }
  return { below, isCut };
}

export interface RunRow {
  readonly run: Run;
  readonly depth: number;
  /** How many are right below. */
  readonly nested: number;
  readonly isOpen: boolean;
  readonly isPinned: boolean;
}

/** Pinned runs, then the others in their order: each with what is nested in it, where that is opened; each once. */
export function rowsOf(
  runs: readonly Run[],
  { nested, open, pinned }: { nested: NestedRuns | undefined; open: readonly string[]; pinned: readonly Run[] },
): RunRow[] {
  const onTop = new Set(pinned.map(({ runId }) => runId));
  const rows: RunRow[] = [];
  const add = (run: Run, depth: number): void => {
    const children = (nested?.below[run.runId] ?? []).filter(({ runId }) => !onTop.has(runId));
    const isOpen = open.includes(run.runId);
    rows.push({ run, depth, nested: children.length, isOpen, isPinned: depth === 0 && onTop.has(run.runId) });
    if (isOpen) for (const child of children) add(child, depth + 1);
  };
  for (const run of pinned) add(run, 0);
  for (const run of runs) if (!onTop.has(run.runId)) add(run, 0);
  return rows;
}
