import { invalidInput, PlatformError } from '@flyball/api';
import type { PoolClient } from 'pg';
import type { Database } from '#platform/database/database';
import { pointColumns, type Series, type StoredPoint, type WrittenRun, writePoints } from './metric-write-store.ts';

/** What one request writes to one run: all of it or nothing. */
export interface RunWrite {
  readonly project: string;
  readonly runId: string;
  readonly points: readonly StoredPoint[];
  readonly params: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
  /** How a changed param is told: alone, or as a list. */
  readonly single: boolean;
  /** Whether the run may be in the trash, as what is imported may. */
  readonly inTrash?: boolean;
}

interface RunRow extends WrittenRun {
  run_id: string;
  project: string;
  stage: 'active' | 'deleted';
}

interface Accepted {
  readonly run: RunRow;
  readonly write: RunWrite;
  readonly index: number;
}

const FIND_RUNS = `select id, run_id, project, experiment, stage, start_ms from tracking.run
  where run_id = any($1::text[])`;

const FIND_PARAMS = `select p.run, p.key, p.value from tracking.param p
  join unnest($1::bigint[], $2::text[]) as given (run, key) on given.run = p.run and given.key = p.key`;

const ADD_PARAMS = `insert into tracking.param (run, experiment, start_ms, key, value)
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
  on conflict (run, key) do nothing`;

const PUT_TAGS = `insert into tracking.run_tag (run, experiment, start_ms, key, value)
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
  on conflict (run, key) do update set value = excluded.value where run_tag.value <> excluded.value`;

const RENAME_RUNS = `update tracking.run r set name = given.name
  from unnest($1::bigint[], $2::text[]) as given (id, name) where r.id = given.id`;

const ADD_MODEL_POINTS = `insert into tracking.logged_model_metric
    (model_id, key, run_id, timestamp_ms, step, value, is_nan, dataset_name, dataset_digest)
  select given.* from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::float8[],
    $7::boolean[], $8::text[], $9::text[]) as given (model_id, key, run_id, timestamp_ms, step, value, is_nan,
    dataset_name, dataset_digest)
  join tracking.logged_model m on m.model_id = given.model_id
  on conflict do nothing`;

interface PairRow {
  readonly run: RunRow;
  readonly key: string;
  readonly value: string;
}

class Group {
  readonly #client: PoolClient;
  readonly #writes: readonly RunWrite[];
  /** Whether some points may be there already. */
  readonly #mayRepeat: boolean;
  readonly errors: (PlatformError | null)[];

  constructor(client: PoolClient, writes: readonly RunWrite[], mayRepeat: boolean) {
    this.#client = client;
    this.#writes = writes;
    this.#mayRepeat = mayRepeat;
    this.errors = writes.map(() => null);
  }

  async #query<R>(name: string, text: string, values: unknown[]): Promise<R[]> {
    // A named statement is planned once per connection.
    const { rows } = await this.#client.query({ name: `tracking ${name}`, text, values });
    return rows as R[];
  }

  async commit(): Promise<void> {
    const accepted = await this.#accept();
    if (accepted.length === 0) return;
    const isPlain = accepted.every(
      ({ write }) => write.params.size === 0 && write.tags.size === 0 && !hasModels(write),
    );
    // A single statement is its own transaction.
    if (isPlain) return await this.#addPoints(accepted);
    await this.#client.query('begin');
    const unchanged = await this.#addParams(accepted);
    await this.#putTags(unchanged);
    await this.#addPoints(unchanged);
    await this.#addModelPoints(unchanged);
    await this.#client.query('commit');
  }

  async #accept(): Promise<Accepted[]> {
    const ids = [...new Set(this.#writes.map(({ runId }) => runId))];
    const rows = await this.#query<RunRow>('find runs', FIND_RUNS, [ids]);
    const runs = new Map(rows.map((row) => [row.run_id, row]));
    return this.#writes.flatMap((write, index) => {
      const found = runs.get(write.runId);
      if (found === undefined || found.project !== write.project) this.errors[index] = runNotFound(write.runId);
      else if (found.stage !== 'active' && write.inTrash !== true) this.errors[index] = runNotActive(write.runId);
      else return [{ run: found, write, index }];
      return [];
    });
  }

  /** Params never change: who tries is left out of the group. */
  async #addParams(accepted: readonly Accepted[]): Promise<readonly Accepted[]> {
    const wanted = accepted.filter(({ write }) => write.params.size > 0);
    if (wanted.length === 0) return accepted;
    const known = await this.#knownParams(wanted);
    const added = new Map<string, PairRow>();
    for (const { run, write, index } of wanted) {
      const changed = [...write.params].filter(([key, value]) => (known.get(pairOf(run.id, key)) ?? value) !== value);
      if (changed.length > 0) {
        this.errors[index] = paramsChanged(write, changed, (key) => known.get(pairOf(run.id, key))!);
        continue;
      }
      for (const [key, value] of write.params) {
        if (known.has(pairOf(run.id, key))) continue;
        known.set(pairOf(run.id, key), value);
        added.set(pairOf(run.id, key), { run, key, value });
      }
    }
    if (added.size > 0) await this.#insertParams(sortedPairs([...added.values()]));
    return accepted.filter(({ index }) => this.errors[index] === null);
  }

  async #insertParams(rows: readonly PairRow[]): Promise<void> {
    const { rowCount } = await this.#client.query({
      name: 'tracking add params',
      text: ADD_PARAMS,
      values: columnsOf(rows),
    });
    if (rowCount !== rows.length) throw new LostRace();
  }

  async #knownParams(wanted: readonly Accepted[]): Promise<Map<string, string>> {
    const pairs = wanted.flatMap(({ run, write }) => [...write.params.keys()].map((key) => ({ run, key })));
    const values = [pairs.map(({ run }) => run.id), pairs.map(({ key }) => key)];
    const rows = await this.#query<{ run: number; key: string; value: string }>('find params', FIND_PARAMS, values);
    return new Map(rows.map(({ run, key, value }) => [pairOf(run, key), value]));
  }

  async #putTags(accepted: readonly Accepted[]): Promise<void> {
    const tags = new Map<string, PairRow>();
    for (const { run, write } of accepted) {
      for (const [key, value] of write.tags) tags.set(pairOf(run.id, key), { run, key, value });
    }
    if (tags.size === 0) return;
    const rows = sortedPairs([...tags.values()]);
    await this.#query('put tags', PUT_TAGS, columnsOf(rows));
    const names = rows.filter(({ key }) => key === 'mlflow.runName');
    if (names.length === 0) return;
    await this.#query('rename runs', RENAME_RUNS, [names.map(({ run }) => run.id), names.map(({ value }) => value)]);
  }

  async #addPoints(accepted: readonly Accepted[]): Promise<void> {
    await writePoints(this.#client, seriesOf(accepted), this.#mayRepeat);
  }

  async #addModelPoints(accepted: readonly Accepted[]): Promise<void> {
    const points = accepted.flatMap(({ write }) =>
      write.points.flatMap((point) => (point.model === undefined ? [] : [{ write, point, model: point.model }])),
    );
    if (points.length === 0) return;
    const [keys, ...numbers] = pointColumns(points.map(({ point }) => point));
    await this.#query('add model points', ADD_MODEL_POINTS, [
      points.map(({ model }) => model.modelId),
      keys,
      points.map(({ write }) => write.runId),
      ...numbers,
      points.map(({ model }) => model.datasetName),
      points.map(({ model }) => model.datasetDigest),
    ]);
  }
}

