import type { tracingRoutes } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import type { TracingParts } from './parts.ts';
import { presentSpans, presentTrace } from './present-trace.ts';
import { readTraceFile } from './trace-file.ts';
import { traceKey } from './trace-keys.ts';
import { getTrace, hasSpansHere, searchStoredTraces, withSpans } from './traces.ts';

const MOST_EXPERIMENTS = 1000;

async function newestExperiments({ tracking }: TracingParts, project: string): Promise<string[]> {
  const { items } = await tracking.experiments.search(project, {
    filter: '',
    orderBy: ['last_update_time DESC'],
    stages: ['active'],
    limit: MOST_EXPERIMENTS,
  });
  return items.map(({ id }) => String(id));
}

const joined = (...conditions: readonly string[]): string =>
  conditions.filter((condition) => condition.trim() !== '').join(' AND ');

/** `api/src/tracing.ts`, each route to its use case. */
export function tracingHandlers(parts: TracingParts): Handlers<typeof tracingRoutes> {
  return {
    searchTraces: async ({ project, body: { experimentIds: given, runId, filter, ...page } }) => {
      const experimentIds = given.length === 0 ? await newestExperiments(parts, project) : given;
      const ofRun = runId === undefined ? '' : `request_metadata.\`${traceKey.run}\` = '${runId}'`;
      const search = { ...page, experimentIds, filter: joined(ofRun, filter) };
      const { items, nextPageToken } = await searchStoredTraces(parts, project, search);
      return { items: items.map(presentTrace), ...(nextPageToken === undefined ? {} : { nextPageToken }) };
    },
    getTrace: async ({ project, params }) => {
      const stored = await getTrace(parts, project, params.trace);
      if (!hasSpansHere(stored)) {
        const { spans, problem } = await readTraceFile(parts, project, stored);
        return { trace: presentTrace(stored), spans: presentSpans(spans), isWhole: spans.length > 0, problem };
      }
      const [whole] = await withSpans(parts, [stored]);
      const { spans, isWhole } = whole!;
      return { trace: presentTrace(stored), spans: presentSpans(spans), isWhole, problem: null };
    },
  };
}
