import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import { runGrammar } from './run-grammar.ts';
import { searchRuns } from './run-search-store.ts';
import type { StoredRun } from './run-store.ts';
import type { SearchEffort } from './run-wanted-store.ts';
import { parseSearchFilter, parseSearchOrder, type SearchCondition, type SearchOrder } from './search-grammar.ts';

/** Each alone leads to another way: all gathered; walked; given up at once, so intersected; walked among known runs. */
const efforts: readonly SearchEffort[] = [
  { few: 2_000, some: 2_000, many: 2_000, vast: 1, near: 500, far: 5_000, known: 1, perKnown: 1 },
  { few: 1, some: 1, many: 1, vast: 1, near: 500, far: 5_000, known: 1, perKnown: 1 },
  { few: 1, some: 1, many: 1, vast: 1, near: 3, far: 12, known: 1, perKnown: 1 },
  { few: 1, some: 1, many: 1, vast: 1, near: 1, far: 1, known: 1, perKnown: 1 },
  { few: 1, some: 1, many: 2_000, vast: 1, near: 500, far: 5_000, known: 20, perKnown: 2_000 },
  { few: 1, some: 1, many: 2_000, vast: 1, near: 1, far: 1, known: 1, perKnown: 1 },
  { few: 1, some: 2_000, many: 2_000, vast: 1, near: 1, far: 1, known: 1, perKnown: 1 },
  { few: 1, some: 1, many: 1, vast: 2_000, near: 1, far: 1, known: 20_000, perKnown: 2_000 },
  { few: 1, some: 1, many: 1, vast: 2_000, near: 1, far: 1, known: 1, perKnown: 1 },
];

const EXPERIMENTS = [71, 72, 73];
const RUNS = 240;
const LONG = 'x'.repeat(210);

type Value = string | number | null;

const compareValues = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);

const patternOf = (pattern: string, flags: string): RegExp =>
  new RegExp(`^${pattern.replaceAll('%', '.*').replaceAll('_', '.')}$`, flags);

function holds(left: string | number, comparator: string, right: string | number): boolean {
  const order = compareValues(left, right);
  switch (comparator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case 'LIKE':
      return patternOf(String(right), 's').test(String(left));
    default:
      return patternOf(String(right), 'is').test(String(left));
  }
}

const pairOf = (run: StoredRun, entity: string, key: string): string | null =>
  (entity === 'tag' ? run.tags : run.params).find(([name]) => name === key)?.[1] ?? null;

const attributeOf = (run: StoredRun, key: string): Value =>
  ({ start_time: run.start_ms, end_time: run.end_ms, run_name: run.name, status: run.status, run_id: run.run_id })[
    key
  ] ?? null;

/** What the documentation says, run by run. */
function isMet(run: StoredRun, { entity, key, comparator, value }: SearchCondition): boolean {
  if (entity === 'metric') {
    const metric = run.metrics.find(([name]) => name === key);
    if (metric === undefined) return false;
    return metric[4] ? comparator === '!=' : holds(metric[1], comparator, value as number);
  }
  const left = entity === 'attribute' ? attributeOf(run, key) : pairOf(run, entity, key);
  if (comparator === 'IS NULL') return left === null;
  if (comparator === 'IS NOT NULL') return left !== null;
  return left !== null && holds(left, comparator, value as string | number);
}

/** Numbers, then NaN, then what is missing, whatever the direction. */
function rankOf(run: StoredRun, { entity, key }: SearchOrder): [rank: number, value: string | number] {
  if (entity === 'metric') {
    const metric = run.metrics.find(([name]) => name === key);
    if (metric === undefined) return [2, 0];
    return metric[4] ? [1, 0] : [0, metric[1]];
  }
  const value = entity === 'attribute' ? attributeOf(run, key) : pairOf(run, entity, key);
  return value === null ? [1, 0] : [0, value];
}

/** Among equals the newest run is first, then the least id. */
function order(a: StoredRun, b: StoredRun, orders: readonly SearchOrder[]): number {
  for (const each of orders) {
    const [left, right] = [rankOf(a, each), rankOf(b, each)];
    const difference = left[0] - right[0] || compareValues(left[1], right[1]) * (each.ascending ? 1 : -1);
    if (difference !== 0) return difference;
  }
  return b.start_ms - a.start_ms || compareValues(a.run_id, b.run_id);
}

