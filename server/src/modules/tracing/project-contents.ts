import type { ProjectContents } from '#platform/access/project-contents';
import type { TracingParts } from './parts.ts';
import { deleteSomeEvaluationDatasets, deleteSomeTraces, findConflicts, moveTraces } from './project-contents-store.ts';

const TRACES_AT_ONCE = 100;
const RECORDS_AT_ONCE = 1_000;

/** Traces and evaluation datasets; scorers hang on their experiment. */
export const tracingContents = ({ platform: { database } }: TracingParts): ProjectContents => ({
  tables: ['tracing.trace', 'tracing.evaluation_dataset'],
  conflicts: findConflicts,
  move: moveTraces,
  empty: async (project, signal) => {
    while ((await deleteSomeTraces(database, { project }, TRACES_AT_ONCE)) > 0) signal.throwIfAborted();
    while (await deleteSomeEvaluationDatasets(database, project, RECORDS_AT_ONCE)) signal.throwIfAborted();
  },
});
