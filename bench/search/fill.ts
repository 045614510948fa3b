import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

/** How many of each a run has. */
export const KEYS = 20;
const START = 1_700_000_000_000;

const TABLES = ['latest_metric', 'param', 'run_tag'];

/** Indexes are built afterwards, which takes a tenth of the time for tens of millions of rows. */
async function withoutIndexes(client: pg.Client, work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ drop: string; make: string }>(
    `select case when c.oid is null then format('drop index %s', i.indexrelid::regclass)
          else format('alter table %s drop constraint %s', i.indrelid::regclass, quote_ident(c.conname)) end as drop,
        case when c.oid is null then pg_get_indexdef(i.indexrelid)
          else format('alter table %s add %s', i.indrelid::regclass, pg_get_constraintdef(c.oid)) end as make
      from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype = 'p'
      where i.indrelid = any ($1::regclass[])`,
    [TABLES.map((table) => `tracking.${table}`)],
  );
  // Without the triggers of foreign keys, too.
  await client.query("set session_replication_role = replica; set maintenance_work_mem = '1GB'");
  for (const index of rows) await client.query(index.drop);
  await work();
  for (const index of rows) await client.query(index.make);
}

/** Runs straight into our tables: a sweep of 20 metrics, 20 params and 4 tags each. */
export async function fillFlyball(adminUrl: string, experiment: string, runs: number): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await withoutIndexes(client, async () => await fillTables(client, experiment, runs));
    for (const table of ['run', ...TABLES]) await client.query(`vacuum analyze tracking.${table}`);
  } finally {
    await client.end();
  }
}

async function fillTables(client: pg.Client, experiment: string, runs: number): Promise<void> {
  await client.query(`insert into tracking.run
        (run_id, project, experiment, name, user_name, status, start_ms, end_ms, artifact_uri)
      select md5('${experiment}/' || i), 'default', ${experiment}, 'run-' || i, 'bench', 'FINISHED',
        ${START} + i * 1000, ${START} + i * 1000 + 500, 'mlflow-artifacts:/${experiment}'
      from generate_series(1, ${runs}) i`);
  const of = `from tracking.run r where r.experiment = ${experiment}`;
  await client.query(`insert into tracking.latest_metric (run, key, experiment, start_ms, timestamp_ms, step, value,
        is_nan, first_step, points, least, greatest)
      select r.id, 'metric_' || k, r.experiment, r.start_ms, r.start_ms, 0, v, false, 0, 1, v, v
      from (select r.* ${of}) r, generate_series(0, ${KEYS - 1}) k,
        lateral (select random() + (r.id + k) * 0 as v) value
      order by r.id, k`);
  await client.query(`insert into tracking.param (run, key, experiment, start_ms, value)
      select r.id, 'param_' || k, r.experiment, r.start_ms, case k when 0 then 'group' || (r.id % 5)
        when 1 then 'rare' || (r.id % 1000) else substr(md5(k || '/' || r.id), 1, 8) end
      from (select r.* ${of}) r, generate_series(0, ${KEYS - 1}) k
      order by r.id, k`);
  await client.query(`insert into tracking.run_tag (run, key, experiment, start_ms, value)
      select r.id, t.key, r.experiment, r.start_ms, case t.key when 'mlflow.runName' then r.name
        when 'mlflow.user' then 'bench' when 'team' then 'team' || (r.id % 20) else 'train.py' end
      from (select r.* ${of}) r, unnest(array['mlflow.runName', 'mlflow.user', 'mlflow.source.name', 'team']) t (key)`);
}

