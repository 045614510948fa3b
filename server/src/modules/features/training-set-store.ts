import type { TrainingSet } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface Row {
  body: TrainingSet;
}

/** Keeps a set, unless the same question was answered meanwhile; returns the one that is kept. */
export async function keepTrainingSet(
  on: Queryable,
  project: string,
  question: string,
  set: TrainingSet,
): Promise<TrainingSet> {
  const tables = on.tables<unknown>();
  await sql`insert into features.training_set (id, project, question, body)
    values (${set.id}, ${project}, ${question}, ${JSON.stringify(set)}::jsonb)
    on conflict (project, question) do nothing`.execute(tables);
  return (await findAnswer(on, project, question))!;
}

export async function findAnswer(on: Queryable, project: string, question: string): Promise<TrainingSet | null> {
  const { rows } = await sql<Row>`select body from features.training_set
    where project = ${project} and question = ${question}`.execute(on.tables<unknown>());
  return rows[0]?.body ?? null;
}

export async function findTrainingSet(on: Queryable, project: string, id: string): Promise<TrainingSet | null> {
  const { rows } = await sql<Row>`select body from features.training_set
    where project = ${project} and id = ${id}`.execute(on.tables<unknown>());
  return rows[0]?.body ?? null;
}

/** Newest first; ids are UUIDv7. */
export async function listTrainingSets(
  on: Queryable,
  page: { readonly project: string; readonly limit: number; readonly before?: string | undefined },
): Promise<TrainingSet[]> {
  const before = page.before === undefined ? sql`` : sql`and id < ${page.before}`;
  const { rows } = await sql<Row>`select body from features.training_set
    where project = ${page.project} ${before} order by id desc limit ${page.limit}`.execute(on.tables<unknown>());
  return rows.map(({ body }) => body);
}

/** Those of these objects that are training sets. */
export async function neededTrainingSets(on: Queryable, digests: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ digest: string }>`select distinct body ->> 'digest' as digest from features.training_set
    where body ->> 'digest' = any(${[...digests]}::text[])`.execute(on.tables<unknown>());
  return rows.map(({ digest }) => digest);
}
