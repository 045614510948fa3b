import path from 'node:path';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { LocalArtifacts } from './local-artifacts.ts';
import {
  type ArtifactOwner,
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
} from './mlflow-source.ts';

type Row = Record<string, SQLOutputValue>;

const PAGE = 10_000;

/** What the oldest supported schema has that older ones lack. */
const needed: Readonly<Record<string, string>> = {
  experiments: 'last_update_time',
  runs: 'deleted_time',
  metrics: 'is_nan',
  params: 'value',
  tags: 'value',
  datasets: 'digest',
  inputs: 'destination_id',
  input_tags: 'value',
  registered_models: 'name',
  registered_model_aliases: 'alias',
  model_versions: 'storage_location',
};

const text = (value: SQLOutputValue | undefined): string =>
  value === null || value === undefined ? '' : String(value);
const textOrNull = (value: SQLOutputValue | undefined): string | null => text(value) || null;
const number = (value: SQLOutputValue | undefined): number => Number(value ?? 0);
const stageOf = (row: Row) => (row['lifecycle_stage'] === 'deleted' ? ('deleted' as const) : ('active' as const));
const pairs = (rows: readonly Row[]): Record<string, string> =>
  Object.fromEntries(rows.map((row) => [text(row['key']), text(row['value'])]));

function oneOf<T extends string>(known: readonly T[], value: SQLOutputValue | undefined, usual: T): T {
  return known.find((one) => one === value) ?? usual;
}

const versionStages = ['None', 'Staging', 'Production', 'Archived'] as const;

export interface LocalSourceOptions {
  /** Folders below which artifacts are read; by default those that MLflow makes beside its store. */
  readonly artifactRoots: readonly string[];
  readonly workspace: string;
}

/** The SQLite database of an MLflow server or client, which nobody should write meanwhile. */
export class SqliteSource implements MlflowSource {
  readonly title: string;
  readonly problems: string[] = [];
  readonly #database: DatabaseSync;
  readonly #workspace: string;
  readonly #columns: ReadonlyMap<string, ReadonlySet<string>>;
  #artifacts: LocalArtifacts | undefined;

  private constructor(file: string, database: DatabaseSync, workspace: string) {
    this.title = file;
    this.#database = database;
    this.#workspace = workspace;
    const rows = database
      .prepare(
        `select m.name as entity, c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'`,
      )
      .all();
    const columns = new Map<string, Set<string>>();
    for (const { entity, name } of rows) {
      columns.set(text(entity), (columns.get(text(entity)) ?? new Set()).add(text(name)));
    }
    this.#columns = columns;
  }

  static async open(file: string, { artifactRoots, workspace }: LocalSourceOptions): Promise<SqliteSource> {
    const { DatabaseSync: Database } = await import('node:sqlite');
    let source: SqliteSource;
    try {
      source = new SqliteSource(file, new Database(file, { readOnly: true, timeout: 10_000 }), workspace);
    } catch (cause) {
      throw new TypeError(`${file} is not an SQLite database that can be read`, { cause });
    }
    source.#checkSchema();
    const folder = path.dirname(path.resolve(file));
    const usual = [path.join(folder, 'mlruns'), path.join(folder, 'mlartifacts')];
    const roots = artifactRoots.length > 0 ? artifactRoots : usual;
    source.#artifacts = await LocalArtifacts.open(folder, roots, source.problems);
    return source;
  }

  #checkSchema(): void {
    if (!this.#columns.has('experiments') || !this.#columns.has('runs')) {
      throw new TypeError(`${this.title} is an SQLite database, but not one of MLflow: it has no experiments and runs`);
    }
    const missing = Object.entries(needed).find(([name, column]) => this.#columns.get(name)?.has(column) !== true);
    if (missing !== undefined) {
      throw new TypeError(
        `${this.title} has the schema of an MLflow before 2.4 (no ${missing.join('.')}); copy it and run ` +
          '"mlflow db upgrade sqlite:///<the copy>", then import the copy',
      );
    }
  }

