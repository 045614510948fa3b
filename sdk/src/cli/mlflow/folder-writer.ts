import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import {
  type MetricNumber,
  modelStatuses,
  runStatuses,
  type SourceExperiment,
  type SourceFile,
  type SourceLoggedModel,
  type SourceModel,
  type SourceRun,
  type SourceSeries,
  type SourceVersion,
} from './mlflow-source.ts';

const pythonWords = { NaN: 'nan', Infinity: 'inf', '-Infinity': '-inf' } as const;
const written = (value: MetricNumber): string => (typeof value === 'number' ? String(value) : pythonWords[value]);
const hashed = (...parts: string[]): string =>
  createHash('sha256').update(parts.join('\u0000')).digest('hex').slice(0, 32);

/** A place below a folder; names come from a server, and none may lead out. */
function inside(folder: string, name: string): string {
  const bad = /[\\\p{Cc}]/u.test(name) || name.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (bad) throw new TypeError(`"${name}" cannot be the name of a file`);
  return path.join(folder, ...name.split('/'));
}

async function write(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** As PyYAML reads it: every text in quotes, so that none is taken for something else. */
async function writeMeta(folder: string, meta: object): Promise<void> {
  const options = { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 } as const;
  await write(path.join(folder, 'meta.yaml'), stringify(meta, options));
}

async function writePairs(folder: string, pairs: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [key, value] of Object.entries(pairs)) await write(inside(folder, key), value);
}

/** Writes a folder that MLflow's file store reads. */
export class FolderWriter {
  readonly #root: string;
  /** By experiment id. */
  readonly #folders = new Map<string, string>();

  private constructor(root: string) {
    this.#root = root;
  }

  /** In a new or empty folder. */
  static async open(root: string): Promise<FolderWriter> {
    await mkdir(root, { recursive: true });
    if ((await readdir(root)).length > 0) throw new TypeError(`${root} is not empty; name a new folder`);
    return new FolderWriter(path.resolve(root));
  }

