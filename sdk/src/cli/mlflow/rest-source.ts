import { PlatformError } from '@flyball/api';
import { number, text } from './folder-reading.ts';
import { type Json, type MlflowAddress, MlflowHttp } from './mlflow-http.ts';
import {
  type ArtifactOwner,
  countSeries,
  type MlflowSource,
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
import { experimentOf, listOf, loggedModelOf, modelOf, pointOf, runOf, versionOf } from './rest-messages.ts';

const api = '/api/2.0/mlflow';
const isPrompt = "tag.`mlflow.prompt.is_prompt` = 'true'";
const quoted = (name: string): string => (name.includes("'") ? `"${name}"` : `'${name}'`);
const isOwn = (error: unknown): error is PlatformError =>
  error instanceof PlatformError && error.code !== 'unavailable' && error.code !== 'not_allowed';

/** A server that speaks MLflow's protocol. */
export class RestSource implements MlflowSource {
  readonly title: string;
  readonly problems: string[] = [];
  readonly #http: MlflowHttp;
  readonly #metrics = new WeakMap<SourceRun, readonly string[]>();

  constructor(address: MlflowAddress) {
    this.title = address.url;
    this.#http = new MlflowHttp(address);
  }

  countRuns(): null {
    return null;
  }

  async *experiments(): AsyncGenerator<SourceExperiment> {
    const input = { view_type: 'ALL', max_results: 1000 };
    const found: SourceExperiment[] = [];
    for await (const one of this.#http.pages('post', `${api}/experiments/search`, 'experiments', input)) {
      found.push(experimentOf(one));
    }
    // The oldest first, so that new ids, where they are needed, keep the order.
    yield* found.sort((a, b) => a.createdAt - b.createdAt);
  }

  async *runs(experimentId: string): AsyncGenerator<SourceRun> {
    const input = { experiment_ids: [experimentId], run_view_type: 'ALL', max_results: 200 };
    for await (const message of this.#http.pages('post', `${api}/runs/search`, 'runs', input)) {
      const { run, metrics } = runOf(message);
      this.#metrics.set(run, metrics);
      yield run;
    }
  }

  async *series(run: SourceRun): AsyncGenerator<SourceSeries> {
    for (const key of this.#metrics.get(run) ?? []) {
      const input = { run_id: run.runId, metric_key: key, max_results: 25_000 };
      const points: SourcePoint[] = [];
      for await (const point of this.#http.pages('get', `${api}/metrics/get-history`, 'metrics', input)) {
        points.push(pointOf(point));
      }
      yield* seriesOnce(key, points);
    }
  }

  async countPoints(run: SourceRun): Promise<number> {
    return await countSeries(this.series(run));
  }

  async *loggedModels(experimentId: string): AsyncGenerator<SourceLoggedModel> {
    const input = { experiment_ids: [experimentId], max_results: 50 };
    try {
      for await (const model of this.#http.pages('post', `${api}/logged-models/search`, 'models', input)) {
        yield loggedModelOf(model);
      }
    } catch (error) {
      // Servers before 3.0 have none, and say so each in its way.
      if (!(error instanceof TypeError) && !(isOwn(error) && error.code === 'not_found')) throw error;
    }
  }

  async *models(): AsyncGenerator<SourceModel> {
    const seen = new Set<string>();
    // Prompts are registered models too, which only those who ask for them get.
    for (const filter of ['', isPrompt]) {
      const input = { max_results: 100, ...(filter === '' ? {} : { filter }) };
      for await (const message of this.#http.pages(
        'get',
        `${api}/registered-models/search`,
        'registered_models',
        input,
      )) {
        const model = modelOf(message);
        if (seen.has(model.name)) continue;
        seen.add(model.name);
        yield await this.#whole(model);
      }
    }
  }

  /** Searches leave out the aliases. */
  async #whole(model: SourceModel): Promise<SourceModel> {
    const found = await this.#http.get(`${api}/registered-models/get`, { name: model.name });
    return modelOf((found['registered_model'] as Json | undefined) ?? {});
  }

  async *versions(model: string): AsyncGenerator<SourceVersion> {
    const seen = new Set<number>();
    for (const more of ['', ` AND ${isPrompt}`]) {
      const input = { filter: `name = ${quoted(model)}${more}`, max_results: 1000 };
      for await (const message of this.#http.pages('get', `${api}/model-versions/search`, 'model_versions', input)) {
        const version = versionOf(message, await this.#locationOf(model, text(message['version'])));
        if (seen.has(version.version)) continue;
        seen.add(version.version);
        yield version;
      }
    }
  }

  async #locationOf(name: string, version: string): Promise<string> {
    try {
      const found = await this.#http.get(`${api}/model-versions/get-download-uri`, { name, version });
      return text(found['artifact_uri']);
    } catch (error) {
      if (isOwn(error) || error instanceof TypeError) return '';
      throw error;
    }
  }

  async files(owner: ArtifactOwner): Promise<readonly SourceFile[] | null> {
    try {
      return await this.#list(owner, '');
    } catch (error) {
      if (!isOwn(error) && !(error instanceof TypeError)) throw error;
      this.problems.push(`artifacts of ${owner.kind} ${owner.id} cannot be listed: ${error.message}`);
      return [];
    }
  }

  async #list(owner: ArtifactOwner, folder: string): Promise<SourceFile[]> {
    const [path, input] =
      owner.kind === 'run'
        ? [`${api}/artifacts/list`, { run_id: owner.id, ...(folder === '' ? {} : { path: folder }) }]
        : [
            `${api}/logged-models/${owner.id}/artifacts/directories`,
            folder === '' ? {} : { artifact_directory_path: folder },
          ];
    const files: SourceFile[] = [];
    for (const file of listOf(await this.#http.get(path, input), 'files')) {
      const name = text(file['path']);
      if (file['is_dir'] === true) files.push(...(await this.#list(owner, name)));
      else {
        const open = () => this.#open(owner, name);
        files.push({ path: name, sizeBytes: number(file['file_size']), open });
      }
    }
    return files;
  }

  #open(owner: ArtifactOwner, file: string): AsyncIterable<Uint8Array> {
    const proxied = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/i.exec(owner.artifactUri)?.[1];
    if (proxied !== undefined) {
      const place = `${proxied}/${file}`.split('/').map(encodeURIComponent).join('/');
      return this.#http.bytes(`/api/2.0/mlflow-artifacts/artifacts/${place}`);
    }
    if (owner.kind === 'run') return this.#http.bytes('/get-artifact', { run_id: owner.id, path: file });
    const path = `/ajax-api/2.0/mlflow/logged-models/${owner.id}/artifacts/files`;
    return this.#http.bytes(path, { artifact_file_path: file });
  }

  close(): void {}
}