/** The same into the tables of MLflow's SQLite store. */
export function fillMlflow(file: string, experiment: string, runs: number): void {
  const database = new DatabaseSync(file);
  const series = (name: string, last: number) =>
    `${name}(i) as (select 0 union all select i + 1 from ${name} where i < ${last})`;
  database.exec('pragma busy_timeout = 60000; begin immediate');
  database.exec(`with recursive ${series('n', runs - 1)} insert into runs (run_uuid, name, source_type, source_name,
      entry_point_name, user_id, status, start_time, end_time, source_version, lifecycle_stage, artifact_uri,
      experiment_id)
    select printf('%032x', i), 'run-' || i, 'LOCAL', '', '', 'bench', 'FINISHED', ${START} + i * 1000,
      ${START} + i * 1000 + 500, '', 'active', 'mlflow-artifacts:/${experiment}', ${experiment} from n`);
  const each = `with recursive ${series('n', runs - 1)}, ${series('k', KEYS - 1)}`;
  database.exec(`${each} insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
    select 'metric_' || k.i, abs(random() % 1000000) / 1000000.0, ${START}, 0, 0, printf('%032x', n.i) from n, k`);
  database.exec(`insert into metrics (key, value, timestamp, step, is_nan, run_uuid)
    select key, value, timestamp, step, is_nan, run_uuid from latest_metrics`);
  database.exec(`${each} insert into params (key, value, run_uuid)
    select 'param_' || k.i, case k.i when 0 then 'group' || (n.i % 5) when 1 then 'rare' || (n.i % 1000)
      else lower(hex(randomblob(4))) end, printf('%032x', n.i) from n, k`);
  for (const [key, value] of [
    ['mlflow.runName', "'run-' || i"],
    ['mlflow.user', "'bench'"],
    ['mlflow.source.name', "'train.py'"],
    ['team', "'team' || (i % 20)"],
  ]) {
    database.exec(`with recursive ${series('n', runs - 1)} insert into tags (key, value, run_uuid)
      select '${key}', ${value}, printf('%032x', i) from n`);
  }
  database.exec('commit; analyze');
  database.close();
}

/** The same into the tables of MLflow's store in PostgreSQL. */
export async function fillMlflowPostgres(url: string, experiment: string, runs: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const run = (i: string): string => `md5('${experiment}/' || ${i})`;
  try {
    await client.query(`insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status,
        start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)
      select ${run('i')}, 'run-' || i, 'LOCAL', '', '', 'bench', 'FINISHED', ${START} + i * 1000::bigint,
        ${START} + i * 1000::bigint + 500, '', 'active', 'mlflow-artifacts:/${experiment}', ${experiment}
      from generate_series(1, ${runs}) i`);
    const each = `generate_series(1, ${runs}) i, generate_series(0, ${KEYS - 1}) k order by i, k`;
    await client.query(`insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
      select 'metric_' || k, random(), ${START}, 0, false, ${run('i')} from ${each}`);
    await client.query(`insert into metrics (key, value, timestamp, step, is_nan, run_uuid)
      select key, value, timestamp, step, is_nan, run_uuid from latest_metrics`);
    await client.query(`insert into params (key, value, run_uuid)
      select 'param_' || k, case k when 0 then 'group' || (i % 5) when 1 then 'rare' || (i % 1000)
        else substr(md5(k || '/' || i), 1, 8) end, ${run('i')} from ${each}`);
    await client.query(`insert into tags (key, value, run_uuid)
      select t.key, case t.key when 'mlflow.runName' then 'run-' || i when 'mlflow.user' then 'bench'
        when 'team' then 'team' || (i % 20) else 'train.py' end, ${run('i')}
      from generate_series(1, ${runs}) i,
        unnest(array['mlflow.runName', 'mlflow.user', 'mlflow.source.name', 'team']) t (key)`);
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}

/** A long curve into MLflow's tables. */
export function fillMlflowCurve(file: string, runId: string, points: number): void {
  const database = new DatabaseSync(file);
  const row = `${START} + i, i, 0, '${runId}'`;
  database.exec('pragma busy_timeout = 60000; begin immediate');
  database.exec(`with recursive n(i) as (select 0 union all select i + 1 from n where i < ${points - 1})
    insert into metrics (key, value, timestamp, step, is_nan, run_uuid) select 'loss', 1.0 / (i + 1), ${row} from n`);
  database.exec(`insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
    select key, value, timestamp, step, is_nan, run_uuid from metrics where run_uuid = '${runId}'
    order by step desc limit 1; commit`);
  database.close();
}