  /** Where MLflow looks for something of an experiment once it is out of the trash. */
  #uri(experimentId: string, ...below: string[]): string {
    return pathToFileURL(path.join(this.#root, experimentId, ...below)).href;
  }

  runUri = ({ experimentId, runId }: SourceRun): string => this.#uri(experimentId, runId, 'artifacts');
  modelUri = ({ experimentId, modelId }: SourceLoggedModel): string =>
    this.#uri(experimentId, 'models', modelId, 'artifacts');

  async experiment({ experimentId, name, stage, createdAt, updatedAt, tags }: SourceExperiment): Promise<void> {
    const folder = inside(stage === 'deleted' ? path.join(this.#root, '.trash') : this.#root, experimentId);
    this.#folders.set(experimentId, folder);
    await writeMeta(folder, {
      artifact_location: this.#uri(experimentId),
      creation_time: createdAt,
      experiment_id: experimentId,
      last_update_time: updatedAt,
      lifecycle_stage: stage,
      name,
    });
    await writePairs(path.join(folder, 'tags'), tags);
  }

  #runFolder = ({ experimentId, runId }: SourceRun): string => inside(this.#folders.get(experimentId)!, runId);
  #modelFolder = ({ experimentId, modelId }: SourceLoggedModel): string =>
    inside(path.join(this.#folders.get(experimentId)!, 'models'), modelId);

  async run(run: SourceRun): Promise<void> {
    const folder = this.#runFolder(run);
    await writePairs(path.join(folder, 'params'), run.params);
    await writePairs(path.join(folder, 'tags'), run.tags);
    for (const name of ['metrics', 'artifacts']) await mkdir(path.join(folder, name), { recursive: true });
    for (const input of run.inputs) await this.#input(folder, input);
    for (const { modelId, step } of run.modelOutputs) {
      const meta = { source_id: modelId, source_type: 'RUN_OUTPUT', destination_type: 'MODEL_OUTPUT', step };
      await writeMeta(inside(path.join(folder, 'outputs'), modelId), { ...meta, destination_id: modelId, tags: {} });
    }
    for (const modelId of run.modelInputs) {
      const meta = { source_id: run.runId, source_type: 'RUN_INPUT', destination_type: 'MODEL_INPUT', tags: {} };
      await writeMeta(inside(path.join(folder, 'inputs'), modelId), { ...meta, destination_id: modelId });
    }
    await writeMeta(folder, {
      artifact_uri: this.runUri(run),
      deleted_time: run.stage === 'deleted' ? (run.endTime ?? run.startTime) : null,
      end_time: run.endTime,
      entry_point_name: '',
      experiment_id: run.experimentId,
      lifecycle_stage: run.stage,
      run_id: run.runId,
      run_name: run.name,
      run_uuid: run.runId,
      source_name: '',
      source_type: 4,
      source_version: '',
      start_time: run.startTime,
      status: runStatuses.indexOf(run.status) + 1,
      tags: [],
      user_id: run.user,
    });
  }

  async #input(run: string, { tags, ...dataset }: SourceRun['inputs'][number]): Promise<void> {
    const id = hashed(dataset.name, dataset.digest);
    await writeMeta(path.join(path.dirname(run), 'datasets', id), {
      digest: dataset.digest,
      name: dataset.name,
      profile: dataset.profile,
      schema: dataset.schema,
      source: dataset.source,
      source_type: dataset.sourceType,
    });
    await writeMeta(path.join(run, 'inputs', hashed(id, path.basename(run))), {
      destination_id: path.basename(run),
      destination_type: 'RUN',
      source_id: id,
      source_type: 'DATASET',
      tags,
    });
  }

  async series(run: SourceRun, { key, points }: SourceSeries): Promise<void> {
    const file = inside(path.join(this.#runFolder(run), 'metrics'), key);
    await mkdir(path.dirname(file), { recursive: true });
    const lines = points.map(([timestamp, step, value]) => `${timestamp} ${written(value)} ${step}\n`);
    await writeFile(file, lines.join(''), { flag: 'a' });
  }

  async loggedModel(model: SourceLoggedModel): Promise<void> {
    const folder = this.#modelFolder(model);
    await writePairs(path.join(folder, 'params'), model.params);
    await writePairs(path.join(folder, 'tags'), model.tags);
    for (const name of ['metrics', 'artifacts']) await mkdir(path.join(folder, name), { recursive: true });
    for (const { key, timestamp, value, step, runId, datasetName, datasetDigest } of model.metrics) {
      const file = inside(path.join(folder, 'metrics'), key);
      await mkdir(path.dirname(file), { recursive: true });
      const dataset = datasetName === '' ? '' : ` ${datasetName} ${datasetDigest}`;
      await writeFile(file, `${timestamp} ${written(value)} ${step} ${runId}${dataset}\n`, { flag: 'a' });
    }
    await writeMeta(folder, {
      artifact_location: this.modelUri(model),
      creation_timestamp: model.createdAt,
      experiment_id: model.experimentId,
      last_updated_timestamp: model.updatedAt,
      model_id: model.modelId,
      model_type: model.modelType === '' ? null : model.modelType,
      name: model.name,
      source_run_id: model.sourceRunId,
      status: modelStatuses.indexOf(model.status),
      status_message: model.statusMessage === '' ? null : model.statusMessage,
    });
  }

  async file(owner: { run: SourceRun } | { model: SourceLoggedModel }, file: SourceFile): Promise<void> {
    const folder = 'run' in owner ? this.#runFolder(owner.run) : this.#modelFolder(owner.model);
    const place = inside(path.join(folder, 'artifacts'), file.path);
    await mkdir(path.dirname(place), { recursive: true });
    await pipeline(file.open(), createWriteStream(place));
  }

  async model(model: SourceModel): Promise<void> {
    const folder = inside(path.join(this.#root, 'models'), model.name);
    await writeMeta(folder, {
      aliases: Object.fromEntries(Object.entries(model.aliases).map(([alias, version]) => [alias, String(version)])),
      creation_timestamp: model.createdAt,
      description: model.description || null,
      last_updated_timestamp: model.updatedAt,
      name: model.name,
    });
    await writePairs(path.join(folder, 'tags'), model.tags);
    for (const [alias, version] of Object.entries(model.aliases)) {
      await write(inside(path.join(folder, 'aliases'), alias), String(version));
    }
  }

  /** `location` is where its files are in what was written. */
  async version(model: string, version: SourceVersion, location: string): Promise<void> {
    const folder = inside(path.join(this.#root, 'models'), `${model}/version-${version.version}`);
    await writePairs(path.join(folder, 'tags'), version.tags);
    await writeMeta(folder, {
      creation_timestamp: version.createdAt,
      current_stage: version.stage,
      description: version.description || null,
      last_updated_timestamp: version.updatedAt,
      model_id: version.loggedModelId,
      name: model,
      run_id: version.runId,
      run_link: version.runLink,
      source: /^(models|runs):/i.test(version.source) ? version.source : location,
      status: 'READY',
      status_message: null,
      storage_location: location,
      user_id: version.user,
      version: version.version,
    });
  }
}
