import { setTimeout as pause } from 'node:timers/promises';
import { type DatasetVersion, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { quoteIdentifier } from '#platform/analytics/analytics';
import { newId } from '#platform/uuid';
import { type EndpointRow, findEndpointById } from './endpoint-store.ts';
import { ingestLog } from './ingest-log.ts';
import { withLock } from './lock-store.ts';
import { attachSegments } from './log-relation.ts';
import type { ServingParts } from './parts.ts';
import { requireEndpoint } from './put-endpoint.ts';
import { labelSegments, segmentsBetween } from './segment-store.ts';
import { deleteSnapshot, finishSnapshot, insertSnapshot, openSnapshots, type SnapshotRow } from './snapshot-store.ts';

export interface Snapshot {
  readonly dataset: string;
  /** Of the dataset; null while it has none. */
  readonly version: number | null;
  readonly rows: number;
  /** When the newest of its truths became known. */
  readonly until: string;
}

type Feedback = NonNullable<EndpointRow['definition']['feedback']>;

/** Which labels a snapshot adds: those that the last one has not, up to a number and a moment. */
interface Reach {
  readonly doneSequence: number;
  readonly doneUntil: Date;
  readonly sequence: number;
  readonly until: Date;
}

const LOCK_PAUSE_MS = 200;
const LONG_AGO = new Date('0001-01-01T00:00:00Z');

/** The SQL of a column's value, of the type that the column has so far. */
function fillingSql(filling: string | undefined, type: string | undefined): string {
  const value =
    filling === undefined
      ? 'null'
      : filling === 'at'
        ? 'p.at'
        : filling === 'label'
          ? 'l.value'
          : filling === 'label_at'
            ? 'l.at'
            : `p.${quoteIdentifier(filling)}`;
  return type === undefined ? value : `cast(${value} as ${type})`;
}

function columnsSql({ columns }: Feedback, latest: DatasetVersion | null): string {
  const known = latest?.schema ?? Object.keys(columns).map((name) => ({ name, type: undefined }));
  return known.map(({ name, type }) => `${fillingSql(columns[name], type)} as ${quoteIdentifier(name)}`).join(', ');
}

/** Writes the rows of a snapshot as an object; null when there are none. */
async function writeRows(
  parts: ServingParts,
  endpoint: EndpointRow,
  feedback: Feedback,
  latest: DatasetVersion | null,
  reach: Reach,
) {
  const { platform } = parts;
  const labels = await labelSegments(platform.database, endpoint.id, reach.doneSequence, reach.doneUntil);
  return await platform.analytics.run({ name: 'serving-snapshot' }, async (session) => {
    await attachSegments(parts, session, 'labels', labels);
    const bounds = [reach.sequence, reach.until, reach.doneSequence, reach.doneUntil];
    await session.execute('create table chosen as select * from labels limit 0');
    await session.execute(
      `insert into chosen select * from labels
       where seq <= $1 and "at" <= $2 and not (seq <= $3 and "at" <= $4)
       qualify row_number() over (partition by id order by seq) = 1`,
      bounds,
    );
    const [span] = await session.rows(
      `select epoch_ms(min(predicted_at)) as low, epoch_ms(max(predicted_at)) as high, epoch_ms(max("at")) as newest,
         count(*) filter (where predicted_at is null) as unplaced from chosen`,
    );
    if (span!['newest'] === null) return null;
    const isPlaced = Number(span!['unplaced']) === 0;
    const from = isPlaced ? new Date(Number(span!['low'])) : LONG_AGO;
    const until = new Date(isPlaced ? Number(span!['high']) + 1 : 8.64e15);
    const predictions = await segmentsBetween(platform.database, endpoint.id, 'predictions', from, until);
    await attachSegments(parts, session, 'predictions', predictions);
    const written = await session.copyToParquet(
      `select ${columnsSql(feedback, latest)} from chosen l join predictions p on p.id = l.id order by l.at, l.id`,
      'snapshot.parquet',
    );
    if (written.rowCount === 0) return null;
    const object = await platform.objects.putFile(written.path);
    return { ...object, rowCount: written.rowCount, newest: new Date(Number(span!['newest'])) };
  });
}

const latestVersion = async (
  { data }: ServingParts,
  project: string,
  dataset: string,
): Promise<DatasetVersion | null> =>
  await data.getVersion(project, dataset, 'latest').catch((error: unknown) => {
    if (error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  });

/** Finds out how snapshots ended that were cut off: their file is in the dataset, or it is not. */
async function closeOpenSnapshots(parts: ServingParts, endpoint: EndpointRow, latest: DatasetVersion | null) {
  const { database } = parts.platform;
  for (const open of await openSnapshots(database, endpoint.id)) {
    const isIn = latest?.files.some(({ name }) => name === open.file_name) === true;
    if (isIn) await finish(parts, endpoint, open, latest!.version);
    else await deleteSnapshot(database, open.id);
  }
}

async function finish(
  parts: ServingParts,
  endpoint: EndpointRow,
  snapshot: Pick<SnapshotRow, 'id' | 'to_sequence' | 'until'>,
  version: number,
): Promise<void> {
  const { dataset } = endpoint.definition.feedback!;
  const edge = {
    from: { kind: 'endpoint', id: endpoint.name },
    to: { kind: 'dataset_version', id: `${dataset}@${version}` },
    role: 'fed',
  };
  await parts.platform.database.transaction(async (trx) => {
    await finishSnapshot(trx, endpoint.id, snapshot, version);
    await parts.data.lineage.record(trx, endpoint.project, [edge]);
  });
}

/**
 * Appends the labelled predictions since the last snapshot to the feedback dataset. Each exactly once: what is about to
 * be appended is remembered first, and after a crash the dataset itself says whether it was.
 */
export async function takeSnapshot(
  parts: ServingParts,
  actor: Actor,
  project: string,
  name: string,
  until?: Date,
): Promise<Snapshot> {
  const { database } = parts.platform;
  const { id } = await requireEndpoint(parts, project, name);
  let snapshot: Snapshot | undefined;
  const work = async (): Promise<void> => {
    snapshot = await snapshotAlone(parts, actor, id, until);
  };
  while (!(await withLock(database, `snapshot ${id}`, work))) await pause(LOCK_PAUSE_MS);
  return snapshot!;
}

async function snapshotAlone(
  parts: ServingParts,
  actor: Actor,
  endpointId: string,
  given: Date | undefined,
): Promise<Snapshot> {
  const { database, clock } = parts.platform;
  await ingestLog(parts, endpointId);
  const before = (await findEndpointById(database, endpointId))!;
  const { feedback } = before.definition;
  if (feedback === undefined) {
    throw new PlatformError('conflict', `"${before.name}" has no feedback dataset: its definition names none`);
  }
  const latest = await latestVersion(parts, before.project, feedback.dataset);
  await closeOpenSnapshots(parts, before, latest);
  const endpoint = (await findEndpointById(database, endpointId))!;
  const doneUntil = endpoint.snapshot_until ?? LONG_AGO;
  const wanted = given ?? endpoint.watermark ?? clock.now();
  const reach: Reach = {
    doneSequence: Number(endpoint.snapshot_sequence),
    doneUntil,
    sequence: Number(endpoint.log_sequence),
    until: new Date(Math.max(wanted.getTime(), doneUntil.getTime())),
  };
  const rows = await writeRows(parts, endpoint, feedback, latest, reach);
  if (rows === null) {
    const { dataset } = feedback;
    return { dataset, version: latest?.version ?? null, rows: 0, until: reach.until.toISOString() };
  }
  return await append(parts, actor, endpoint, reach, rows);
}

async function append(
  parts: ServingParts,
  actor: Actor,
  endpoint: EndpointRow,
  reach: Reach,
  rows: NonNullable<Awaited<ReturnType<typeof writeRows>>>,
): Promise<Snapshot> {
  const { project, name } = endpoint;
  const { dataset } = endpoint.definition.feedback!;
  const { database } = parts.platform;
  const id = newId();
  const snapshot = {
    id,
    file_name: `${name}-${reach.sequence}-${id}.parquet`,
    digest: rows.digest,
    row_count: rows.rowCount,
    to_sequence: reach.sequence,
    until: reach.until,
  };
  await parts.data.keepUpload(actor, project, rows);
  await insertSnapshot(database, endpoint.id, snapshot);
  const file = { digest: rows.digest, name: snapshot.file_name, format: 'parquet' as const };
  const asOf = rows.newest.toISOString();
  const added = await parts.data
    .addVersion(actor, project, dataset, { files: [file], mode: 'append', source: `endpoint ${name}`, asOf })
    .catch(async (error: unknown) => {
      await deleteSnapshot(database, id);
      throw error;
    });
  if (added.version === null) {
    await deleteSnapshot(database, id);
    const failed =
      added.validation?.results.filter(({ success, severity }) => !success && severity === 'critical') ?? [];
    const why = failed.map((result) => `${result.id}: ${result.message}`).join('; ');
    throw new PlatformError('conflict', `The contract of "${dataset}" refuses what "${name}" has learned: ${why}`);
  }
  await finish(parts, endpoint, snapshot, added.version.version);
  return { dataset, version: added.version.version, rows: rows.rowCount, until: asOf };
}
