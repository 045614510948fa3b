import type { ImportedExperiment, ImportedLoggedModel, ImportedRun, ImportedVersion } from '@flyball/api';

/** A value as JSON carries it. */
export type MetricNumber = number | 'NaN' | 'Infinity' | '-Infinity';
export type SourcePoint = [timestamp: number, step: number, value: MetricNumber];

/** Points of one metric; a long one comes in several pieces. */
export interface SourceSeries {
  readonly key: string;
  readonly points: SourcePoint[];
}

export type SourceExperiment = ImportedExperiment;
/** With the id of its experiment there. */
export type SourceRun = ImportedRun & { readonly artifactUri: string };
export type SourceLoggedModel = ImportedLoggedModel & { readonly artifactUri: string };

export interface SourceModel {
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Record<string, number>>;
}

export interface SourceVersion extends Omit<ImportedVersion, 'from'> {
  readonly version: number;
  /** Where its files are there. */
  readonly location: string;
}

export interface SourceFile {
  readonly path: string;
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

/** What has artifacts: a run or a logged model. */
export interface ArtifactOwner {
  readonly kind: 'run' | 'model';
  readonly id: string;
  readonly experimentId: string;
  readonly artifactUri: string;
}

/** Where runs come from: everything another MLflow store knows, in one form. */
export interface MlflowSource {
  readonly title: string;
  /** What could not be read, a sentence each; grows while reading. */
  readonly problems: string[];
  /** `null` where only reading them all would tell. */
  countRuns(): number | null;
  experiments(): AsyncIterable<SourceExperiment>;
  runs(experimentId: string): AsyncIterable<SourceRun>;
  series(run: SourceRun): AsyncIterable<SourceSeries>;
  /** How many different points a run has. */
  countPoints(run: SourceRun): Promise<number>;
  loggedModels(experimentId: string): AsyncIterable<SourceLoggedModel>;
  models(): AsyncIterable<SourceModel>;
  versions(model: string): AsyncIterable<SourceVersion>;
  /** `null` when its artifacts cannot be read from here. */
  files(owner: ArtifactOwner): Promise<readonly SourceFile[] | null>;
  close(): void;
}

export const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export const modelStatuses = ['UNSPECIFIED', 'PENDING', 'READY', 'FAILED'] as const;

/** A number that JSON may have no word for. */
export function metricNumber(value: number): MetricNumber {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return 'Infinity';
  return value === Number.NEGATIVE_INFINITY ? '-Infinity' : value;
}

export async function countSeries(series: AsyncIterable<SourceSeries>): Promise<number> {
  let count = 0;
  for await (const { points } of series) count += points.length;
  return count;
}

const MOST_POINTS = 5_000;

/** Each point once, in pieces: stores of files keep what a client has sent twice. */
export function* seriesOnce(key: string, points: Iterable<SourcePoint>): Generator<SourceSeries> {
  const seen = new Set<string>();
  let piece: SourcePoint[] = [];
  for (const point of points) {
    const name = point.join(' ');
    if (seen.has(name)) continue;
    seen.add(name);
    if (piece.push(point) < MOST_POINTS) continue;
    yield { key, points: piece };
    piece = [];
  }
  if (piece.length > 0) yield { key, points: piece };
}