async function fill({ database }: TestDatabase): Promise<void> {
  const tables = database.tables<unknown>();
  await sql`insert into tracking.experiment (id, project, name, artifact_location, created_ms, updated_ms)
    select id, 'default', 'search ' || id, '', 0, 0 from unnest(${EXPERIMENTS}::bigint[]) id`.execute(tables);
  await sql`insert into tracking.run
      (run_id, project, experiment, name, status, stage, start_ms, end_ms, artifact_uri)
    select md5(i::text), 'default', 71 + i % 3, 'run ' || i % 50,
      case when i % 4 = 0 then 'RUNNING' else 'FINISHED' end, case when i % 9 = 0 then 'deleted' else 'active' end,
      1000 + i % 20, case when i % 4 = 0 then null else 2000 + i end, ''
    from generate_series(1, ${RUNS}::int) i`.execute(tables);
  // Ties, NaN, missing values and extremes; `few` is rare.
  await sql`insert into tracking.latest_metric
      (run, key, experiment, start_ms, timestamp_ms, step, value, is_nan, first_step)
    select r.id, k, r.experiment, r.start_ms, 0, 0,
      case when h % 7 = 0 then 0 when k = 'tied' then h % 3 when h % 11 = 1 then 1.7976931348623157e308
        else h / 7.0 end, h % 7 = 0, 0
    from tracking.run r, unnest(array['spread', 'tied', 'few']) k,
      lateral (select abs(hashtext(r.run_id || k)) % 1000 h) n
    where case when k = 'few' then h % 20 = 3 else h % 5 <> 2 end`.execute(tables);
  for (const table of ['param', 'run_tag']) {
    await sql`insert into ${sql.table(`tracking.${table}`)} (run, key, experiment, start_ms, value)
      select r.id, k, r.experiment, r.start_ms,
        case when k = 'long' and h % 2 = 0 then ${LONG} || h % 5 when k = 'group' then 'g' || h % 3
          else 'Value ' || h end
      from tracking.run r, unnest(array['group', 'each', 'long']) k,
        lateral (select abs(hashtext(k || ${table} || r.run_id)) % 1000 h) n where h % 6 <> 1`.execute(tables);
  }
}

const number = fc.constantFrom('0', '1', '2', '50', '120.5', '1.7976931348623157e308');
const condition = fc.oneof(
  fc
    .tuple(fc.constantFrom('spread', 'tied', 'few', 'none'), fc.constantFrom('=', '!=', '<', '<=', '>', '>='), number)
    .map(([key, comparator, value]) => `metrics.${key} ${comparator} ${value}`),
  fc
    .tuple(
      fc.constantFrom('params', 'tags'),
      fc.constantFrom('group', 'each', 'long', 'none'),
      fc.constantFrom("= 'g1'", "!= 'g1'", "LIKE 'g%'", "ILIKE 'VALUE 1%'", 'IS NULL', 'IS NOT NULL', `= '${LONG}2'`),
    )
    .map(([entity, key, rest]) => `${entity}.${key} ${rest}`),
  fc.constantFrom(
    "attributes.status = 'FINISHED'",
    'attributes.start_time > 1010',
    "attributes.run_name LIKE 'run 1%'",
  ),
);
const orderKey = fc.constantFrom(
  'metrics.spread',
  'metrics.tied',
  'metrics.few',
  'metrics.none',
  'params.group',
  'params.each',
  'params.long',
  'tags.group',
  'tags.each',
  'attributes.start_time',
  'attributes.end_time',
  'attributes.run_name',
);
const orderBy = fc
  .uniqueArray(fc.tuple(orderKey, fc.constantFrom('ASC', 'DESC')), { maxLength: 2, selector: ([key]) => key })
  .map((orders) => orders.map((each) => each.join(' ')));

