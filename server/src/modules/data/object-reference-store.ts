import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

/** An upload is for making a version of it. The version needs its files then, whatever became of the upload. */
const UPLOAD_DAYS = 30;

/** Files of versions, of what validations judged, and of uploads that are not used yet. */
export async function neededFiles(on: Queryable, digests: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ digest: string }>`select digest from unnest(${[...digests]}::text[]) as given (digest)
    where exists (select from data.upload u where u.digest = given.digest
        and u.created_at > clock_timestamp() - make_interval(days => ${UPLOAD_DAYS}))
      or exists (select from data.version v
        where v.files @> jsonb_build_array(jsonb_build_object('digest', given.digest)))
      or exists (select from data.validation w
        where w.batch @> jsonb_build_object('files', jsonb_build_array(given.digest)))
      or exists (select from data.validation w
        where w.batch @> jsonb_build_object('earlierFiles', jsonb_build_array(given.digest)))`.execute(
    on.tables<unknown>(),
  );
  return rows.map(({ digest }) => digest);
}
