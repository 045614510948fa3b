import type { Database } from '../database/database.ts';

interface Tables {
  'platform.signing_key': { secret: Buffer };
}

export async function readSigningKey(database: Database): Promise<Buffer> {
  const row = await database.tables<Tables>().selectFrom('platform.signing_key').select('secret').executeTakeFirst();
  if (row === undefined) throw new Error('platform.signing_key is empty: its migration writes the key');
  return row.secret;
}
