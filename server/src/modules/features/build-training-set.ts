import { createHash } from 'node:crypto';
import { type FeatureView, notFound, PlatformError, type TrainingSet, type TrainingSetSpec } from '@flyball/api';
import { checkExpression } from '#data';
import type { Actor } from '#platform/access/actor';
import { type AnalyticsSession, quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import { canonicalJson } from '#platform/canonical-json';
import { newId } from '#platform/uuid';
import { answerView, type SpineBounds, type SpineJoin, type ViewAnswers } from './answer-view.ts';
import type { FeatureParts } from './parts.ts';
import { findAnswer, keepTrainingSet } from './training-set-store.ts';
import { findView } from './view-store.ts';

type DatasetVersion = Awaited<ReturnType<FeatureParts['data']['getVersion']>>;

/** DuckDB's share of the step's process, which should stay near one gigabyte; sorts that need more use the disk. */
const MEMORY_MB = 600;

/** Attaches a version's files as the relation `data`. */
export async function openVersion(
  { data }: FeatureParts,
  session: AnalyticsSession,
  version: DatasetVersion,
): Promise<void> {
  const paths: string[] = [];
  for (const [i, path] of (await data.versionPaths(version)).entries()) {
    paths.push(quoteLiteral(await session.attach(`data-${i}.parquet`, path)));
  }
  await session.execute(`create view data as select * from read_parquet([${paths.join(', ')}])`);
}

async function checkSql(session: AnalyticsSession, spec: TrainingSetSpec): Promise<void> {
  const plain = { subqueries: false };
  if (spec.where !== undefined) await checkExpression(session, spec.where, 'where', plain);
  for (const [name, sql] of Object.entries(spec.columns)) await checkExpression(session, sql, `columns.${name}`, plain);
  await checkExpression(session, spec.label.sql, 'label.sql', plain);
}

const epochOf = (time: string): number => new Date(time).getTime();

/** The rows that are asked about: one SELECT over `data`. */
function spineSql(spec: TrainingSetSpec): string {
  const at = quoteIdentifier(spec.at);
  const conditions = [`${at} is not null`];
  if (spec.from !== undefined) conditions.push(`epoch_ms(${at}) >= ${epochOf(spec.from)}`);
  if (spec.until !== undefined) conditions.push(`epoch_ms(${at}) < ${epochOf(spec.until)}`);
  if (spec.knownAt !== undefined && spec.knownUntil !== undefined) {
    conditions.push(`epoch_ms(${quoteIdentifier(spec.knownAt)}) <= ${epochOf(spec.knownUntil)}`);
  }
  if (spec.where !== undefined) conditions.push(`(\n${spec.where}\n)`);
  const columns = Object.entries(spec.columns).map(([name, sql]) => `(\n${sql}\n) as ${quoteIdentifier(name)}`);
  const keys = [...new Set(spec.features.map(({ key }) => key))].map(
    (key) => `${quoteIdentifier(key)} as ${keyColumn(key)}`,
  );
  const label = `(\n${spec.label.sql}\n) as ${quoteIdentifier(spec.label.name)}`;
  const inner = `select epoch_ms(${at}) as __t, ${[...columns, ...keys, label].join(', ')}
    from data where ${conditions.join(' and ')}`;
  return `select row_number() over () as __row, * from (${inner})`;
}

/**
 * The spine as a table in the order of time. A sample is drawn by row numbers first, because sorting whole rows takes
 * longer than a second scan.
 */
async function createSpine(session: AnalyticsSession, spec: TrainingSetSpec): Promise<void> {
  const rows = spineSql(spec);
  const { sample } = spec;
  const ordered = (unordered: string): string => `create table spine as select row_number() over () as __id, *
    exclude (__row) from (select * from (${unordered}) order by __t, __row)`;
  if (sample === undefined) return await session.execute(ordered(rows));
  await session.execute(`create table picked as select __row from (${rows})
    order by hash(__row + ${sample.seed * 1_000_003}) limit ${sample.rows}`);
  await session.execute(ordered(`select * from (${rows}) semi join picked using (__row)`));
  await session.execute('drop table picked');
}

const keyColumn = (key: string): string => quoteIdentifier(`__key_${key}`);

/** Features by view and key: each pair is one pass over the view's events. */
function joinsOf(spec: TrainingSetSpec, views: ReadonlyMap<string, FeatureView>): SpineJoin[] {
  const joins = new Map<string, { view: FeatureView; keyColumn: string; wanted: { feature: string; as: string }[] }>();
  for (const { view: name, feature, key, as } of spec.features) {
    const view = views.get(name)!;
    if (!view.features.some((one) => one.name === feature)) throw notFound(`feature of view "${name}"`, feature);
    const id = `${name} ${key}`;
    const join = joins.get(id) ?? { view, keyColumn: `__key_${key}`, wanted: [] };
    join.wanted.push({ feature, as });
    joins.set(id, join);
  }
  return [...joins.values()];
}

async function boundsOf(session: AnalyticsSession): Promise<SpineBounds & { rowCount: number }> {
  const [row] = await session.rows('select count(*) as rows, min(__t) as low, max(__t) as high from spine');
  return { rowCount: Number(row!['rows']), minMs: Number(row!['low']), maxMs: Number(row!['high']) };
}

async function writeTable(session: AnalyticsSession, spec: TrainingSetSpec, joins: readonly SpineJoin[]) {
  await createSpine(session, spec);
  const bounds = await boundsOf(session);
  if (bounds.rowCount === 0) throw new PlatformError('invalid_input', 'No row of the dataset meets these conditions');
  const parts: ViewAnswers[] = [];
  for (const [i, join] of joins.entries()) parts.push(await answerView(session, join, i, bounds));
  // Memory that writing would have to do without.
  for (const name of new Set(joins.map((join) => join.keyColumn))) {
    await session.execute(`alter table spine drop column ${quoteIdentifier(name)}`);
  }
  const own = [...Object.keys(spec.columns), spec.label.name].map((name) => `s.${quoteIdentifier(name)}`);
  const columns = ['s.__t::double as __at', ...own, ...parts.flatMap((part) => part.columns)];
  const sql = `select ${columns.join(', ')} from spine s ${parts.map(({ table }) => `positional join ${table}`).join(' ')}`;
  const written = await session.copyToParquet(sql, 'training-set.parquet');
  const described = await session.rows(
    'select column_name, column_type from (describe select * from read_parquet($1))',
    [written.path],
  );
  const types = described.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
  return { ...written, columns: types.filter(({ name }) => name !== '__at') };
}

async function viewsOf(
  { platform }: FeatureParts,
  project: string,
  spec: TrainingSetSpec,
): Promise<Map<string, FeatureView>> {
  const views = new Map<string, FeatureView>();
  for (const { view } of spec.features) {
    if (views.has(view)) continue;
    const found = await findView(platform.database, project, view);
    if (found === null) throw notFound('feature view', view);
    if (found.source.dataset !== spec.dataset) {
      throw new PlatformError(
        'not_implemented',
        `View "${view}" is on "${found.source.dataset}"; a training set joins views on its own dataset only`,
      );
    }
    views.set(view, found);
  }
  return views;
}

function lineageOf(set: TrainingSet) {
  const to = { kind: 'training_set', id: set.id };
  const dataset = { kind: 'dataset_version', id: `${set.spec.dataset}@${set.datasetVersion}` };
  return [
    { from: dataset, to, role: 'rows' },
    ...Object.entries(set.viewVersions).map(([name, version]) => ({
      from: { kind: 'feature_view', id: `${name}@${version}` },
      to,
      role: 'features',
    })),
  ];
}

async function keep(
  { platform, data }: FeatureParts,
  actor: Actor,
  project: string,
  question: string,
  set: TrainingSet,
) {
  return await platform.database.transaction(async (trx) => {
    const kept = await keepTrainingSet(trx, project, question, set);
    const title = `${set.spec.dataset}, ${set.rowCount} rows`;
    const subject = { kind: 'training_set', id: kept.id };
    await data.lineage.record(trx, project, lineageOf(kept), [{ ...subject, title }]);
    await platform.audit.record(trx, { actor, project, action: 'features.training-set-built', subject });
    return kept;
  });
}

/** Builds a training set, or finds the one that the same question about the same data has made before. */
export async function buildTrainingSet(
  parts: FeatureParts,
  actor: Actor,
  project: string,
  spec: TrainingSetSpec,
  signal?: AbortSignal,
): Promise<TrainingSet> {
  const started = performance.now();
  const { platform, data } = parts;
  const version = await data.getVersion(project, spec.dataset, spec.version ?? 'latest');
  const views = await viewsOf(parts, project, spec);
  const viewVersions = Object.fromEntries([...views].map(([name, view]) => [name, view.version]));
  // What the views say, not their numbers: a view that was deleted and defined anew begins with version 1 again.
  const asked = [...views].map(([name, { source, features, ttlSeconds }]) => ({ name, source, features, ttlSeconds }));
  const question = createHash('sha256')
    .update(canonicalJson({ spec: { ...spec, version: 0 }, data: version.digest, views: asked }))
    .digest('hex');
  const known = await findAnswer(platform.database, project, question);
  if (known !== null) return known;
  const joins = joinsOf(spec, views);
  const job = { name: 'training-set', memoryLimitMb: MEMORY_MB, ...(signal === undefined ? {} : { signal }) };
  const { stored, rowCount, columns } = await platform.analytics.run(job, async (session) => {
    await openVersion(parts, session, version);
    await checkSql(session, spec);
    const table = await writeTable(session, spec, joins);
    return { ...table, stored: await platform.objects.putFile(table.path) };
  });
  return await keep(parts, actor, project, question, {
    id: newId(),
    spec,
    datasetVersion: version.version,
    viewVersions,
    digest: stored.digest,
    rowCount,
    columns,
    createdAt: platform.clock.now().toISOString(),
    milliseconds: performance.now() - started,
  });
}
