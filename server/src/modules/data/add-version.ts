import { createHash } from 'node:crypto';
import {
  type ColumnProfile,
  type Dataset,
  type DatasetVersion,
  type NewVersion,
  notFound,
  PlatformError,
  type Validation,
} from '@flyball/api';
import type { z } from 'zod';
import type { Actor } from '#platform/access/actor';
import type { AnalyticsSession } from '#platform/analytics/analytics';
import { canonicalJson } from '#platform/canonical-json';
import { newId } from '#platform/uuid';
import type { Column } from './column-type.ts';
import { findDataset, knownUploads, lockDataset } from './dataset-store.ts';
import { ingestFile, type ParquetFile } from './ingest-file.ts';
import { recordLineage } from './lineage-store.ts';
import { columnsOf, openFiles } from './open-files.ts';
import type { DataParts, Trx } from './parts.ts';
import { profileColumns } from './profile-columns.ts';
import { runExpectations, verdictOf } from './run-expectations.ts';
import { insertValidation, type JudgedBatch, type StoredValidation } from './validation-store.ts';
import { findVersion, insertVersion, type StoredVersion } from './version-store.ts';

type Given = z.output<typeof NewVersion>;

export interface AddedVersion {
  readonly accepted: boolean;
  readonly version: DatasetVersion | null;
  readonly validation: Validation | null;
}

interface Judged {
  readonly files: readonly ParquetFile[];
  readonly columns: readonly Column[];
  readonly profile: readonly ColumnProfile[];
  readonly stored: StoredValidation;
}

/** Appended rows must have the columns there are: same names, same types. */
function checkSameColumns(columns: readonly Column[], parent: DatasetVersion): void {
  const known = new Map(parent.schema.map(({ name, type }) => [name, type]));
  const wrong = columns.flatMap(({ name, type }) => {
    const before = known.get(name);
    if (before === undefined) return [`${name} is new`];
    return before === type ? [] : [`${name} is ${type} and was ${before}`];
  });
  const absent = parent.schema.filter(({ name }) => !columns.some((column) => column.name === name));
  wrong.push(...absent.map(({ name }) => `${name} is absent`));
  if (wrong.length === 0) return;
  const advice = 'Convert the batch, or start anew with mode "replace".';
  throw new PlatformError(
    'invalid_input',
    `The columns differ from version ${parent.version}: ${wrong.join(', ')}. ${advice}`,
  );
}

async function checkUploads({ platform }: DataParts, project: string, { files }: Given): Promise<void> {
  const known = await knownUploads(
    platform.database,
    project,
    files.map(({ digest }) => digest),
  );
  const unknown = files.filter(({ digest }) => !known.has(digest));
  if (unknown.length === 0) return;
  const names = unknown.map(({ name, digest }) => `${name} (${digest.slice(0, 12)}…)`).join(', ');
  throw new PlatformError('invalid_input', `Not uploaded to this project: ${names}`);
}

async function judgeBatch(
  parts: DataParts,
  session: AnalyticsSession,
  dataset: Dataset,
  given: Given,
  parent: StoredVersion | null,
): Promise<Judged> {
  const started = performance.now();
  const files: ParquetFile[] = [];
  const known = parent?.schema ?? [];
  for (const [place, file] of given.files.entries()) files.push(await ingestFile(parts, session, file, place, known));
  await openFiles(
    parts,
    session,
    'data',
    files.map(({ digest }) => digest),
  );
  const earlierFiles = parent?.files.map(({ digest }) => digest) ?? [];
  if (earlierFiles.length > 0) await openFiles(parts, session, 'earlier', earlierFiles);
  const columns = await columnsOf(session, 'data');
  const asOf = given.asOf === undefined ? parts.platform.clock.now() : new Date(given.asOf);
  const surroundings = { columns, hasEarlier: earlierFiles.length > 0, asOf };
  const results = await runExpectations(session, dataset.expectations, surroundings);
  const batch: JudgedBatch = {
    files: files.map(({ digest }) => digest),
    columns: [...columns],
    earlierFiles,
    asOf: asOf.toISOString(),
  };
  const validation: Validation = {
    id: newId(),
    dataset: dataset.name,
    version: null,
    verdict: verdictOf(results),
    results,
    rowCount: files.reduce((sum, { rowCount }) => sum + rowCount, 0),
    at: parts.platform.clock.now().toISOString(),
    milliseconds: performance.now() - started,
  };
  const stored = { validation, expectations: dataset.expectations, batch };
  if (validation.verdict === 'fail') return { files, columns, profile: [], stored };
  if (parent !== null) checkSameColumns(columns, parent);
  const whole = earlierFiles.length > 0 ? '(select * from earlier union all by name select * from data)' : 'data';
  return { files, columns, profile: await profileColumns(session, whole, columns), stored };
}

