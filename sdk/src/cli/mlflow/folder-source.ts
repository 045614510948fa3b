import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import {
  foldersIn,
  isMeta,
  keysBelow,
  type Meta,
  number,
  pythonNumber,
  readMeta,
  readPairs,
  text,
  textOrNull,
} from './folder-reading.ts';
import { LocalArtifacts } from './local-artifacts.ts';
import {
  type ArtifactOwner,
  countSeries,
  type MlflowSource,
  metricNumber,
  modelStatuses,
  runStatuses,
  type SourceExperiment,
  type SourceFile,
  type SourceLoggedModel,
  type SourceModel,
  type SourcePoint,
  type SourceRun,
  type SourceSeries,
  type SourceVersion,
  seriesOnce,
} from './mlflow-source.ts';
import type { LocalSourceOptions } from './sqlite-source.ts';

const TRASH = '.trash';
/** What lies in the folder of an experiment or store beside runs and experiments. */
const notRuns = new Set(['datasets', 'models', 'tags', 'traces', 'scorers', 'assessments']);
const notExperiments = new Set([TRASH, 'models', 'webhooks', 'evaluation_datasets']);

const stageOf = (meta: Meta) => (meta['lifecycle_stage'] === 'deleted' ? ('deleted' as const) : ('active' as const));
const statusOf = (meta: Meta) => runStatuses[number(meta['status']) - 1] ?? 'FINISHED';
const versionStages = ['None', 'Staging', 'Production', 'Archived'] as const;

async function* pointsOf(file: string, problems: string[]): AsyncGenerator<string[]> {
  const lines = createInterface({ input: createReadStream(file, 'utf8') });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    const words = line.trim().split(' ');
    const [timestamp = '', value = '', step = '0'] = words;
    const isWhole = /^-?\d+$/.test(timestamp) && /^-?\d+$/.test(step);
    if (isWhole && (!Number.isNaN(pythonNumber(value)) || /^[+-]?nan$/i.test(value)) && value !== '') yield words;
    else problems.push(`${file}: line ${number} is no point of a metric; it was left out`);
  }
}

/** A folder in which MLflow's file store has kept experiments, runs and models. */
export class FolderSource implements MlflowSource {
  readonly title: string;
  readonly problems: string[] = [];
  /** By experiment id. */
  readonly #experiments = new Map<string, { readonly folder: string; readonly meta: Meta }>();
  #runs = 0;
  #artifacts: LocalArtifacts | undefined;

  private constructor(folder: string) {
    this.title = folder;
  }

  static async open(folder: string, { artifactRoots }: LocalSourceOptions): Promise<FolderSource> {
    const source = new FolderSource(folder);
    for (const parent of [folder, path.join(folder, TRASH)]) await source.#findExperiments(parent);
    if (source.#experiments.size === 0) {
      throw new TypeError(`${folder} is no mlruns folder: no folder in it has the meta.yaml of an experiment`);
    }
    const base = path.resolve(folder, '..');
    const usual = [folder, path.join(base, 'mlartifacts')];
    const roots = artifactRoots.length > 0 ? artifactRoots : usual;
    source.#artifacts = await LocalArtifacts.open(base, roots, source.problems);
    return source;
  }

