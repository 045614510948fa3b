import type { SignalValue } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

interface SignalTable {
  project: string;
  monitor: string;
  signal: string;
  slice: string;
  at: Date;
  value: number | null;
  reference: number | null;
  count: number;
  champion_version: number | null;
}

interface Tables {
  'monitoring.signal_value': SignalTable;
  'monitoring.reference': { body: unknown };
}

export interface SignalRow {
  readonly signal: string;
  readonly slice: string;
  readonly value: number | null;
  readonly reference: number | null;
  readonly count: number;
}

export async function insertSignals(
  on: Queryable,
  of: { readonly project: string; readonly monitor: string; readonly at: Date; readonly champion: number | null },
  rows: readonly SignalRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await sql`insert into monitoring.signal_value
      (project, monitor, at, champion_version, signal, slice, value, reference, count)
    select ${of.project}, ${of.monitor}, ${of.at}, ${of.champion}::int, * from unnest(
      ${rows.map(({ signal }) => signal)}::text[], ${rows.map(({ slice }) => slice)}::text[],
      ${rows.map(({ value }) => value)}::float8[], ${rows.map(({ reference }) => reference)}::float8[],
      ${rows.map(({ count }) => count)}::int8[])
    on conflict (project, monitor, signal, slice, at) do update set value = excluded.value,
      reference = excluded.reference, count = excluded.count, champion_version = excluded.champion_version`.execute(
    on.tables<Tables>(),
  );
}

export interface SignalFilter {
  readonly project: string;
  readonly monitor: string;
  readonly signal?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly limit: number;
}

/** The newest `limit` values, oldest first. */
export async function readSignals(on: Queryable, filter: SignalFilter): Promise<SignalValue[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('monitoring.signal_value')
    .selectAll()
    .where('project', '=', filter.project)
    .where('monitor', '=', filter.monitor)
    .orderBy('at', 'desc')
    .orderBy('signal')
    .limit(filter.limit);
  if (filter.signal !== undefined) query = query.where('signal', '=', filter.signal);
  if (filter.from !== undefined) query = query.where('at', '>=', new Date(filter.from));
  if (filter.until !== undefined) query = query.where('at', '<', new Date(filter.until));
  const rows = await query.execute();
  return rows.reverse().map((row) => ({
    signal: row.signal,
    at: row.at.toISOString(),
    value: row.value,
    reference: row.reference,
    count: Number(row.count),
    slice: row.slice === '' ? null : row.slice,
    championVersion: row.champion_version,
  }));
}

export interface ReferenceKey {
  readonly project: string;
  readonly monitor: string;
  readonly champion: number;
}

export async function readReferences(on: Queryable, key: ReferenceKey): Promise<Map<string, unknown>> {
  const { rows } = await sql<{ signal: string; body: unknown }>`select signal, body from monitoring.reference
    where project = ${key.project} and monitor = ${key.monitor} and champion_version = ${key.champion}`.execute(
    on.tables<Tables>(),
  );
  return new Map(rows.map(({ signal, body }) => [signal, body]));
}

/** The first reference of a champion stays. */
export async function freezeReference(on: Queryable, key: ReferenceKey, signal: string, body: unknown): Promise<void> {
  await sql`insert into monitoring.reference (project, monitor, signal, champion_version, body)
    values (${key.project}, ${key.monitor}, ${signal}, ${key.champion}, ${JSON.stringify(body)}::jsonb)
    on conflict do nothing`.execute(on.tables<Tables>());
}
