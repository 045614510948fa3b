// What applications did, step by step, and how good that was: traces and spans, assessments, evaluation datasets and
// scorers. It keeps what it is told; it calls no model, and a scorer is text to it, never run.

import type { tracingRoutes } from '@flyball/api';
import type { Handlers } from '#platform/http/serve';
import type { Platform } from '#platform/platform';
import type { Tracking } from '#tracking';
import { addAssessment, changeAssessment, getAssessment, removeAssessment } from './assessments.ts';
import {
  addEvaluationDataset,
  changeDatasetExperiments,
  deleteDatasetTag,
  getEvaluationDataset,
  removeEvaluationDataset,
  searchStoredEvaluationDatasets,
  setDatasetTags,
} from './evaluation-datasets.ts';
import { listDatasetRecords, removeDatasetRecords, upsertDatasetRecords } from './evaluation-records.ts';
import { logSpans } from './log-spans.ts';
import type { TracingParts } from './parts.ts';
import { tracingContents } from './project-contents.ts';
import { deleteSomeTraces } from './project-contents-store.ts';
import { tracingHandlers } from './routes.ts';
import {
  getScorer,
  getScorerVersions,
  listScorers,
  listScorersAcross,
  registerScorer,
  removeScorer,
} from './scorers.ts';
import {
  deleteTraceTag,
  endTrace,
  getTrace,
  getTraces,
  linkPromptsToTrace,
  linkTracesToRun,
  openTrace,
  removeTraces,
  searchStoredTraces,
  setTraceTag,
  startTrace,
  withSpanContents,
  withSpans,
} from './traces.ts';
import type { Assessments, EvaluationDatasets, Scorers, Traces } from './tracing-door.ts';

export type { AssessmentKind, StoredAssessment } from './assessment-store.ts';
export type { StoredEvaluationDataset } from './evaluation-dataset-store.ts';
export type { StoredRecord } from './evaluation-record-store.ts';
export { readRecords } from './evaluation-records.ts';
export type { SpanBatch } from './log-spans.ts';
export type { AssessmentInput, Judgement } from './new-assessment.ts';
export type { StoredScorer } from './scorer-store.ts';
export { type Span, type SpanStatus, spanStatus, traceIdOf } from './span-content.ts';
export type { StoredTrace, TraceStatus } from './trace-store.ts';
export { hasSpansHere, type WholeTrace } from './traces.ts';

export interface Tracing {
  readonly traces: Traces;
  readonly assessments: Assessments;
  readonly datasets: EvaluationDatasets;
  readonly scorers: Scorers;
  readonly handlers: Handlers<typeof tracingRoutes>;
}

const tracesOf = (parts: TracingParts): Traces => ({
  start: async (project, input) => await startTrace(parts, project, input),
  open: async (project, input) => await openTrace(parts, project, input),
  end: async (project, traceId, end) => await endTrace(parts, project, traceId, end),
  logSpans: async (project, experimentId, batch) => await logSpans(parts, project, experimentId, batch),
  get: async (project, traceId) => await getTrace(parts, project, traceId),
  getMany: async (project, traceIds, experimentIds) => await getTraces(parts, project, traceIds, experimentIds),
  withSpans: async (traces) => await withSpans(parts, traces),
  spanContents: async (trace) => (await withSpanContents(parts, [trace]))[0]?.contents ?? [],
  search: async (project, input) => await searchStoredTraces(parts, project, input),
  setTag: async (project, traceId, tag) => await setTraceTag(parts, project, traceId, tag),
  deleteTag: async (project, traceId, key) => await deleteTraceTag(parts, project, traceId, key),
  remove: async (actor, project, removal) => await removeTraces(parts, actor, project, removal),
  linkToRun: async (project, traceIds, runId) => await linkTracesToRun(parts, project, traceIds, runId),
  linkPrompts: async (project, traceId, prompts) => await linkPromptsToTrace(parts, project, traceId, prompts),
});

const assessmentsOf = (parts: TracingParts): Assessments => ({
  add: async (project, traceId, input) => await addAssessment(parts, project, traceId, input),
  get: async (project, traceId, id) => await getAssessment(parts, project, traceId, id),
  change: async (project, traceId, id, change) => await changeAssessment(parts, project, traceId, id, change),
  remove: async (project, traceId, id) => await removeAssessment(parts, project, traceId, id),
});

const datasetsOf = (parts: TracingParts): EvaluationDatasets => ({
  add: async (actor, project, input) => await addEvaluationDataset(parts, actor, project, input),
  get: async (project, id) => await getEvaluationDataset(parts, project, id),
  remove: async (actor, project, id) => await removeEvaluationDataset(parts, actor, project, id),
  search: async (project, input) => await searchStoredEvaluationDatasets(parts, project, input),
  setTags: async (project, id, tags) => await setDatasetTags(parts, project, id, tags),
  deleteTag: async (project, id, key) => await deleteDatasetTag(parts, project, id, key),
  changeExperiments: async (project, id, change, experimentIds) =>
    await changeDatasetExperiments(parts, project, id, change, experimentIds),
  upsertRecords: async (project, id, records) => await upsertDatasetRecords(parts, project, id, records),
  listRecords: async (project, id, page) => await listDatasetRecords(parts, project, id, page),
  removeRecords: async (project, id, recordIds) => await removeDatasetRecords(parts, project, id, recordIds),
});

const scorersOf = (parts: TracingParts): Scorers => ({
  register: async (actor, project, input) => await registerScorer(parts, actor, project, input),
  list: async (project, experimentId) => await listScorers(parts, project, experimentId),
  listAcross: async (project, experimentIds) => await listScorersAcross(parts, project, experimentIds),
  versions: async (project, experimentId, name) => await getScorerVersions(parts, project, experimentId, name),
  get: async (project, experimentId, name, version) => await getScorer(parts, project, experimentId, name, version),
  remove: async (actor, project, experimentId, which) => await removeScorer(parts, actor, project, experimentId, which),
});

export function createTracing(platform: Platform, tracking: Tracking): Tracing {
  const parts: TracingParts = { platform, tracking };
  platform.projects.contribute(tracingContents(parts));
  tracking.purgeFirst(async (trx, experiment, limit) => await deleteSomeTraces(trx, { experiment }, limit));
  return {
    traces: tracesOf(parts),
    assessments: assessmentsOf(parts),
    datasets: datasetsOf(parts),
    scorers: scorersOf(parts),
    handlers: tracingHandlers(parts),
  };
}
