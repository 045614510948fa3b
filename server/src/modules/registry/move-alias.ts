import { notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { deleteAlias, findModel, upsertAlias } from './model-store.ts';
import type { RegistryParts } from './parts.ts';
import { aliasChanged, tellChange } from './tell-change.ts';
import { findVersion } from './version-store.ts';

type Trx = Parameters<Parameters<RegistryParts['platform']['database']['transaction']>[0]>[0];

export interface AliasMove {
  readonly model: string;
  readonly alias: string;
  readonly version: number;
}

function checkName(alias: string): void {
  const reserved = alias.toLowerCase() === 'latest' || /^v\d+$/i.test(alias);
  if (reserved) throw new PlatformError('invalid_input', `The alias "${alias}" is reserved`);
  if (!/^[\p{L}\p{N}_-]+$/u.test(alias)) {
    throw new PlatformError('invalid_input', 'Aliases are letters, digits, dashes and underscores');
  }
}

async function checkGuard(
  { aliasGuard }: RegistryParts,
  project: string,
  { model, alias }: Omit<AliasMove, 'version'>,
) {
  if (!(await aliasGuard(project, model, alias))) return;
  throw new PlatformError(
    'not_allowed',
    `"${alias}" of "${model}" moves by a finished rollout only; ask for a promotion`,
  );
}

/** Points an alias at a version inside a transaction of the caller's, as the end of a rollout does. */
export async function moveAliasIn(parts: RegistryParts, trx: Trx, actor: Actor, project: string, move: AliasMove) {
  const { platform } = parts;
  const { model, alias, version } = move;
  const known = await findModel(trx, project, model);
  if (known === null || (await findVersion(trx, project, model, version)) === null)
    throw notFound('model version', `${model}@${version}`);
  await upsertAlias(trx, { project, model, alias, version });
  await platform.events.publish(trx, { project, name: 'registry.alias-changed', payload: { ...move } });
  await tellChange(parts, trx, project, [aliasChanged(known, alias, version)]);
  const subject = { kind: 'model_version', id: `${model}@${version}` };
  await platform.audit.record(trx, { actor, project, action: 'registry.alias-set', subject, details: { alias } });
}

/** Points an alias at a version, unless a policy keeps that alias for rollouts. */
export async function setAlias(parts: RegistryParts, actor: Actor, project: string, move: AliasMove): Promise<void> {
  checkName(move.alias);
  await checkGuard(parts, project, move);
  await parts.platform.database.transaction(async (trx) => await moveAliasIn(parts, trx, actor, project, move));
}

/** False when there was no such alias. */
export async function removeAlias(
  parts: RegistryParts,
  actor: Actor,
  project: string,
  model: string,
  alias: string,
): Promise<boolean> {
  await checkGuard(parts, project, { model, alias });
  return await parts.platform.database.transaction(async (trx) => {
    const known = await findModel(trx, project, model);
    if (known === null) throw notFound('model', model);
    const removed = await deleteAlias(trx, project, model, alias);
    const subject = { kind: 'model', id: model };
    if (removed) {
      await tellChange(parts, trx, project, [aliasChanged(known, alias, null)]);
      await parts.platform.audit.record(trx, {
        actor,
        project,
        action: 'registry.alias-removed',
        subject,
        details: { alias },
      });
    }
    return removed;
  });
}
