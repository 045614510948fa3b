import { createHash, randomBytes } from 'node:crypto';
import { invalidInput } from '@flyball/api';
import { type ExactObject, type ExactValue, isExactObject, parseExact, pythonJson } from '#platform/exact-json';
import { pageToken, readPageToken } from '#platform/page-token';
import type { Page } from '#tracking';
import { findEvaluationDataset, updateEvaluationDataset } from './evaluation-dataset-store.ts';
import { datasetDigest, evaluationDatasetMissing, getEvaluationDataset } from './evaluation-datasets.ts';
import {
  countRecords,
  deleteRecordRows,
  findRecordsByInputs,
  listRecords,
  type StoredRecord,
  upsertRecords,
} from './evaluation-record-store.ts';
import type { TracingParts } from './parts.ts';

const MOST_RECORDS = 10_000;
const MOST_PAGE = 50_000;
const USER = 'mlflow.user';
const sourceTypes = ['UNSPECIFIED', 'TRACE', 'HUMAN', 'DOCUMENT', 'CODE'];

/** A record as it is given; what is undefined was not said. */
export interface RecordInput {
  readonly inputs: ExactObject;
  readonly outputs?: ExactValue | undefined;
  readonly expectations?: ExactObject | undefined;
  readonly tags?: ExactObject | undefined;
  readonly source?: ExactObject | undefined;
}

function objectIn(record: ExactObject, field: string, at: number): ExactObject | undefined {
  const value = record[field];
  if (value === undefined || value === null) return undefined;
  if (isExactObject(value)) return value;
  throw invalidInput(`records[${at}].${field} must be an object`);
}

/** Records as JSON says them, checked. */
export function readRecords(sent: ExactValue): RecordInput[] {
  // A client may send what it would iterate over, and an empty object is nothing to iterate over.
  if (isExactObject(sent) && Object.keys(sent).length === 0) return [];
  if (!Array.isArray(sent)) throw invalidInput('records must be a list');
  if (sent.length > MOST_RECORDS) throw invalidInput(`A request can hold at most ${MOST_RECORDS} records`);
  return sent.map((record: ExactValue, at) => {
    if (!isExactObject(record)) throw invalidInput(`records[${at}] must be an object`);
    if (record['inputs'] === null) throw invalidInput(`records[${at}].inputs must be provided`);
    return {
      inputs: objectIn(record, 'inputs', at) ?? {},
      outputs: record['outputs'],
      expectations: objectIn(record, 'expectations', at),
      tags: objectIn(record, 'tags', at),
      source: objectIn(record, 'source', at),
    };
  });
}

function sorted(value: ExactValue): ExactValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isExactObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

const hashOf = (inputs: ExactObject): string =>
  createHash('sha256')
    .update(pythonJson(sorted(inputs)))
    .digest('hex');

const userIn = (tags: ExactObject | undefined): string | null =>
  typeof tags?.[USER] === 'string' ? tags[USER].slice(0, 255) : null;

const textOrNull = (value: ExactValue | undefined): string | null =>
  value === undefined || value === null ? null : pythonJson(value);

function sourceOf(source: ExactObject | undefined): Pick<StoredRecord, 'source' | 'source_id' | 'source_type'> {
  if (source === undefined || Object.keys(source).length === 0) {
    return { source: null, source_id: null, source_type: null };
  }
  const type = String(source['source_type'] ?? '').toUpperCase();
  if (!sourceTypes.includes(type)) {
    const valid = sourceTypes.map((one) => `'${one}'`).join(', ');
    throw invalidInput(`Invalid dataset record source type: ${type.slice(0, 100)}. Valid source types: [${valid}]`);
  }
  const data = isExactObject(source['source_data']) ? source['source_data'] : {};
  const id = data[type === 'TRACE' ? 'trace_id' : 'source_id'];
  return {
    source: pythonJson({ source_type: type, source_data: data }),
    source_id: typeof id === 'string' ? id.slice(0, 255) : null,
    source_type: type,
  };
}

function newRecord(input: RecordInput, hash: string, atMs: number): StoredRecord {
  const user = userIn(input.tags);
  return {
    record_id: `dr-${randomBytes(16).toString('hex')}`,
    input_hash: hash,
    inputs: pythonJson(input.inputs),
    outputs: input.outputs === undefined ? '{}' : textOrNull(input.outputs),
    expectations: textOrNull(input.expectations),
    tags: pythonJson(input.tags ?? {}),
    ...sourceOf(input.source),
    created_ms: atMs,
    updated_ms: atMs,
    created_by: user,
    updated_by: user,
  };
}

function merged(known: string | null, more: ExactObject | undefined): string | null {
  if (more === undefined || Object.keys(more).length === 0) return known;
  const before = known === null ? {} : parseExact(known);
  return pythonJson({ ...(isExactObject(before) ? before : {}), ...more });
}

const mergedRecord = (known: StoredRecord, input: RecordInput, atMs: number): StoredRecord => ({
  ...known,
  outputs: input.outputs === undefined ? known.outputs : textOrNull(input.outputs),
  expectations: merged(known.expectations, input.expectations),
  tags: merged(known.tags, input.tags),
  updated_ms: atMs,
  updated_by: userIn(input.tags) ?? known.updated_by,
});

