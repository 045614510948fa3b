import type { Experiment, Run, RunStatus } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { UploadedPart } from '#platform/objects/object-store';
import type { OpenedObject } from '#platform/objects/open-object';
import type { ArtifactPlace } from './artifact-places.ts';
import type { ArtifactEntry, StoredArtifact } from './artifact-store.ts';
import type { UploadPlace } from './artifact-uploads.ts';
import type { ArtifactBytes } from './artifacts.ts';
import type { StoredExperiment } from './experiment-store.ts';
import type { changeExperiment, ExperimentInput, Page, SearchInput } from './experiments.ts';
import type { DatasetSummary } from './input-store.ts';
import type { LocalFile } from './local-files.ts';
import type { BatchInput } from './log-batch.ts';
import type { StoredLoggedModel } from './logged-model-store.ts';
import type { changeLoggedModel, LoggedModelSearchInput, NewLoggedModelInput } from './logged-models.ts';
import type { BulkPoint } from './metric-store.ts';
import type { HistoryInput, HistoryPage, MetricCurve, SampleInput } from './metrics.ts';
import type { PurgeGuard, PurgeStep } from './purge-guard.ts';
import type { RunText, StoredInput, StoredRun } from './run-store.ts';
import type { RunChangeInput, RunSearchInput } from './runs.ts';
import type { StartRunInput } from './start-run.ts';

type Tags = Readonly<Record<string, string>>;
export type ExperimentChange = Parameters<typeof changeExperiment>[4];
export type LoggedModelChange = Parameters<typeof changeLoggedModel>[4];

/** Points of a metric as other modules log them; `value` may be NaN, `timestamp` is now unless given. */
export interface LoggedPoint {
  readonly key: string;
  readonly value: number;
  readonly step?: number | undefined;
  readonly timestamp?: number | undefined;
}

export interface Experiments {
  /** `conflict` when the name is taken. */
  add(actor: Actor, project: string, input: ExperimentInput): Promise<StoredExperiment>;
  get(project: string, id: string): Promise<StoredExperiment>;
  /** Null when there is none, in the trash neither. */
  findByName(project: string, name: string): Promise<StoredExperiment | null>;
  search(project: string, input: SearchInput): Promise<Page<StoredExperiment>>;
  change(actor: Actor, project: string, id: string, change: ExperimentChange): Promise<void>;
}

export interface Runs {
  start(actor: Actor, project: string, input: StartRunInput): Promise<StoredRun>;
  get(project: string, runId: string): Promise<StoredRun>;
  update(actor: Actor, project: string, runId: string, change: RunChangeInput): Promise<StoredRun>;
  move(actor: Actor, project: string, runId: string, stage: 'active' | 'deleted'): Promise<void>;
  search(project: string, input: RunSearchInput): Promise<Page<StoredRun>>;
  /** The same for whoever passes metrics, params and tags on as JSON. */
  searchTexts(project: string, input: RunSearchInput): Promise<Page<RunText>>;
  /** All of it or nothing; durable when it resolves. */
  log(project: string, runId: string, batch: BatchInput): Promise<void>;
  removeTag(project: string, runId: string, key: string): Promise<void>;
  logInputs(
    project: string,
    runId: string,
    inputs: { readonly datasets: readonly StoredInput[]; readonly models: readonly string[] },
  ): Promise<void>;
  logOutputs(
    project: string,
    runId: string,
    outputs: readonly { readonly modelId: string; readonly step: number }[],
  ): Promise<void>;
  recordModel(project: string, runId: string, model: Readonly<Record<string, unknown>>): Promise<void>;
  listDatasets(project: string, experimentIds: readonly string[]): Promise<DatasetSummary[]>;
}

export interface Metrics {
  history(project: string, input: HistoryInput): AsyncGenerator<HistoryPage>;
  bulkHistory(project: string, runIds: readonly string[], key: string, limit: number): Promise<BulkPoint[]>;
  sample(project: string, input: SampleInput): Promise<BulkPoint[]>;
  curves(project: string, runId: string, keys: readonly string[] | null, maxPoints: number): Promise<MetricCurve[]>;
}

