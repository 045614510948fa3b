import { createReadStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { applyProject, loadProject } from '@flyball/sdk';
import type { Story } from './story.ts';

const definitions = path.join(import.meta.dirname, '..', 'definitions');

async function addBatch({ flyball, source, folder }: Story, name: string, sql: string) {
  const file = path.join(folder, `${name}.parquet`);
  await source.write(sql, file);
  const upload = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
  const { digest } = await flyball.uploadObject({ upload });
  return await flyball.addDatasetVersion({
    params: { dataset: 'flights' },
    body: {
      files: [{ digest, name: `${name}.parquet`, format: 'parquet' }],
      source: `${name} of the carriers' reports`,
    },
  });
}

type Added = Awaited<ReturnType<typeof addBatch>>;

function broken({ validation }: Added): string[] {
  return (validation?.results ?? [])
    .filter(({ success, severity }) => !success && severity === 'critical')
    .map(({ id }) => id);
}

async function tell(story: Story, name: string, added: Added): Promise<void> {
  const { accepted, version, validation } = added;
  if (accepted) {
    story.say(`  ${name}: accepted as version ${version?.version} (${version?.rowCount.toLocaleString('en')} rows)`);
    return;
  }
  story.say(`  ${name}: refused`);
  for (const result of validation?.results ?? []) {
    if (!result.success && result.severity === 'critical') story.say(`    ✗ ${result.id}: ${result.message}`);
  }
}

const january = "date >= '2001-01-01' and date < '2001-03-01'";

/** Kilometres for miles, a column gone, rows twice, delays that cannot be. */
const corrupted = `
  select date, case when delay > 300 then delay * 60 else delay end as delay,
    cast(round(distance * 1.609344) as bigint) as distance, origin, landed_at
  from flights where date >= '2001-02-01' and date < '2001-02-08'
  union all
  select date, delay, distance, origin, landed_at from flights where date >= '2001-02-07' and date < '2001-02-08'`;

/** Bad data is stopped at the door, with the rows that broke the contract; good data becomes a version. */
export async function badDataIsStopped(story: Story) {
  const changes = await applyProject(story.flyball, await loadProject(definitions));
  story.say(`  applied ${changes.filter(({ action }) => action !== 'none').length} definitions`);
  const again = await applyProject(story.flyball, await loadProject(definitions));
  const raw = await addBatch(story, 'january-february', `select * from flights where ${january}`);
  await tell(story, 'January and February as reported', raw);
  const failing = await story.flyball.readFailingRows({
    params: { validation: raw.validation!.id },
    query: { expectation: broken(raw)[0] ?? 'none' },
  });
  for (const row of failing.rows.slice(0, 3)) story.say(`      ${JSON.stringify(row)}`);
  const bad = await addBatch(story, 'corrupted', corrupted);
  await tell(story, 'a corrupted batch', bad);
  const good = await addBatch(story, 'cleaned', `select * from flights where ${january} and delay >= -120`);
  await tell(story, 'the same months without impossible delays', good);
  const idempotent = again.every(({ action }) => action === 'none');
  return {
    ok:
      !raw.accepted &&
      failing.rows.length > 0 &&
      !bad.accepted &&
      broken(bad).length >= 3 &&
      good.accepted &&
      idempotent,
    facts: {
      refusedFor: { raw: broken(raw), corrupted: broken(bad) },
      failingRows: failing.rows.length,
      rows: good.version?.rowCount,
    },
  };
}
