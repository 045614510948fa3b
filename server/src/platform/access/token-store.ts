import type { Role } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '../database/database.ts';

interface TokenTable {
  id: string;
  name: string;
  prefix: string;
  hash: Buffer;
  project: string | null;
  role: Role;
  created_by: string;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

interface Tables {
  'platform.token': TokenTable;
}

export type StoredToken = Omit<TokenTable, 'hash'>;

const columns = [
  'id',
  'name',
  'prefix',
  'project',
  'role',
  'created_by',
  'created_at',
  'expires_at',
  'last_used_at',
  'revoked_at',
] as const;

export async function insertToken(
  on: Queryable,
  token: Pick<TokenTable, 'id' | 'name' | 'prefix' | 'hash' | 'project' | 'role' | 'created_by' | 'expires_at'>,
): Promise<StoredToken> {
  const row = { ...token, created_at: new Date(), last_used_at: null, revoked_at: null };
  return await on
    .tables<Tables>()
    .insertInto('platform.token')
    .values(row)
    .returning(columns)
    .executeTakeFirstOrThrow();
}

export async function listTokens(on: Queryable): Promise<StoredToken[]> {
  return await on.tables<Tables>().selectFrom('platform.token').select(columns).orderBy('created_at', 'desc').execute();
}

/** The token of a hash while it is neither revoked nor expired. */
export async function findLiveToken(on: Queryable, hash: Buffer): Promise<StoredToken | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('platform.token')
    .select(columns)
    .where('hash', '=', hash)
    .where('revoked_at', 'is', null)
    .where((where) =>
      where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`clock_timestamp()`)]),
    )
    .executeTakeFirst();
  return row ?? null;
}

export async function touchToken(on: Queryable, id: string): Promise<void> {
  const now = sql<Date>`clock_timestamp()`;
  await on.tables<Tables>().updateTable('platform.token').set({ last_used_at: now }).where('id', '=', id).execute();
}

export async function revokeToken(on: Queryable, id: string): Promise<boolean> {
  const result = await on
    .tables<Tables>()
    .updateTable('platform.token')
    .set({ revoked_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
