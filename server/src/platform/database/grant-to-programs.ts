import { type Kysely, sql } from 'kysely';

// Any fixed number: concurrent GRANTs on one object fail with "tuple concurrently updated".
const GRANT_LOCK = 5_050_001;

/**
 * Gives the programs' role the rows, but not the tables: it reads and writes everywhere, and can only add to the
 * audit.
 */
export async function grantToPrograms(db: Kysely<unknown>, role: string): Promise<void> {
  const to = sql.id(role);
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${GRANT_LOCK})`.execute(trx);
    const { rows } = await sql<{ schema: string; database: string }>`
      select nspname as schema, current_database() as database from pg_namespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'public', 'flyball_migrations')
        and nspowner = current_user::regrole
        and not pg_has_role(${role}::name, nspowner, 'member')`.execute(trx);
    for (const row of rows) {
      const schema = sql.id(row.schema);
      await sql`grant usage on schema ${schema} to ${to}`.execute(trx);
      await sql`grant select, insert, update, delete on all tables in schema ${schema} to ${to}`.execute(trx);
      await sql`grant usage, select, update on all sequences in schema ${schema} to ${to}`.execute(trx);
      await sql`grant execute on all routines in schema ${schema} to ${to}`.execute(trx);
    }
    if (rows.length === 0) return;
    await sql`revoke update, delete, truncate on platform.audit_event from ${to}`.execute(trx);
    // pg-boss makes its own schema.
    await sql`grant create on database ${sql.id(rows[0]!.database)} to ${to}`.execute(trx);
  });
}