const hasModels = ({ points }: RunWrite): boolean => points.some(({ model }) => model !== undefined);

/** Points by run and key, sorted: all writers take their locks in the same order, so none waits in a circle. */
function seriesOf(accepted: readonly Accepted[]): Series[] {
  const all = new Map<string, Series>();
  for (const { run, write } of accepted) {
    for (const point of write.points) {
      const name = pairOf(run.id, point.key);
      const series = all.get(name);
      if (series === undefined) all.set(name, { run, key: point.key, points: [point] });
      else series.points.push(point);
    }
  }
  return sortedPairs([...all.values()]);
}

function sortedPairs<T extends { readonly run: WrittenRun; readonly key: string }>(items: T[]): T[] {
  return items.sort((a, b) => a.run.id - b.run.id || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

const columnsOf = (rows: readonly PairRow[]): unknown[][] => [
  rows.map(({ run }) => run.id),
  rows.map(({ run }) => run.experiment),
  rows.map(({ run }) => run.start_ms),
  rows.map(({ key }) => key),
  rows.map(({ value }) => value),
];

const pairOf = (run: number, key: string): string => `${run} ${key}`;

export const runNotFound = (runId: string): PlatformError =>
  new PlatformError('not_found', `Run with id=${runId} not found`);

export const runNotActive = (runId: string): PlatformError =>
  invalidInput(`The run ${runId} must be in the 'active' state. Current state is deleted.`);

function paramsChanged(
  { runId, single }: RunWrite,
  changed: readonly (readonly [string, string])[],
  oldValue: (key: string) => string,
): PlatformError {
  const start = 'Changing param values is not allowed.';
  const [key, value] = changed[0]!;
  if (single) {
    return invalidInput(
      `${start} Param with key='${key}' was already logged with value='${oldValue(key)}' for run ID='${runId}'. ` +
        `Attempted logging new value '${value}'.`,
    );
  }
  const list = changed.map(
    ([name, next]) => `{'key': '${name}', 'old_value': '${oldValue(name)}', 'new_value': '${next}'}`,
  );
  return invalidInput(`${start} Params were already logged='[${list.join(', ')}]' for run ID='${runId}'.`);
}

/** Another process has added one of the params between our look and our insert. */
class LostRace extends Error {}

const UNIQUE_VIOLATION = '23505';
const DEADLOCK = '40P01';
const MOST_TRIES = 5;

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

function isWorthAnotherTry(error: unknown): boolean {
  const code = codeOf(error);
  return error instanceof LostRace || code === UNIQUE_VIOLATION || code === DEADLOCK;
}

/** Commits writes of many requests together. Says of each what is wrong with it; those without an error are durable. */
export async function commitWrites(
  { pool }: Pick<Database, 'pool'>,
  writes: readonly RunWrite[],
): Promise<(PlatformError | null)[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  let mayRepeat = false;
  try {
    for (let tries = 1; ; tries++) {
      const group = new Group(client, writes, mayRepeat);
      try {
        await group.commit();
        return group.errors;
      } catch (error) {
        await client.query('rollback');
        if (!isWorthAnotherTry(error) || tries === MOST_TRIES) throw error;
        mayRepeat ||= codeOf(error) === UNIQUE_VIOLATION;
      }
    }
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken instanceof PlatformError ? broken : undefined);
  }
}
