import pg from 'pg';

const BATCH = 1_000;

async function forSeconds(
  milliseconds: number,
  clients: number,
  work: (client: number) => Promise<void>,
): Promise<number> {
  const start = performance.now();
  let done = 0;
  const one = async (client: number): Promise<void> => {
    while (performance.now() - start < milliseconds) {
      await work(client);
      done++;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => one(client)));
  return done / ((performance.now() - start) / 1000);
}

/** What the database itself can do: durable commits of one row, and rows in batches, with the same kind of table. */
export async function databaseLimits(ownerUrl: string, milliseconds: number) {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 32 });
  await pool.query(`create table if not exists public.bench_metric (
    run bigint, key text collate "C", timestamp_ms bigint,
    step bigint, value float8, is_nan boolean, primary key (run, key, timestamp_ms, step, value, is_nan))`);
  let step = 0;
  const text = `insert into public.bench_metric select * from unnest(
    $1::bigint[], $2::text[], $3::bigint[], $4::bigint[],
    $5::float8[], $6::boolean[]) on conflict do nothing`;
  const insert = async (client: number, rows: number): Promise<void> => {
    const steps = Array.from({ length: rows }, () => step++);
    const fill = <T>(value: T): T[] => steps.map(() => value);
    const values = [fill(client), fill('loss'), steps, steps, fill(0.5), fill(false)];
    await pool.query({ name: 'bench', text, values });
  };
  const commits = await forSeconds(milliseconds, 32, (client) => insert(client, 1));
  const batches = await forSeconds(milliseconds, 4, (client) => insert(client, BATCH));
  await pool.query('drop table public.bench_metric');
  await pool.end();
  return { commitsPerSecond: commits, rowsPerSecond: batches * BATCH };
}
