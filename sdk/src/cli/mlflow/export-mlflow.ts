import { FolderSource } from './folder-source.ts';
import type { FolderWriter } from './folder-writer.ts';
import { type CountedThing, type ImportReport, Tally } from './import-report.ts';
import type { MlflowSource, SourceFile, SourceLoggedModel, SourceRun } from './mlflow-source.ts';

type Count = (what: CountedThing, amount: number) => void;

const sizeOf = (values: object): number => Object.keys(values).length;

function countRun(count: Count, run: SourceRun): void {
  count('runs', 1);
  count('deleted runs', run.stage === 'deleted' ? 1 : 0);
  count('params', sizeOf(run.params));
  count('tags', sizeOf(run.tags));
  count('dataset inputs', run.inputs.length);
}

function countFiles(count: Count, files: readonly SourceFile[] | null): void {
  for (const { sizeBytes } of files ?? []) {
    count('artifact files', 1);
    count('artifact bytes', sizeBytes);
  }
}

const ownerOfRun = (run: SourceRun) => ({ ...run, kind: 'run' as const, id: run.runId });
const ownerOfModel = (model: SourceLoggedModel) => ({ ...model, kind: 'model' as const, id: model.modelId });

/** Everything a source knows, counted. */
async function countSource(source: MlflowSource, count: Count): Promise<void> {
  for await (const { experimentId } of source.experiments()) {
    count('experiments', 1);
    for await (const run of source.runs(experimentId)) {
      countRun(count, run);
      count('metric points', await source.countPoints(run));
      countFiles(count, await source.files(ownerOfRun(run)));
    }
    for await (const model of source.loggedModels(experimentId)) {
      count('logged models', 1);
      countFiles(count, await source.files(ownerOfModel(model)));
    }
  }
  for await (const { name, aliases } of source.models()) {
    count('registered models', 1);
    count('aliases', sizeOf(aliases));
    for await (const _ of source.versions(name)) count('model versions', 1);
  }
}

/** Writes everything of a source into a folder, reads the folder again, and counts both. */
export class MlflowExport {
  readonly #source: MlflowSource;
  readonly #writer: FolderWriter;
  readonly #tally = new Tally();
  /** Places there and here: of runs and logged models. */
  readonly #places: (readonly [there: string, here: string])[] = [];

  constructor(source: MlflowSource, writer: FolderWriter) {
    this.#source = source;
    this.#writer = writer;
  }

  #count: Count = (what, amount) => this.#tally.add(what, amount, 0);

  async run(folder: string): Promise<ImportReport> {
    const source = this.#source;
    for await (const experiment of source.experiments()) {
      await this.#writer.experiment(experiment);
      this.#count('experiments', 1);
      for await (const run of source.runs(experiment.experimentId)) await this.#writeRun(run);
      for await (const model of source.loggedModels(experiment.experimentId)) await this.#writeLoggedModel(model);
    }
    await this.#writeModels();
    const options = { artifactRoots: [], workspace: 'default' };
    const written = await FolderSource.open(folder, options);
    await countSource(written, (what, amount) => this.#tally.add(what, 0, amount));
    return this.#tally.report(source.title, folder, [...source.problems, ...written.problems]);
  }

  async #writeRun(run: SourceRun): Promise<void> {
    countRun(this.#count, run);
    this.#places.push([run.artifactUri, this.#writer.runUri(run)]);
    await this.#writer.run(run);
    for await (const series of this.#source.series(run)) {
      await this.#writer.series(run, series);
      this.#count('metric points', series.points.length);
    }
    const files = await this.#source.files(ownerOfRun(run));
    countFiles(this.#count, files);
    for (const file of files ?? []) await this.#writer.file({ run }, file);
  }

  async #writeLoggedModel(model: SourceLoggedModel): Promise<void> {
    this.#count('logged models', 1);
    this.#places.push([model.artifactUri, this.#writer.modelUri(model)]);
    await this.#writer.loggedModel(model);
    const files = await this.#source.files(ownerOfModel(model));
    countFiles(this.#count, files);
    for (const file of files ?? []) await this.#writer.file({ model }, file);
  }

  async #writeModels(): Promise<void> {
    const places = new Map(this.#places);
    for await (const model of this.#source.models()) {
      await this.#writer.model(model);
      this.#count('registered models', 1);
      this.#count('aliases', sizeOf(model.aliases));
      for await (const version of this.#source.versions(model.name)) {
        this.#count('model versions', 1);
        await this.#writer.version(model.name, version, placeOf(places, version.location));
      }
    }
  }
}

/** The same place among what was written: that of the run or model it lies in, with what is below. */
function placeOf(places: ReadonlyMap<string, string>, location: string): string {
  for (let end = location.length; end > 0; end = location.lastIndexOf('/', end - 1)) {
    const here = places.get(location.slice(0, end));
    if (here !== undefined) return here + location.slice(end);
  }
  return location;
}
