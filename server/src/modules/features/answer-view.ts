import type { FeatureViewDefinition } from '@flyball/api';
import { type AnalyticsSession, quoteIdentifier } from '#platform/analytics/analytics';
import { planView } from './measures.ts';
import { sweepWindows } from './sweep-windows.ts';
import { keysSql, windowSql } from './window-sql.ts';

/** Where a view's features enter a training set. */
export interface SpineJoin {
  readonly view: Pick<FeatureViewDefinition, 'features' | 'ttlSeconds' | 'source'>;
  /** Column of the spine that holds the key. */
  readonly keyColumn: string;
  /** Features wanted, and the names of their columns. */
  readonly wanted: readonly { readonly feature: string; readonly as: string }[];
}

/** The first and the last moment of the spine. */
export interface SpineBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

export interface ViewAnswers {
  /** A table with the features in the order of the spine's rows. */
  readonly table: string;
  /** Columns to select. */
  readonly columns: readonly string[];
}

/**
 * Computes a view's features for every row of the table `spine`, which holds them in the order of `__id` and has the
 * moment of asking in ms as `__t`, over the relation `data` of its events. Point-in-time exact: nothing that was not
 * known at `__t` has any influence.
 */
export async function answerView(
  session: AnalyticsSession,
  { view, keyColumn, wanted }: SpineJoin,
  position: number,
  bounds: SpineBounds,
): Promise<ViewAnswers> {
  const features = wanted.map(({ feature }) => view.features.find(({ name }) => name === feature)!);
  const plan = planView({ features, ttlSeconds: view.ttlSeconds });
  const keys = `keys${position}`;
  const answers = `answers${position}`;
  const table = `features${position}`;
  const asked = { keyColumn, ...bounds };
  await session.execute(`create table ${keys} as ${keysSql(asked)}`);
  await session.transform(
    windowSql(view.source, plan, keys, asked),
    { name: answers, columns: ['id', ...wanted.map((_, f) => `f${f}`)] },
    sweepWindows(plan),
  );
  await session.execute(`drop table ${keys}`);
  // Rows in the same order can stand side by side, which takes neither the time nor the memory of a join.
  await session.execute(`create table ${table} as select * exclude (id) from ${answers} order by id`);
  await session.execute(`drop table ${answers}`);
  return { table, columns: wanted.map(({ as }, f) => `${table}.f${f} as ${quoteIdentifier(as)}`) };
}