/** A refused batch adds nothing; why, and which rows, stays to be read. */
async function refuse(
  { platform }: DataParts,
  actor: Actor,
  project: string,
  { stored }: Judged,
): Promise<AddedVersion> {
  const { validation } = stored;
  const failed = validation.results
    .filter(({ success, severity }) => !success && severity === 'critical')
    .map(({ id }) => id);
  await platform.database.transaction(async (trx) => {
    await insertValidation(trx, project, stored);
    const payload = { dataset: validation.dataset, validationId: validation.id, failed };
    await platform.events.publish(trx, { project, name: 'data.version-refused', payload });
    const subject = { kind: 'dataset', id: validation.dataset };
    await platform.audit.record(trx, { actor, project, action: 'data.version-refused', subject, details: payload });
  });
  return { accepted: false, version: null, validation };
}

function versionOf(
  actor: Actor,
  given: Given,
  judged: Judged,
  parent: StoredVersion | null,
  number: number,
): Omit<StoredVersion, 'createdAt'> {
  const { validation } = judged.stored;
  const files = [...(parent?.files ?? []), ...judged.files];
  const sum = (of: (file: ParquetFile) => number): number => files.reduce((total, file) => total + of(file), 0);
  const schema = judged.columns.map(({ name, type }) => ({ name, type }));
  const manifest = { schema, files: files.map(({ digest, rowCount }) => ({ digest, rowCount })) };
  return {
    dataset: validation.dataset,
    version: number,
    digest: createHash('sha256').update(canonicalJson(manifest)).digest('hex'),
    rowCount: sum(({ rowCount }) => rowCount),
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
    schema,
    files,
    parentVersion: parent?.version ?? null,
    validationId: validation.id,
    verdict: validation.verdict === 'warn' ? 'warn' : 'pass',
    source: given.source,
    createdBy: actor.name,
    profile: [...judged.profile],
  };
}

async function tellAdded(
  { platform }: DataParts,
  trx: Trx,
  actor: Actor,
  project: string,
  version: Omit<StoredVersion, 'createdAt'>,
) {
  const id = `${version.dataset}@${version.version}`;
  const node = { kind: 'dataset_version', id };
  const details = { sha256: version.digest, rows: version.rowCount };
  const parent = version.parentVersion;
  const edges =
    parent === null
      ? []
      : [{ from: { kind: 'dataset_version', id: `${version.dataset}@${parent}` }, to: node, role: 'grew into' }];
  await recordLineage(trx, project, edges, [{ ...node, title: id, details }]);
  const payload = { dataset: version.dataset, version: version.version, verdict: version.verdict };
  await platform.events.publish(trx, { project, name: 'data.version-added', payload });
  await platform.audit.record(trx, { actor, project, action: 'data.version-added', subject: node, details });
}

async function accept(
  parts: DataParts,
  actor: Actor,
  project: string,
  given: Given,
  judged: Judged,
  parent: StoredVersion | null,
): Promise<AddedVersion> {
  const { database } = parts.platform;
  const { dataset } = judged.stored.validation;
  return await database.transaction(async (trx) => {
    const latest = await lockDataset(trx, project, dataset);
    if (latest === undefined) throw notFound('dataset', dataset);
    if (given.mode === 'append' && latest !== (parent?.version ?? null)) {
      throw new PlatformError('conflict', `Version ${latest} of "${dataset}" was added meanwhile; try again`);
    }
    const version = versionOf(actor, given, judged, parent, (latest ?? 0) + 1);
    const newest = latest === null ? null : await findVersion(trx, project, dataset, latest);
    if (newest !== null && newest.digest === version.digest) {
      return { accepted: true, version: newest, validation: judged.stored.validation };
    }
    const validation = { ...judged.stored.validation, version: version.version };
    await insertValidation(trx, project, { ...judged.stored, validation });
    await insertVersion(trx, project, version);
    await tellAdded(parts, trx, actor, project, version);
    const { profile: _, ...added } = (await findVersion(trx, project, dataset, version.version))!;
    return { accepted: true, version: added, validation };
  });
}

/** Adds a version from uploaded files. The contract judges the batch that comes in; a failed critical rule stops it. */
export async function addVersion(
  parts: DataParts,
  actor: Actor,
  project: string,
  name: string,
  given: Given,
  signal?: AbortSignal,
): Promise<AddedVersion> {
  const { database, analytics } = parts.platform;
  const dataset = await findDataset(database, project, name);
  if (dataset === null) throw notFound('dataset', name);
  await checkUploads(parts, project, given);
  const parent = given.mode === 'append' ? await findVersion(database, project, name, 'latest') : null;
  const job = { name: 'add-version', ...(signal === undefined ? {} : { signal }) };
  const judged = await analytics.run(job, async (session) => await judgeBatch(parts, session, dataset, given, parent));
  if (judged.stored.validation.verdict === 'fail') return await refuse(parts, actor, project, judged);
  return await accept(parts, actor, project, given, judged, parent);
}
