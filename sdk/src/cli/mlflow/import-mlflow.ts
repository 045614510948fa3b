import { type ImportedCounts, type ImportedVersion, PlatformError } from '@flyball/api';
import type { Flyball } from '../../connect.ts';
import { type ImportReport, Tally } from './import-report.ts';
import type {
  ArtifactOwner,
  MlflowSource,
  SourceExperiment,
  SourceLoggedModel,
  SourceModel,
  SourceRun,
  SourceSeries,
  SourceVersion,
} from './mlflow-source.ts';
import { type ArtifactTarget, uploadArtifact } from './upload-artifact.ts';

const EXPERIMENTS_AT_ONCE = 1_000;
const RUNS_AT_ONCE = 50;
const POINTS_AT_ONCE = 5_000;
const LANES = 4;

/** What stops one thing from being imported, but not the others. */
const ownProblems = new Set(['invalid_input', 'conflict', 'not_found', 'not_implemented']);

export interface ImportProgress {
  readonly begin: (title: string, total: number) => void;
  readonly add: (amount: number) => void;
  readonly end: () => void;
}

async function* chunksOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    if (chunk.push(item) < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/**
 * The experiment with the greatest id comes first: ids that are given out after it are beyond those of all others, be
 * these sent much later.
 */
async function* greatestIdFirst(experiments: AsyncIterable<SourceExperiment>): AsyncGenerator<SourceExperiment> {
  const all: SourceExperiment[] = [];
  for await (const one of experiments) all.push(one);
  if (all.length > EXPERIMENTS_AT_ONCE) {
    const greatest = all.reduce((a, b) => (idOf(b) > idOf(a) ? b : a));
    all.unshift(...all.splice(all.indexOf(greatest), 1));
  }
  yield* all;
}

/** Ids that are longer cannot be kept. */
const idOf = ({ experimentId }: SourceExperiment): number =>
  /^\d{1,9}$/.test(experimentId) ? Number(experimentId) : 0;

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const lane = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

const sizeOf = (values: Readonly<Record<string, string>>): number => Object.keys(values).length;
/** A location without what may be written in several ways. */
const plainPlace = (location: string): string => location.replace(/^file:\/*/i, '/').replace(/\/+$/, '');

/** Moves everything of a source into a project, at most once, and counts both sides. */
export class MlflowImport {
  readonly #source: MlflowSource;
  readonly #flyball: Flyball;
  readonly #target: ArtifactTarget;
  readonly #progress: ImportProgress;
  readonly #tally = new Tally();
  /** By run or model id: where its artifacts are in the source, for versions that lie there. */
  readonly #places = new Map<string, string>();

  constructor(source: MlflowSource, flyball: Flyball, target: ArtifactTarget, progress: ImportProgress) {
    this.#source = source;
    this.#flyball = flyball;
    this.#target = target;
    this.#progress = progress;
  }

  async run(): Promise<ImportReport> {
    const experiments = await this.#importExperiments();
    const total = this.#source.countRuns();
    this.#progress.begin(total === null ? 'experiments' : 'runs', total ?? experiments.size);
    for (const [sourceId, experimentId] of experiments) {
      for await (const runs of chunksOf(this.#source.runs(sourceId), RUNS_AT_ONCE)) {
        await this.#importRuns(runs, experimentId);
        if (total !== null) this.#progress.add(runs.length);
      }
      for await (const model of this.#source.loggedModels(sourceId)) await this.#importLoggedModel(model, experimentId);
      if (total === null) this.#progress.add(1);
    }
    this.#progress.end();
    for await (const model of this.#source.models()) await this.#importModel(model);
    return this.#tally.report(this.#source.title, `${this.#target.url} (${this.#target.project})`, this.#problems);
  }

  get #problems(): string[] {
    return this.#source.problems;
  }

  /** Whether it was done; a problem of one thing is kept for the report. */
  async #attempt(what: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof PlatformError) || !ownProblems.has(error.code)) throw error;
      this.#problems.push(`${what}: ${error.message}`);
      return false;
    }
  }

  async #importExperiments(): Promise<Map<string, string>> {
    const ids = new Map<string, string>();
    // Together, so that those with new ids do not take the ids of others.
    for await (const experiments of chunksOf(greatestIdFirst(this.#source.experiments()), EXPERIMENTS_AT_ONCE)) {
      try {
        await this.#sendExperiments(experiments, ids);
      } catch (error) {
        if (!(error instanceof PlatformError) || !ownProblems.has(error.code)) throw error;
        for (const one of experiments) {
          await this.#attempt(`experiment "${one.name}"`, () => this.#sendExperiments([one], ids));
        }
      }
      for (const { experimentId } of experiments) this.#tally.add('experiments', 1, ids.has(experimentId) ? 1 : 0);
    }
    return ids;
  }

  async #sendExperiments(experiments: SourceExperiment[], ids: Map<string, string>): Promise<void> {
    const names = new Map(experiments.map(({ experimentId, name }) => [experimentId, name]));
    const { items } = await this.#flyball.importExperiments({ body: { experiments } });
    for (const { sourceId, experimentId } of items) {
      ids.set(sourceId, experimentId);
      if (experimentId === sourceId) continue;
      this.#tally.mapped.push({ name: names.get(sourceId) ?? '', sourceId, experimentId });
    }
  }

  async #importRuns(runs: readonly SourceRun[], experimentId: string): Promise<void> {
    const { known, before } = await this.#sendRuns(runs, experimentId);
    const points = new Map<string, number>();
    await inLanes(known, async (run) => {
      await this.#attempt(`metrics of run ${run.runId}`, async () => {
        points.set(run.runId, await this.#importPoints(run, before.get(run.runId)?.points ?? 0));
      });
      await this.#importFiles({ ...run, kind: 'run', id: run.runId });
    });
    const after = await this.#countsOf(known);
    for (const run of runs) this.#tallyRun(run, points.get(run.runId) ?? 0, after.get(run.runId));
  }

  /** Sends runs together, and one by one if one of them is refused. */
  async #sendRuns(runs: readonly SourceRun[], experimentId: string) {
    const bodies = runs.map(({ artifactUri: _, ...run }) => ({ ...run, experimentId }));
    for (const run of runs) this.#places.set(run.runId, plainPlace(run.artifactUri));
    const before = await this.#countsOf(runs);
    try {
      await this.#flyball.importRuns({ body: { runs: bodies } });
      return { known: runs, before };
    } catch (error) {
      if (!(error instanceof PlatformError) || !ownProblems.has(error.code)) throw error;
    }
    const known: SourceRun[] = [];
    for (const [i, run] of runs.entries()) {
      const send = async () => await this.#flyball.importRuns({ body: { runs: [bodies[i]!] } });
      if (await this.#attempt(`run ${run.runId}`, send)) known.push(run);
    }
    return { known, before };
  }

  async #countsOf(runs: readonly SourceRun[]): Promise<Map<string, ImportedCounts>> {
    const { items } = await this.#flyball.countImportedRuns({ body: { runIds: runs.map(({ runId }) => runId) } });
    return new Map(items.map((counts) => [counts.runId, counts]));
  }

  #tallyRun(run: SourceRun, points: number, here: ImportedCounts | undefined): void {
    const tally = this.#tally;
    tally.add('runs', 1, here === undefined ? 0 : 1);
    tally.add('deleted runs', run.stage === 'deleted' ? 1 : 0, here?.stage === 'deleted' ? 1 : 0);
    tally.add('metric points', points, here?.points ?? 0);
    tally.add('params', sizeOf(run.params), here?.params ?? 0);
    tally.add('tags', sizeOf(run.tags), here?.tags ?? 0);
    tally.add('dataset inputs', run.inputs.length, here?.inputs ?? 0);
  }

  /** How many points the source has. Those that are here from an earlier time are not sent when all of them are. */
  async #importPoints(run: SourceRun, here: number): Promise<number> {
    if (here > 0 && (await this.#source.countPoints(run)) === here) return here;
    let count = 0;
    let waiting: SourceSeries[] = [];
    let size = 0;
    const send = async () => {
      if (size > 0) await this.#flyball.importMetrics({ params: { run: run.runId }, body: { series: waiting } });
      waiting = [];
      size = 0;
    };
    for await (const series of this.#source.series(run)) {
      if (size + series.points.length > POINTS_AT_ONCE) await send();
      waiting.push(series);
      size += series.points.length;
      count += series.points.length;
    }
    await send();
    return count;
  }

  async #importFiles(owner: ArtifactOwner): Promise<void> {
    const files = await this.#source.files(owner);
    if (files === null) {
      const advice = 'cannot be read from here; if they are on this machine, name their folder with --artifact-root';
      this.#problems.push(`artifacts of ${owner.kind} ${owner.id}: those at ${owner.artifactUri} ${advice}`);
      return;
    }
    if (files.length === 0) return;
    const params = { kind: owner.kind, id: owner.id };
    let here = 0;
    let hereBytes = 0;
    await this.#attempt(`artifacts of ${owner.kind} ${owner.id}`, async () => {
      const { folder, files: known } = await this.#flyball.listImportedFiles({ params });
      const sizes = new Map(known.map(({ path, sizeBytes }) => [path, sizeBytes]));
      for (const file of files) {
        if (sizes.get(file.path) === file.sizeBytes) continue;
        await this.#attempt(`${owner.kind} ${owner.id}`, () => uploadArtifact(this.#target, folder, file));
      }
      const after = new Map((await this.#flyball.listImportedFiles({ params })).files.map((file) => [file.path, file]));
      for (const { path } of files) {
        const found = after.get(path);
        if (found === undefined) continue;
        here++;
        hereBytes += found.sizeBytes;
      }
    });
    this.#tally.add('artifact files', files.length, here);
    this.#tally.add(
      'artifact bytes',
      files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      hereBytes,
    );
  }

  async #importLoggedModel({ artifactUri, ...model }: SourceLoggedModel, experimentId: string): Promise<void> {
    this.#places.set(model.modelId, plainPlace(artifactUri));
    const done = await this.#attempt(`logged model ${model.modelId}`, async () => {
      await this.#flyball.importLoggedModels({ body: { models: [{ ...model, experimentId }] } });
      await this.#importFiles({ kind: 'model', id: model.modelId, experimentId: model.experimentId, artifactUri });
    });
    this.#tally.add('logged models', 1, done ? 1 : 0);
  }

  async #importModel({ aliases, ...model }: SourceModel): Promise<void> {
    const { name } = model;
    const done = await this.#attempt(`registered model "${name}"`, async () => {
      await this.#flyball.importModel({ body: model });
    });
    this.#tally.add('registered models', 1, done ? 1 : 0);
    for await (const version of this.#source.versions(name)) {
      const isHere = done && (await this.#importVersion(name, version));
      this.#tally.add('model versions', 1, isHere ? 1 : 0);
    }
    const known = done ? (await this.#flyball.getModel({ params: { model: name } })).aliases : {};
    for (const [alias, version] of Object.entries(aliases)) {
      const isSet =
        known[alias] === version ||
        (await this.#attempt(`alias "${alias}" of "${name}"`, async () => {
          await this.#flyball.setModelAlias({ params: { model: name, alias }, body: { version } });
        }));
      this.#tally.add('aliases', 1, isSet ? 1 : 0);
    }
  }

  async #importVersion(model: string, { version, location, ...given }: SourceVersion): Promise<boolean> {
    return await this.#attempt(`version ${version} of "${model}"`, async () => {
      const from = this.#placeOf(given, location);
      await this.#flyball.importModelVersion({ params: { model, version }, body: { ...given, from } });
    });
  }

  /** Among what was imported, by its id or by where it lies. */
  #placeOf(version: Omit<SourceVersion, 'version' | 'location'>, location: string): ImportedVersion['from'] {
    const [, runId, below = ''] = /^runs:\/+([^/]+)\/?(.*)$/i.exec(version.source) ?? [];
    if (runId !== undefined && this.#places.has(runId)) return { kind: 'run', id: runId, path: below };
    const place = plainPlace(location);
    for (const [kind, id] of [
      ['model', version.loggedModelId],
      ['run', version.runId],
    ] as const) {
      const folder = id === null ? undefined : this.#places.get(id);
      if (id === null || folder === undefined) continue;
      if (place === folder || place === `models:/${id}`) return { kind, id, path: '' };
      if (place.startsWith(`${folder}/`)) return { kind, id, path: place.slice(folder.length + 1) };
    }
    return null;
  }
}
