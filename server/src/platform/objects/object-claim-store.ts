import { sql } from 'kysely';
import type { Queryable } from '../database/database.ts';

/** Waits for a sweep that is just looking at the object. */
export async function claimDigest(on: Queryable, digest: string): Promise<void> {
  await sql`insert into platform.object_claim (digest, claimed_at) values (${digest}, clock_timestamp())
    on conflict (digest) do update set claimed_at = excluded.claimed_at`.execute(on.tables<unknown>());
}

/**
 * From here to the end of the transaction nobody can claim these objects; returns those that nobody has claimed for
 * that long.
 */
export async function lockUnclaimed(
  on: Queryable,
  digests: readonly string[],
  graceSeconds: number,
): Promise<string[]> {
  const db = on.tables<unknown>();
  const sorted = [...digests].sort();
  await sql`insert into platform.object_claim (digest, claimed_at)
    select digest, '-infinity' from unnest(${sorted}::text[]) as given (digest) order by digest
    on conflict (digest) do nothing`.execute(db);
  const { rows } = await sql<{ digest: string; is_free: boolean }>`
    select digest, claimed_at < clock_timestamp() - make_interval(secs => ${graceSeconds}) as is_free
    from platform.object_claim where digest = any(${sorted}::text[]) order by digest for update`.execute(db);
  return rows.filter((row) => row.is_free).map(({ digest }) => digest);
}

/** Fails when the connection is gone, and with it the locks. */
export async function checkLocks(on: Queryable): Promise<void> {
  await sql`select`.execute(on.tables<unknown>());
}

/** Forgets claims that are that old. */
export async function forgetClaims(on: Queryable, graceSeconds: number): Promise<void> {
  await sql`delete from platform.object_claim
    where claimed_at < clock_timestamp() - make_interval(secs => ${graceSeconds})`.execute(on.tables<unknown>());
}
