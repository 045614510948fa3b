import type { Actor } from '#platform/access/actor';
import type { Page } from '#tracking';
import type { StoredAssessment } from './assessment-store.ts';
import type { AssessmentChange } from './assessments.ts';
import type { StoredEvaluationDataset } from './evaluation-dataset-store.ts';
import type { DatasetTags, EvaluationDatasetInput, EvaluationDatasetSearchInput } from './evaluation-datasets.ts';
import type { StoredRecord } from './evaluation-record-store.ts';
import type { RecordInput } from './evaluation-records.ts';
import type { SpanBatch } from './log-spans.ts';
import type { AssessmentInput } from './new-assessment.ts';
import type { StoredScorer } from './scorer-store.ts';
import type { ScorerInput } from './scorers.ts';
import type { StoredTrace } from './trace-store.ts';
import type {
  OpenTraceInput,
  PromptVersion,
  TraceEnd,
  TraceInput,
  TraceRemoval,
  TraceSearchInput,
  WholeTrace,
} from './traces.ts';

export interface Traces {
  /** Makes a trace, or changes it when it is known. */
  start(project: string, input: TraceInput): Promise<StoredTrace>;
  /** Makes a trace with an id from here, to be ended later. */
  open(project: string, input: OpenTraceInput): Promise<StoredTrace>;
  end(project: string, traceId: string, end: TraceEnd): Promise<StoredTrace>;
  /** Durable when it resolves; all of the batch or nothing. */
  logSpans(project: string, experimentId: string, batch: SpanBatch): Promise<void>;
  get(project: string, traceId: string): Promise<StoredTrace>;
  /** Those that exist, in the order asked for. */
  getMany(project: string, traceIds: readonly string[], experimentIds?: readonly string[]): Promise<StoredTrace[]>;
  withSpans(traces: readonly StoredTrace[]): Promise<WholeTrace[]>;
  /** The spans as texts of JSON, as files of traces hold them. */
  spanContents(trace: StoredTrace): Promise<readonly string[]>;
  search(project: string, input: TraceSearchInput): Promise<Page<StoredTrace>>;
  setTag(project: string, traceId: string, tag: { readonly key: string; readonly value: string }): Promise<void>;
  deleteTag(project: string, traceId: string, key: string): Promise<void>;
  /** How many were deleted. */
  remove(actor: Actor, project: string, removal: TraceRemoval): Promise<number>;
  linkToRun(project: string, traceIds: readonly string[], runId: string): Promise<void>;
  linkPrompts(project: string, traceId: string, prompts: readonly PromptVersion[]): Promise<void>;
}

export interface Assessments {
  add(project: string, traceId: string, input: AssessmentInput): Promise<StoredAssessment>;
  get(project: string, traceId: string, assessmentId: string): Promise<StoredAssessment>;
  change(project: string, traceId: string, assessmentId: string, change: AssessmentChange): Promise<StoredAssessment>;
  remove(project: string, traceId: string, assessmentId: string): Promise<void>;
}

/** Inputs and expectations that applications are evaluated with. */
export interface EvaluationDatasets {
  add(actor: Actor, project: string, input: EvaluationDatasetInput): Promise<StoredEvaluationDataset>;
  get(project: string, datasetId: string): Promise<StoredEvaluationDataset>;
  remove(actor: Actor, project: string, datasetId: string): Promise<void>;
  search(project: string, input: EvaluationDatasetSearchInput): Promise<Page<StoredEvaluationDataset>>;
  setTags(project: string, datasetId: string, tags: DatasetTags): Promise<void>;
  deleteTag(project: string, datasetId: string, key: string): Promise<void>;
  changeExperiments(
    project: string,
    datasetId: string,
    change: 'add' | 'remove',
    experimentIds: readonly string[],
  ): Promise<StoredEvaluationDataset>;
  upsertRecords(
    project: string,
    datasetId: string,
    records: readonly RecordInput[],
  ): Promise<{ readonly inserted: number; readonly updated: number }>;
  listRecords(
    project: string,
    datasetId: string,
    page: { readonly limit: number; readonly pageToken?: string | undefined },
  ): Promise<Page<StoredRecord>>;
  removeRecords(project: string, datasetId: string, recordIds: readonly string[]): Promise<number>;
}

/** Judges by name and version, as data that is never run here. */
export interface Scorers {
  register(actor: Actor, project: string, input: ScorerInput): Promise<StoredScorer>;
  list(project: string, experimentId: string): Promise<StoredScorer[]>;
  /** Of these experiments; null: of all of the project. */
  listAcross(project: string, experimentIds: readonly string[] | null): Promise<StoredScorer[]>;
  versions(project: string, experimentId: string, name: string): Promise<StoredScorer[]>;
  /** The latest when the version is null. */
  get(project: string, experimentId: string, name: string, version: number | null): Promise<StoredScorer>;
  remove(
    actor: Actor,
    project: string,
    experimentId: string,
    which: { readonly name: string; readonly version: number | null },
  ): Promise<void>;
}
