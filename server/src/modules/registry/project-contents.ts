import { systemActor } from '#platform/access/actor';
import type { ProjectContents } from '#platform/access/project-contents';
import type { RegistryParts } from './parts.ts';
import { deleteSomeModels, deleteSomeWebhooks, findNameConflicts, moveModels } from './project-contents-store.ts';

const MODELS_AT_ONCE = 50;
const DELIVERIES_AT_ONCE = 1_000;
const REASON = 'its project was deleted';

async function emptyModels({ platform: { database, audit } }: RegistryParts, project: string): Promise<boolean> {
  return await database.transaction(async (trx) => {
    const names = await deleteSomeModels(trx, project, MODELS_AT_ONCE);
    await audit.recordAll(
      trx,
      names.map((id) => ({
        actor: systemActor,
        project,
        action: 'registry.model-deleted',
        subject: { kind: 'model', id },
        details: { reason: REASON },
      })),
    );
    return names.length > 0;
  });
}

/** Models, their versions, and webhooks. */
export const registryContents = (parts: RegistryParts): ProjectContents => ({
  tables: ['registry.model', 'registry.webhook'],
  conflicts: findNameConflicts,
  move: moveModels,
  empty: async (project, signal) => {
    const { database } = parts.platform;
    while (await deleteSomeWebhooks(database, project, DELIVERIES_AT_ONCE)) signal.throwIfAborted();
    while (await emptyModels(parts, project)) signal.throwIfAborted();
  },
});