export interface LoggedModels {
  add(actor: Actor, project: string, input: NewLoggedModelInput): Promise<StoredLoggedModel>;
  get(project: string, modelId: string, options?: { deleted?: boolean }): Promise<StoredLoggedModel>;
  change(actor: Actor, project: string, modelId: string, change: LoggedModelChange): Promise<StoredLoggedModel>;
  search(project: string, input: LoggedModelSearchInput): Promise<Page<StoredLoggedModel>>;
}

/** Files by their path below the project; every path is checked. */
export interface Artifacts {
  /** With a digest only what has it, SHA-256 in hexadecimal digits. */
  put(project: string, path: string, bytes: ArtifactBytes, options?: { digest?: string }): Promise<StoredArtifact>;
  find(project: string, path: string): Promise<StoredArtifact>;
  open(project: string, path: string): Promise<OpenedObject>;
  /** For whoever has a link to these bytes. */
  openDigest(digest: string): Promise<OpenedObject>;
  /** Where the bytes can be read without us for that long; null when everything goes through us. */
  directUrl(digest: string, seconds: number): Promise<string | null>;
  list(project: string, folder: string): Promise<ArtifactEntry[]>;
  /** Of a run or a model, wherever its artifacts are. */
  listAt(project: string, place: ArtifactPlace, folder: string): Promise<ArtifactEntry[]>;
  openAt(project: string, place: ArtifactPlace, file: string): Promise<OpenedObject | LocalFile>;
  /** The files below a folder of a run or a model, now in the store. */
  keepAt(project: string, place: ArtifactPlace, folder: string): Promise<StoredArtifact[]>;
  /** Everything below a folder, with paths relative to it. */
  filesBelow(project: string, folder: string): Promise<StoredArtifact[]>;
  /** How many files were removed. */
  remove(actor: Actor, project: string, path: string): Promise<number>;
}

/** Files that arrive in parts. */
export interface ArtifactUploads {
  /** The id of the new upload. */
  start(actor: Actor, project: string, path: string): Promise<string>;
  /** For whoever has a link to do so. Returns the etag of the part. */
  putPart(upload: string, number: number, bytes: ArtifactBytes): Promise<string>;
  /** Where each part can be sent without us for that long; null when we take them. */
  partUrls(place: UploadPlace, count: number, seconds: number): Promise<readonly (string | null)[]>;
  complete(place: UploadPlace, parts: readonly UploadedPart[]): Promise<StoredArtifact>;
  abort(place: UploadPlace): Promise<void>;
}

/** What others may ask of this module. */
export interface TrackingDoor {
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly metrics: Metrics;
  readonly models: LoggedModels;
  readonly artifacts: Artifacts;
  readonly uploads: ArtifactUploads;
  /** The experiment of that name, made when there is none. */
  createExperiment(actor: Actor, project: string, input: { name: string; tags?: Tags }): Promise<Experiment>;
  startRun(
    actor: Actor,
    project: string,
    input: { experimentId: string; name?: string | undefined; tags?: Tags; startTime?: number | undefined },
  ): Promise<Run>;
  getRun(project: string, runId: string): Promise<Run>;
  logBatch(
    actor: Actor,
    project: string,
    runId: string,
    batch: { metrics?: readonly LoggedPoint[]; params?: Tags; tags?: Tags },
  ): Promise<void>;
  finishRun(
    actor: Actor,
    project: string,
    runId: string,
    end: { status?: RunStatus; endTime?: number | undefined },
  ): Promise<Run>;
  logArtifact(
    actor: Actor,
    project: string,
    runId: string,
    path: string,
    bytes: ArtifactBytes,
  ): Promise<StoredArtifact>;
  /** A read-only local path of an artifact. */
  artifactPath(project: string, runId: string, path: string): Promise<string>;
  /** The files below a folder of a run's artifacts, with paths relative to it. */
  artifactFiles(
    project: string,
    runId: string,
    folder: string,
  ): Promise<{ path: string; digest: string; sizeBytes: number }[]>;
  /** What is built on runs and must not lose them. */
  guardPurges(guard: PurgeGuard): void;
  /** What is in experiments beside runs and models, and goes before them when they are purged. */
  purgeFirst(step: PurgeStep): void;
  start(): Promise<void>;
  /** In the processes that do jobs. */
  startWork(): Promise<void>;
  /** After what was logged last has been announced. */
  stop(): Promise<void>;
}