function typeOf(value: ExactValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const names: Readonly<Record<string, string>> = { bigint: 'integer', number: 'float', boolean: 'boolean' };
  return names[typeof value] ?? (typeof value === 'string' ? 'string' : 'object');
}

const MOST_FIELDS = 10_000;

const typesOf = (value: ExactObject): ExactObject =>
  Object.fromEntries(Object.entries(value).map(([key, item]) => [key, typeOf(item)]));

/** What one part of the records looks like; the first record that has a field decides. */
function partSchema(known: ExactValue, values: readonly (ExactValue | undefined)[]): ExactValue {
  let schema = known;
  for (const value of values) {
    if (value === undefined || value === null || !isExactObject(schema)) continue;
    const fields = Object.keys(schema).length;
    if (isExactObject(value)) schema = fields < MOST_FIELDS ? { ...schema, ...typesOf(value), ...schema } : schema;
    else if (fields === 0) schema = typeOf(value);
  }
  return schema;
}

/** The kinds of the fields that records have had. */
function schemaWith(known: string | null, records: readonly RecordInput[]): string | null {
  if (known === null && records.length === 0) return null;
  const before = known === null ? {} : parseExact(known);
  const parts = (['inputs', 'outputs', 'expectations'] as const).map((part) => {
    const stored = isExactObject(before) ? (before[part] ?? {}) : {};
    return [
      part,
      partSchema(
        stored,
        records.map((record) => record[part]),
      ),
    ] as const;
  });
  return pythonJson({ ...Object.fromEntries(parts), version: '1.0' });
}

/** Adds records; one with the same inputs as a known one changes that one. */
export async function upsertDatasetRecords(
  { platform }: TracingParts,
  project: string,
  datasetId: string,
  inputs: readonly RecordInput[],
): Promise<{ readonly inserted: number; readonly updated: number }> {
  return await platform.database.transaction(async (trx) => {
    const dataset = await findEvaluationDataset(trx, project, datasetId, 'lock');
    if (dataset === null) throw evaluationDatasetMissing(datasetId);
    const atMs = platform.clock.now().getTime();
    const hashes = inputs.map(({ inputs: given }) => hashOf(given));
    const known = await findRecordsByInputs(trx, datasetId, hashes);
    let updated = 0;
    for (const [i, input] of inputs.entries()) {
      const before = known.get(hashes[i]!);
      if (before !== undefined) updated++;
      known.set(
        hashes[i]!,
        before === undefined ? newRecord(input, hashes[i]!, atMs) : mergedRecord(before, input, atMs),
      );
    }
    await upsertRecords(trx, datasetId, [...known.values()]);
    const count = await countRecords(trx, datasetId);
    await updateEvaluationDataset(trx, datasetId, {
      schema: schemaWith(dataset.schema, inputs),
      profile: count === 0 ? dataset.profile : pythonJson({ num_records: BigInt(count) }),
      digest: datasetDigest(dataset.name, atMs),
      updatedMs: atMs,
      updatedBy: inputs.map(({ tags }) => userIn(tags)).findLast((user) => user !== null) ?? null,
    });
    return { inserted: inputs.length - updated, updated };
  });
}

export async function listDatasetRecords(
  parts: TracingParts,
  project: string,
  datasetId: string,
  { limit, pageToken: token }: { readonly limit: number; readonly pageToken?: string | undefined },
): Promise<Page<StoredRecord>> {
  if (limit < 1 || limit > MOST_PAGE) {
    const problem = limit < 1 ? 'It must be a positive integer' : `It must be at most ${MOST_PAGE}`;
    throw invalidInput(`Invalid value ${limit} for parameter 'max_results' supplied. ${problem}`);
  }
  const question = ['records', project, datasetId];
  const place = readPageToken(question, token);
  const after = place === null ? null : { createdMs: Number(place[0]), recordId: String(place[1]) };
  await getEvaluationDataset(parts, project, datasetId);
  const found = await listRecords(parts.platform.database, datasetId, after, limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (last === undefined || last.found_count <= items.length) return { items };
  return { items, nextPageToken: pageToken(question, [last.created_ms, last.record_id]) };
}

/** How many were deleted. */
export async function removeDatasetRecords(
  { platform }: TracingParts,
  project: string,
  datasetId: string,
  recordIds: readonly string[],
): Promise<number> {
  return await platform.database.transaction(async (trx) => {
    const dataset = await findEvaluationDataset(trx, project, datasetId, 'lock');
    if (dataset === null) throw evaluationDatasetMissing(datasetId);
    const removed = await deleteRecordRows(trx, datasetId, recordIds);
    if (removed === 0) return 0;
    const count = await countRecords(trx, datasetId);
    await updateEvaluationDataset(trx, datasetId, {
      schema: dataset.schema,
      profile: count === 0 ? null : pythonJson({ num_records: BigInt(count) }),
      digest: dataset.digest,
      updatedMs: dataset.updated_ms,
      updatedBy: dataset.updated_by,
    });
    return removed;
  });
}
