import { type ModelVersion, notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { RegistryParts } from './parts.ts';
import { findVersion, updateVersion } from './version-store.ts';

/** A person takes responsibility for files that the scan cannot judge. What is known to be bad cannot be signed off. */
export async function signOffScan(
  { platform }: RegistryParts,
  actor: Actor,
  project: string,
  of: { readonly model: string; readonly version: number },
  reason: string,
): Promise<ModelVersion> {
  const id = `${of.model}@${of.version}`;
  return await platform.database.transaction(async (trx) => {
    const version = await findVersion(trx, project, of.model, of.version);
    if (version === null) throw notFound('model version', id);
    if (version.scan.verdict !== 'unknown') {
      throw new PlatformError('conflict', `The scan says ${version.scan.verdict}: there is nothing to sign off`);
    }
    await updateVersion(trx, { project, ...of }, { setTags: { 'flyball.scan-sign-off': `${actor.name}: ${reason}` } });
    const subject = { kind: 'model_version', id };
    await platform.audit.record(trx, {
      actor,
      project,
      action: 'registry.scan-signed-off',
      subject,
      details: { reason },
    });
    return (await findVersion(trx, project, of.model, of.version))!;
  });
}
