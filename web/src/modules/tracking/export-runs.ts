import type { Run } from '@flyball/api';
import { saveCsv } from '../../parts/csv.ts';
import { server } from '../../server.ts';
import type { RunColumn } from './run-columns.tsx';

const MOST = 20_000;
const AT_ONCE = 1000;

type Search = NonNullable<Parameters<ReturnType<typeof server>['searchRuns']>[0]>['body'];

/** A CSV file of all runs that fit, in their order, with the columns of the table. */
export async function exportRuns(search: Search, columns: readonly RunColumn[]) {
  const runs: Run[] = [];
  let pageToken: string | undefined;
  do {
    const body = { ...search, limit: AT_ONCE, ...(pageToken === undefined ? {} : { pageToken }) };
    const page = await server().searchRuns({ body });
    runs.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined && runs.length < MOST);
  saveCsv('runs.csv', [
    ['run_id', 'name', ...columns.map(({ id }) => id)],
    ...runs.map((run) => [run.runId, run.name, ...columns.map(({ value }) => value(run))]),
  ]);
  return { count: runs.length, isCut: pageToken !== undefined };
}
