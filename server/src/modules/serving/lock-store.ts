import { sql } from 'kysely';
import type { Database } from '#platform/database/database';

/**
 * Runs `work` while nobody else does work of this name; false, and nothing done, when somebody does. The lock belongs
 * to
 * a connection, so it ends with the process that holds it.
 */
export async function withLock(database: Database, name: string, work: () => Promise<void>): Promise<boolean> {
  return await database
    .tables<unknown>()
    .connection()
    .execute(async (connection) => {
      const { rows } = await sql<{ held: boolean }>`
      select pg_try_advisory_lock(hashtextextended(${name}, 70)) as held`.execute(connection);
      if (rows[0]?.held !== true) return false;
      try {
        await work();
        return true;
      } finally {
        await sql`select pg_advisory_unlock(hashtextextended(${name}, 70))`.execute(connection);
      }
    });
}