const question = fc.record({
  experiments: fc.constantFrom([71], [72, 73], EXPERIMENTS, null),
  filter: fc.array(condition, { maxLength: 3 }).map((conditions) => conditions.join(' AND ')),
  orderBy,
  stages: fc.constantFrom<StoredRun['stage'][]>(['active'], ['active'], ['deleted'], ['active', 'deleted']),
  limit: fc.constantFrom(3, 7, 40, 500),
  effort: fc.constantFrom(...efforts),
});

describe('the search for runs', () => {
  let server: TestDatabase;
  let runs: StoredRun[];

  const search = (input: Partial<Parameters<typeof searchRuns>[1]>) =>
    searchRuns(server.database, {
      project: 'default',
      experiments: EXPERIMENTS,
      conditions: [],
      orders: [],
      stages: ['active', 'deleted'],
      limit: 1000,
      after: null,
      ...input,
    });

  before(async () => {
    server = await createTestDatabase();
    await fill(server);
    runs = await search({});
  });

  after(() => server.drop());

  it('finds, page by page and whichever way it goes, what looking at all runs finds', async () => {
    assert.equal(runs.length, RUNS);
    await fc.assert(
      fc.asyncProperty(question, async ({ experiments, filter, orderBy: by, stages, limit, effort }) => {
        const conditions = parseSearchFilter(filter, runGrammar);
        const orders = parseSearchOrder(by, runGrammar);
        const expected = runs
          .filter(
            ({ experiment, stage }) => (experiments ?? EXPERIMENTS).includes(experiment) && stages.includes(stage),
          )
          .filter((run) => conditions.every((each) => isMet(run, each)))
          .sort((a, b) => order(a, b, orders));
        const found: string[] = [];
        for (let place = null, pages = 0; pages < 12; pages++) {
          const given = { experiments, conditions, orders, stages, limit, effort, after: place };
          const page: Awaited<ReturnType<typeof search>> = await search(given);
          found.push(...page.map(({ run_id }) => run_id));
          if (page.length < limit) break;
          place = page.at(-1)!.place as never;
        }
        assert.deepEqual(
          found,
          expected.slice(0, 12 * limit).map(({ run_id }) => run_id),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('goes on after the last run of a page when runs are added before and after it', async () => {
    const orders = parseSearchOrder(['metrics.spread DESC'], runGrammar);
    for (const effort of efforts) {
      const first = await search({ orders, limit: 20, effort });
      const rest = await search({ orders, after: first.at(-1)!.place, effort });
      await server.database.transaction(async (trx) => {
        const tables = trx.tables<unknown>();
        await sql`insert into tracking.run (run_id, project, experiment, name, status, start_ms, artifact_uri)
          select 'new ' || i, 'default', 71, '', 'RUNNING', 5000, '' from generate_series(1, 2) i`.execute(tables);
        await sql`insert into tracking.latest_metric
            (run, key, experiment, start_ms, timestamp_ms, step, value, is_nan, first_step)
          select id, 'spread', 71, 5000, 0, 0, case when run_id = 'new 1' then 1.7e308 else -1 end, false, 0
          from tracking.run where run_id like 'new%'`.execute(tables);
        const ids = (found: readonly StoredRun[]) => found.map(({ run_id }) => run_id);
        const later = await searchRuns(trx, {
          project: 'default',
          experiments: EXPERIMENTS,
          conditions: [],
          orders,
          stages: ['active', 'deleted'],
          limit: 1000,
          after: first.at(-1)!.place,
          effort,
        });
        assert.deepEqual(
          ids(later).filter((id) => id !== 'new 2'),
          ids(rest),
        );
        assert.ok(ids(later).includes('new 2'));
        await sql`delete from tracking.latest_metric where key = 'spread' and start_ms = 5000`.execute(tables);
        await sql`delete from tracking.run where run_id like 'new%'`.execute(tables);
      });
    }
  });

  it('refuses a place of another order', async () => {
    const orders = parseSearchOrder(['metrics.spread DESC'], runGrammar);
    for (const effort of efforts.slice(0, 1)) {
      await assert.rejects(search({ orders, effort, after: [1] }), { code: 'invalid_input' });
    }
  });
});