  #has(table: string, column: string): boolean {
    return this.#columns.get(table)?.has(column) === true;
  }

  #all(statement: string, ...values: (string | number)[]): Row[] {
    return this.#database.prepare(statement).all(...values);
  }

  /** Rows of a table that later versions divide into workspaces. */
  #own(table: string, more = '', ...values: (string | number)[]): Row[] {
    const isDivided = this.#has(table, 'workspace');
    const where = isDivided ? 'workspace = ?' : '1 = 1';
    return this.#all(
      `select * from ${table} where ${where} ${more}`,
      ...(isDivided ? [this.#workspace] : []),
      ...values,
    );
  }

  countRuns(): number {
    const isDivided = this.#has('experiments', 'workspace');
    const where = isDivided ? 'where e.workspace = ?' : '';
    const counted = `select count(*) as n from runs r join experiments e using (experiment_id) ${where}`;
    return number(this.#all(counted, ...(isDivided ? [this.#workspace] : []))[0]!['n']);
  }

  async *experiments(): AsyncGenerator<SourceExperiment> {
    for (const row of this.#own('experiments', 'order by experiment_id')) {
      const id = text(row['experiment_id']);
      const tags = this.#all('select key, value from experiment_tags where experiment_id = ?', Number(id));
      yield {
        experimentId: id,
        name: text(row['name']),
        stage: stageOf(row),
        createdAt: number(row['creation_time']),
        updatedAt: number(row['last_update_time'] ?? row['creation_time']),
        tags: pairs(tags),
      };
    }
  }

  async *runs(experimentId: string): AsyncGenerator<SourceRun> {
    const page = 'select rowid as place, * from runs where experiment_id = ? and rowid > ? order by rowid limit 500';
    for (let after = 0; ; ) {
      const rows = this.#all(page, Number(experimentId), after);
      for (const row of rows) yield this.#runOf(row);
      if (rows.length < 500) return;
      after = number(rows.at(-1)!['place']);
    }
  }

  #runOf(row: Row): SourceRun {
    const runId = text(row['run_uuid']);
    const params = pairs(this.#all('select key, value from params where run_uuid = ?', runId));
    const tags = pairs(this.#all('select key, value from tags where run_uuid = ?', runId));
    return {
      runId,
      experimentId: text(row['experiment_id']),
      name: text(row['name']) || tags['mlflow.runName'] || '',
      user: text(row['user_id']),
      status: oneOf(runStatuses, row['status'], 'FINISHED'),
      stage: stageOf(row),
      startTime: number(row['start_time']),
      endTime: row['end_time'] === null ? null : number(row['end_time']),
      params,
      tags,
      inputs: this.#inputsOf(runId),
      modelInputs: this.#modelsOf(runId, 'RUN_INPUT', 'MODEL_INPUT').map(({ modelId }) => modelId),
      modelOutputs: this.#modelsOf(runId, 'RUN_OUTPUT', 'MODEL_OUTPUT'),
      artifactUri: text(row['artifact_uri']),
    };
  }

  #inputsOf(runId: string): SourceRun['inputs'] {
    const found = `select i.input_uuid, d.* from inputs i join datasets d on d.dataset_uuid = i.source_id
      where i.source_type = 'DATASET' and i.destination_type = 'RUN' and i.destination_id = ?`;
    return this.#all(found, runId).map((row) => {
      const tags = 'select name as key, value from input_tags where input_uuid = ?';
      return {
        name: text(row['name']),
        digest: text(row['digest']),
        sourceType: text(row['dataset_source_type']),
        source: text(row['dataset_source']),
        schema: textOrNull(row['dataset_schema']),
        profile: textOrNull(row['dataset_profile']),
        tags: pairs(this.#all(tags, text(row['input_uuid']))),
      };
    });
  }

  #modelsOf(runId: string, from: string, to: string): { modelId: string; step: number }[] {
    const found = 'select * from inputs where source_type = ? and source_id = ? and destination_type = ?';
    return this.#all(found, from, runId, to).map((row) => ({
      modelId: text(row['destination_id']),
      step: number(row['step']),
    }));
  }

  async *series(run: SourceRun): AsyncGenerator<SourceSeries> {
    const page = `select rowid as place, key, value, timestamp, step, is_nan from metrics
      where run_uuid = ? and rowid > ? order by rowid limit ${PAGE}`;
    for (let after = 0; ; ) {
      const rows = this.#all(page, run.runId, after);
      const series = new Map<string, SourcePoint[]>();
      for (const row of rows) {
        const key = text(row['key']);
        const value = number(row['is_nan']) === 1 ? 'NaN' : metricNumber(number(row['value']));
        const points = series.get(key) ?? [];
        points.push([number(row['timestamp']), number(row['step']), value]);
        series.set(key, points);
      }
      for (const [key, points] of series) yield { key, points };
      if (rows.length < PAGE) return;
      after = number(rows.at(-1)!['place']);
    }
  }

  async countPoints({ runId }: SourceRun): Promise<number> {
    return number(this.#all('select count(*) as n from metrics where run_uuid = ?', runId)[0]!['n']);
  }

  async *loggedModels(experimentId: string): AsyncGenerator<SourceLoggedModel> {
    if (!this.#columns.has('logged_models')) return;
    for (const row of this.#all('select * from logged_models where experiment_id = ?', Number(experimentId))) {
      const modelId = text(row['model_id']);
      const ofModel = (kind: 'tag' | 'param') =>
        pairs(
          this.#all(
            `select ${kind}_key as key, ${kind}_value as value from logged_model_${kind}s where model_id = ?`,
            modelId,
          ),
        );
      yield {
        modelId,
        experimentId,
        name: text(row['name']),
        modelType: text(row['model_type']),
        sourceRunId: textOrNull(row['source_run_id']),
        status: modelStatuses[number(row['status'])] ?? 'UNSPECIFIED',
        statusMessage: text(row['status_message']),
        stage: stageOf(row),
        createdAt: number(row['creation_timestamp_ms']),
        updatedAt: number(row['last_updated_timestamp_ms']),
        params: ofModel('param'),
        tags: ofModel('tag'),
        metrics: this.#all('select * from logged_model_metrics where model_id = ?', modelId).map((metric) => ({
          key: text(metric['metric_name']),
          value: metricNumber(metric['metric_value'] === null ? Number.NaN : number(metric['metric_value'])),
          step: number(metric['metric_step']),
          timestamp: number(metric['metric_timestamp_ms']),
          runId: text(metric['run_id']),
          datasetName: text(metric['dataset_name']),
          datasetDigest: text(metric['dataset_digest']),
        })),
        artifactUri: text(row['artifact_location']),
      };
    }
  }

  async *models(): AsyncGenerator<SourceModel> {
    for (const row of this.#own('registered_models', 'order by name')) {
      const name = text(row['name']);
      const aliases = this.#own('registered_model_aliases', 'and name = ?', name);
      yield {
        name,
        description: text(row['description']),
        createdAt: number(row['creation_time']),
        updatedAt: number(row['last_updated_time']),
        tags: pairs(this.#own('registered_model_tags', 'and name = ?', name)),
        aliases: Object.fromEntries(aliases.map((alias) => [text(alias['alias']), number(alias['version'])])),
      };
    }
  }

  async *versions(model: string): AsyncGenerator<SourceVersion> {
    // A deleted version stays as a row in this stage.
    const kept = "and name = ? and current_stage <> 'Deleted_Internal' order by version";
    for (const row of this.#own('model_versions', kept, model)) {
      const version = number(row['version']);
      const source = text(row['source']);
      yield {
        version,
        description: text(row['description']),
        runId: textOrNull(row['run_id']),
        runLink: textOrNull(row['run_link']),
        loggedModelId: /^models:\/+(m-[0-9a-f]{32})$/.exec(source)?.[1] ?? null,
        source,
        location: text(row['storage_location']) || source,
        stage: oneOf(versionStages, row['current_stage'], 'None'),
        user: text(row['user_id']),
        createdAt: number(row['creation_time']),
        updatedAt: number(row['last_updated_time'] ?? row['creation_time']),
        tags: pairs(this.#own('model_version_tags', 'and name = ? and version = ?', model, version)),
      };
    }
  }

  async files({ kind, id, experimentId, artifactUri }: ArtifactOwner): Promise<readonly SourceFile[] | null> {
    const below = kind === 'run' ? [experimentId, id] : [experimentId, 'models', id];
    return (await this.#artifacts?.filesOf(artifactUri, [...below, 'artifacts'])) ?? null;
  }

  close(): void {
    this.#database.close();
  }
}
