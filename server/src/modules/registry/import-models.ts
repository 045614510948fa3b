import { type ImportedVersion, notFound, PlatformError, type registryImportRoutes } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { Handlers } from '#platform/http/serve';
import { locationBelow } from '#tracking';
import { lineageOf, resolveFiles } from './create-version.ts';
import { filesDigest } from './files-digest.ts';
import { backdateVersion, insertImportedModel, lockModel, type NewImportedModel } from './import-store.ts';
import type { RegistryParts } from './parts.ts';
import { scanModelFiles } from './scan-model-files.ts';
import { findVersion, insertVersion } from './version-store.ts';

async function importModel(
  { platform }: RegistryParts,
  actor: Actor,
  project: string,
  model: NewImportedModel,
): Promise<{ added: boolean }> {
  return await platform.database.transaction(async (trx) => {
    const added = await insertImportedModel(trx, project, model);
    const subject = { kind: 'model', id: model.name };
    const action = 'registry.model-imported';
    if (added) await platform.audit.record(trx, { actor, project, action, subject });
    return { added };
  });
}

/** Where the version's files are here, and what they are. */
async function sourceOf({ tracking }: RegistryParts, project: string, { from, source }: ImportedVersion) {
  if (from === null) return { source, files: [] };
  const place =
    from.kind === 'run'
      ? await tracking.runs.get(project, from.id)
      : await tracking.models.get(project, from.id, { deleted: true });
  const files = await tracking.artifacts.keepAt(project, place, from.path);
  const isWhole = from.kind === 'model' && from.path === '';
  const folder = from.path === '' ? place.artifact_uri : locationBelow(place.artifact_uri, from.path);
  return { source: isWhole ? `models:/${from.id}` : folder, files };
}

async function runTitle({ tracking }: RegistryParts, project: string, runId: string | null): Promise<string | null> {
  if (runId === null) return null;
  const run = await tracking.getRun(project, runId).catch((error: unknown) => {
    if (error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  });
  return run?.name ?? null;
}

interface Place {
  readonly project: string;
  readonly model: string;
  readonly version: number;
}

/** A version under its number, scanned like any other; `false` when it is here. */
async function importVersion(
  parts: RegistryParts,
  actor: Actor,
  of: Place,
  given: ImportedVersion,
): Promise<{ added: boolean }> {
  const { platform, data } = parts;
  const { project, model, version: number } = of;
  if ((await findVersion(platform.database, project, model, number)) !== null) return { added: false };
  const { source, files: found } = await sourceOf(parts, project, given);
  const files = await resolveFiles(parts, found);
  const scan = await scanModelFiles(
    files.map(({ path, digest }) => ({ path, localPath: async () => await platform.objects.localPath(digest) })),
  );
  const title = await runTitle(parts, project, given.runId);
  return await platform.database.transaction(async (trx) => {
    if (!(await lockModel(trx, project, model))) throw notFound('model', model);
    if ((await findVersion(trx, project, model, number)) !== null) return { added: false };
    const { description, runId, runLink, loggedModelId, tags, user } = given;
    const row = { model, version: number, description, runId, runLink, loggedModelId, source, files, scan, tags };
    const flavor = files.some(({ path }) => path === 'MLmodel') ? ('mlflow' as const) : ('other' as const);
    const digest = filesDigest(files);
    const createdBy = user === '' ? actor.name : user;
    await insertVersion(trx, project, { ...row, dataset: null, flavor, inputs: [], digest, createdBy });
    await backdateVersion(trx, of, given);
    const id = `${model}@${number}`;
    const details = { sha256: digest, scan: scan.verdict, runId };
    const node = { kind: 'model_version', id, title: id, details };
    const stored = (await findVersion(trx, project, model, number))!;
    const edges = lineageOf(id, title === null ? { ...stored, runId: null } : stored);
    const run = title === null || runId === null ? [] : [{ kind: 'run', id: runId, title }];
    await data.lineage.record(trx, project, edges, [node, ...run]);
    const subject = { kind: 'model_version', id };
    await platform.audit.record(trx, { actor, project, action: 'registry.version-imported', subject, details });
    return { added: true };
  });
}

/** The registry's half of `api/src/mlflow-import.ts`. */
export function registryImportHandlers(parts: RegistryParts): Handlers<typeof registryImportRoutes> {
  return {
    importModel: async ({ actor, project, body }) => await importModel(parts, actor, project, body),
    importModelVersion: async ({ actor, project, params: { model, version }, body }) =>
      await importVersion(parts, actor, { project, model, version }, body),
  };
}
