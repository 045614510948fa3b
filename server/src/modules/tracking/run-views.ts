import { invalidInput, notFound, PlatformError, type RunView } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { TrackingParts } from './parts.ts';
import { countOtherViews, deleteView, listViews, putView, type StoredRunView } from './run-view-store.ts';

const MOST_VIEWS = 500;

const presentView = (row: StoredRunView): RunView => ({
  name: row.name,
  address: row.address,
  createdBy: row.created_by,
  updatedBy: row.updated_by,
  updatedAt: row.updated_at.toISOString(),
});

export async function listRunViews({ platform }: TrackingParts, project: string): Promise<RunView[]> {
  return (await listViews(platform.database, project)).map(presentView);
}

export async function saveRunView(
  { platform }: TrackingParts,
  actor: Actor,
  project: string,
  view: { readonly name: string; readonly address: Readonly<Record<string, unknown>>; readonly replace: boolean },
): Promise<RunView> {
  const { name, address, replace } = view;
  return await platform.database.transaction(async (trx) => {
    if ((await countOtherViews(trx, project, name)) >= MOST_VIEWS) {
      throw invalidInput(`The project has ${MOST_VIEWS} saved views, which is the most; delete one first`);
    }
    const saved = await putView(trx, { project, name, address, by: actor.name }, replace);
    if (saved === null) {
      throw new PlatformError('conflict', `There is a view called "${name}"; replace it or choose another name`);
    }
    const subject = { kind: 'run_view', id: name };
    await platform.audit.record(trx, { actor, project, action: 'tracking.view-saved', subject, details: { address } });
    return presentView(saved);
  });
}

export async function deleteRunView(
  { platform }: TrackingParts,
  actor: Actor,
  project: string,
  name: string,
): Promise<void> {
  await platform.database.transaction(async (trx) => {
    if (!(await deleteView(trx, project, name))) throw notFound('saved view', name);
    const subject = { kind: 'run_view', id: name };
    await platform.audit.record(trx, { actor, project, action: 'tracking.view-deleted', subject });
  });
}