  async #findExperiments(parent: string): Promise<void> {
    for (const name of await foldersIn(parent)) {
      if (notExperiments.has(name)) continue;
      const folder = path.join(parent, name);
      const meta = await readMeta(folder);
      if (meta === null || text(meta['name']) === '') {
        this.problems.push(`${folder} has no whole meta.yaml; the experiment was left out`);
        continue;
      }
      this.#experiments.set(text(meta['experiment_id']) || name, { folder, meta });
      this.#runs += (await foldersIn(folder)).filter((one) => !notRuns.has(one)).length;
    }
  }

  countRuns(): number {
    return this.#runs;
  }

  async *experiments(): AsyncGenerator<SourceExperiment> {
    for (const [experimentId, { folder, meta }] of this.#experiments) {
      const { birthtimeMs } = await stat(folder);
      const createdAt = number(meta['creation_time'] ?? birthtimeMs);
      yield {
        experimentId,
        name: text(meta['name']),
        stage: stageOf(meta),
        createdAt,
        updatedAt: number(meta['last_update_time'] ?? createdAt),
        tags: await readPairs(path.join(folder, 'tags')),
      };
    }
  }

  async *runs(experimentId: string): AsyncGenerator<SourceRun> {
    const { folder: parent } = this.#experiments.get(experimentId)!;
    for (const name of await foldersIn(parent)) {
      if (notRuns.has(name)) continue;
      const folder = path.join(parent, name);
      const meta = await readMeta(folder);
      const runId = text(meta?.['run_id'] ?? meta?.['run_uuid']);
      if (meta === null || runId !== name) {
        this.problems.push(`${folder} has no whole meta.yaml; the run was left out`);
        continue;
      }
      yield await this.#runOf(experimentId, folder, meta);
    }
  }

  async #runOf(experimentId: string, folder: string, meta: Meta): Promise<SourceRun> {
    const tags = await readPairs(path.join(folder, 'tags'));
    const { inputs, modelInputs } = await this.#inputsOf(folder);
    return {
      runId: path.basename(folder),
      experimentId,
      name: text(meta['run_name'] ?? meta['name']) || tags['mlflow.runName'] || '',
      user: text(meta['user_id']),
      status: statusOf(meta),
      stage: stageOf(meta),
      startTime: number(meta['start_time']),
      endTime: meta['end_time'] === null || meta['end_time'] === undefined ? null : number(meta['end_time']),
      params: await readPairs(path.join(folder, 'params')),
      tags,
      inputs,
      modelInputs,
      modelOutputs: await this.#outputsOf(folder),
      artifactUri: text(meta['artifact_uri']),
    };
  }

  async #inputsOf(run: string): Promise<Pick<SourceRun, 'inputs' | 'modelInputs'>> {
    const inputs: SourceRun['inputs'] = [];
    const modelInputs: string[] = [];
    for (const name of await foldersIn(path.join(run, 'inputs'))) {
      const meta = await readMeta(path.join(run, 'inputs', name));
      if (meta === null) {
        this.problems.push(`${path.join(run, 'inputs', name)} has no whole meta.yaml; the input was left out`);
      } else if (meta['source_type'] === 'DATASET') {
        const dataset = await this.#datasetOf(run, text(meta['source_id']), meta['tags']);
        if (dataset !== null) inputs.push(dataset);
      } else modelInputs.push(text(meta['destination_id']));
    }
    return { inputs, modelInputs };
  }

  async #datasetOf(run: string, id: string, tags: unknown): Promise<SourceRun['inputs'][number] | null> {
    const folder = path.join(path.dirname(run), 'datasets', path.basename(id));
    const meta = await readMeta(folder);
    if (meta === null) {
      this.problems.push(`${folder} has no whole meta.yaml; the input of run ${path.basename(run)} was left out`);
      return null;
    }
    return {
      name: text(meta['name']),
      digest: text(meta['digest']),
      sourceType: text(meta['source_type']),
      source: text(meta['source']),
      schema: textOrNull(meta['schema']),
      profile: textOrNull(meta['profile']),
      tags: Object.fromEntries(Object.entries(isMeta(tags) ? tags : {}).map(([key, value]) => [key, text(value)])),
    };
  }

  async #outputsOf(run: string): Promise<SourceRun['modelOutputs']> {
    const outputs: SourceRun['modelOutputs'] = [];
    for (const name of await foldersIn(path.join(run, 'outputs'))) {
      const meta = await readMeta(path.join(run, 'outputs', name));
      if (meta !== null) outputs.push({ modelId: text(meta['destination_id']), step: number(meta['step']) });
    }
    return outputs;
  }

  async *series({ experimentId, runId }: SourceRun): AsyncGenerator<SourceSeries> {
    const folder = path.join(this.#experiments.get(experimentId)!.folder, runId, 'metrics');
    for (const key of await keysBelow(folder)) {
      const points: SourcePoint[] = [];
      for await (const [timestamp, value = '', step = '0'] of pointsOf(path.join(folder, key), this.problems)) {
        points.push([Number(timestamp), Number(step), metricNumber(pythonNumber(value))]);
      }
      yield* seriesOnce(key, points);
    }
  }

  async countPoints(run: SourceRun): Promise<number> {
    const before = this.problems.length;
    const count = await countSeries(this.series(run));
    // What cannot be read is told when it is read for good.
    if (this.problems.length > before) this.problems.length = before;
    return count;
  }

  async *loggedModels(experimentId: string): AsyncGenerator<SourceLoggedModel> {
    const parent = path.join(this.#experiments.get(experimentId)!.folder, 'models');
    for (const modelId of await foldersIn(parent)) {
      const folder = path.join(parent, modelId);
      const meta = await readMeta(folder);
      if (meta === null) {
        this.problems.push(`${folder} has no whole meta.yaml; the logged model was left out`);
        continue;
      }
      yield {
        modelId,
        experimentId,
        name: text(meta['name']),
        modelType: text(meta['model_type']),
        sourceRunId: textOrNull(meta['source_run_id']),
        status: modelStatuses[number(meta['status'])] ?? 'UNSPECIFIED',
        statusMessage: text(meta['status_message']),
        stage: stageOf(meta),
        createdAt: number(meta['creation_timestamp']),
        updatedAt: number(meta['last_updated_timestamp']),
        params: await readPairs(path.join(folder, 'params')),
        tags: await readPairs(path.join(folder, 'tags')),
        metrics: await this.#modelMetrics(path.join(folder, 'metrics')),
        artifactUri: text(meta['artifact_location']),
      };
    }
  }

  async #modelMetrics(folder: string): Promise<SourceLoggedModel['metrics']> {
    const metrics: SourceLoggedModel['metrics'] = [];
    for (const key of await keysBelow(folder)) {
      for await (const words of pointsOf(path.join(folder, key), this.problems)) {
        const [timestamp, value = '', step = '0', runId = '', datasetName = '', datasetDigest = ''] = words;
        const found = { value: metricNumber(pythonNumber(value)), step: Number(step), timestamp: Number(timestamp) };
        metrics.push({ key, ...found, runId, datasetName, datasetDigest });
      }
    }
    return metrics;
  }

  async *models(): AsyncGenerator<SourceModel> {
    for (const name of await foldersIn(path.join(this.title, 'models'))) {
      const folder = path.join(this.title, 'models', name);
      const meta = await readMeta(folder);
      if (meta === null) {
        this.problems.push(`${folder} has no whole meta.yaml; the registered model was left out`);
        continue;
      }
      const aliases = Object.entries(await readPairs(path.join(folder, 'aliases')));
      yield {
        name: text(meta['name']) || name,
        description: text(meta['description']),
        createdAt: number(meta['creation_timestamp']),
        updatedAt: number(meta['last_updated_timestamp']),
        tags: await readPairs(path.join(folder, 'tags')),
        aliases: Object.fromEntries(aliases.map(([alias, version]) => [alias, Number(version)])),
      };
    }
  }

  async *versions(model: string): AsyncGenerator<SourceVersion> {
    const parent = path.join(this.title, 'models', path.basename(model));
    for (const name of await foldersIn(parent)) {
      const version = Number(/^version-(\d+)$/.exec(name)?.[1]);
      if (Number.isNaN(version)) continue;
      const meta = await readMeta(path.join(parent, name));
      if (meta?.['current_stage'] === 'Deleted_Internal') continue;
      if (meta === null) {
        this.problems.push(`${path.join(parent, name)} has no whole meta.yaml; the version was left out`);
        continue;
      }
      const source = text(meta['source']);
      yield {
        version,
        description: text(meta['description']),
        runId: textOrNull(meta['run_id']),
        runLink: textOrNull(meta['run_link']),
        loggedModelId: textOrNull(meta['model_id']),
        source,
        location: text(meta['storage_location']) || (await this.#oldLocation(parent, name)) || source,
        stage: versionStages.find((stage) => stage === meta['current_stage']) ?? 'None',
        user: text(meta['user_id']),
        createdAt: number(meta['creation_timestamp']),
        updatedAt: number(meta['last_updated_timestamp']),
        tags: await readPairs(path.join(parent, name, 'tags')),
      };
    }
  }

  /** Stores of 2.x wrote it into a file beside. */
  async #oldLocation(model: string, version: string): Promise<string> {
    return (await readFile(path.join(model, version, 'storage_location'), 'utf8').catch(() => '')).trim();
  }

  async files({ kind, id, experimentId, artifactUri }: ArtifactOwner): Promise<readonly SourceFile[] | null> {
    const { folder } = this.#experiments.get(experimentId)!;
    const inside = path.relative(this.title, kind === 'run' ? path.join(folder, id) : path.join(folder, 'models', id));
    const own = (await this.#artifacts?.filesOf(path.resolve(this.title, inside, 'artifacts'))) ?? [];
    if (own.length > 0) return own;
    return (await this.#artifacts?.filesOf(artifactUri, [experimentId, id, 'artifacts'])) ?? null;
  }

  close(): void {
    this.#experiments.clear();
  }
}
