import { type ModelVersion, type NewModelVersion, notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { filesDigest } from './files-digest.ts';
import { nextVersion } from './model-store.ts';
import type { RegistryParts } from './parts.ts';
import { scanModelFiles } from './scan-model-files.ts';
import { tellChange, versionCreated } from './tell-change.ts';
import { findVersion, insertVersion } from './version-store.ts';

/** A path inside a model's folder, as it is stored: relative, without `.` and `..`. */
function checkPath(path: string): string {
  const parts = path.split('/');
  const bad = /[\\\p{Cc}]/u.test(path) || parts.some((part) => part === '' || part === '.' || part === '..');
  if (bad) throw new PlatformError('invalid_input', `"${path}" is no path inside a model's folder`);
  return path;
}

/** Files of the object store, with their sizes. */
export async function resolveFiles(
  { platform }: RegistryParts,
  given: NewModelVersion['files'],
): Promise<ModelVersion['files']> {
  const files = [];
  for (const { path, digest } of given) {
    const stored = await platform.objects.claim(digest);
    if (stored === null)
      throw new PlatformError('invalid_input', `No object ${digest} is stored for "${path}"; upload it first`);
    files.push({ path: checkPath(path), digest, sizeBytes: stored.sizeBytes });
  }
  if (new Set(files.map(({ path }) => path)).size < files.length) {
    throw new PlatformError('invalid_input', 'Two files have the same path');
  }
  return files;
}

export function lineageOf(id: string, { runId, dataset }: ModelVersion) {
  const to = { kind: 'model_version', id };
  return [
    ...(runId === null ? [] : [{ from: { kind: 'run', id: runId }, to, role: 'made' }]),
    ...(dataset === null
      ? []
      : [{ from: { kind: 'dataset_version', id: `${dataset.name}@${dataset.version}` }, to, role: 'trained' }]),
  ];
}

export interface VersionOptions {
  /** Whether the run may be one of another server, whose id is kept as a text. */
  readonly foreignRun?: boolean;
}

/** The run as lineage shows it; null where it is another server's. */
async function runNode(
  tracking: RegistryParts['tracking'],
  project: string,
  runId: string,
  { foreignRun = false }: VersionOptions,
) {
  try {
    const { name } = await tracking.getRun(project, runId);
    return { kind: 'run', id: runId, title: name };
  } catch (error) {
    if (foreignRun && error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  }
}

/** Registers a version: files that are stored already, scanned, with everything that ties it to where it comes from. */
export async function createVersion(
  parts: RegistryParts,
  actor: Actor,
  project: string,
  model: string,
  given: NewModelVersion,
  options: VersionOptions = {},
): Promise<ModelVersion> {
  const { platform, data, tracking } = parts;
  const run = given.runId === undefined ? null : await runNode(tracking, project, given.runId, options);
  if (given.dataset !== undefined) await data.getVersion(project, given.dataset.name, given.dataset.version);
  const files = await resolveFiles(parts, given.files);
  const scan = await scanModelFiles(
    files.map(({ path, digest }) => ({ path, localPath: async () => await platform.objects.localPath(digest) })),
  );
  return await platform.database.transaction(async (trx) => {
    const number = await nextVersion(trx, project, model);
    if (number === null) throw notFound('model', model);
    const id = `${model}@${number}`;
    await insertVersion(trx, project, {
      model,
      version: number,
      description: given.description,
      runId: given.runId ?? null,
      runLink: given.runLink ?? null,
      loggedModelId: given.loggedModelId ?? null,
      source: given.source,
      dataset: given.dataset ?? null,
      flavor: given.flavor,
      inputs: given.inputs,
      files,
      digest: filesDigest(files),
      scan,
      tags: given.tags,
      createdBy: actor.name,
    });
    const version = (await findVersion(trx, project, model, number))!;
    const details = { sha256: version.digest, scan: scan.verdict, runId: version.runId };
    const node = { kind: 'model_version', id, title: id, details };
    const edges = lineageOf(id, run === null ? { ...version, runId: null } : version);
    await data.lineage.record(trx, project, edges, run === null ? [node] : [node, run]);
    const payload = { model, version: number };
    await platform.events.publish(trx, { project, name: 'registry.version-created', payload });
    await tellChange(parts, trx, project, [versionCreated(version)]);
    const subject = { kind: 'model_version', id };
    await platform.audit.record(trx, { actor, project, action: 'registry.version-created', subject, details });
    return version;
  });
}
