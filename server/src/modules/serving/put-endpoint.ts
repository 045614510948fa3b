import {
  type BadPlace,
  type Endpoint,
  type EndpointDefinition,
  invalidInput,
  notFound,
  PlatformError,
} from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { newId } from '#platform/uuid';
import { ROUTES_CHANGED } from './channels.ts';
import { deleteEndpoint, type EndpointRow, findEndpoint, upsertEndpoint } from './endpoint-store.ts';
import type { ServingParts } from './parts.ts';
import { presentEndpoints } from './present-endpoint.ts';
import { findActiveRollout } from './rollout-store.ts';

export async function requireEndpoint({ platform }: ServingParts, project: string, name: string): Promise<EndpointRow> {
  const row = await findEndpoint(platform.database, project, name);
  if (row === null) throw notFound('endpoint', name);
  return row;
}

export async function getEndpoint(parts: ServingParts, project: string, name: string): Promise<Endpoint> {
  const [endpoint] = await presentEndpoints(parts.platform.database, [await requireEndpoint(parts, project, name)]);
  return endpoint!;
}

/** What the fields say about each other; the contract has checked each for itself. */
function checkDefinition({ inputs, stickyInput, feedback }: EndpointDefinition): void {
  const names = inputs.map(({ name }) => name);
  const bad: BadPlace[] = [];
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) < i) bad.push({ at: `body.inputs[${i}].name`, message: `"${name}" is there twice` });
  }
  if (stickyInput !== undefined && !names.includes(stickyInput)) {
    bad.push({ at: 'body.stickyInput', message: `There is no input "${stickyInput}"` });
  }
  for (const [column, filling] of Object.entries(feedback?.columns ?? {})) {
    const isKnown = ['at', 'label', 'label_at'].includes(filling) || names.some((name) => filling === `input.${name}`);
    if (isKnown) continue;
    const message = `Nothing is called "${filling}": use at, label, label_at, or input.<name> of an input`;
    bad.push({ at: `body.feedback.columns.${column}`, message });
  }
  if (bad.length > 0) throw invalidInput(bad.map(({ at, message }) => `${at}: ${message}`).join('; '), bad);
}

/** Defines an endpoint, or defines it anew; its versions stay where they are. */
export async function putEndpoint(
  parts: ServingParts,
  actor: Actor,
  project: string,
  definition: EndpointDefinition,
): Promise<Endpoint> {
  checkDefinition(definition);
  const { database, audit, events } = parts.platform;
  if (definition.feedback !== undefined) await parts.data.getDataset(project, definition.feedback.dataset);
  const { name, model } = definition;
  const before = await findEndpoint(database, project, name);
  if (before !== null && before.champion !== null && before.definition.model !== model) {
    const message = `"${name}" answers with versions of "${before.definition.model}"; use another endpoint for "${model}"`;
    throw new PlatformError('conflict', message);
  }
  await database.transaction(async (trx) => {
    const row = await upsertEndpoint(trx, project, newId(), definition);
    const subject = { kind: 'endpoint', id: name };
    await audit.record(trx, { actor, project, action: 'serving.endpoint-put', subject, details: { model } });
    await events.publish(trx, { project, name: 'serving.endpoint-changed', payload: { endpoint: name } });
    const node = { ...subject, title: name, details: { model } };
    const { feedback } = definition;
    const from = { kind: 'endpoint', id: name };
    const edges =
      feedback === undefined ? [] : [{ from, to: { kind: 'dataset', id: feedback.dataset }, role: 'feeds' }];
    await parts.data.lineage.record(trx, project, edges, [node]);
    await database.notify(ROUTES_CHANGED, row.id, trx);
  });
  return await getEndpoint(parts, project, name);
}

/** Deletes an endpoint with its log; the next sweep removes the bytes of it. */
export async function removeEndpoint(parts: ServingParts, actor: Actor, project: string, name: string): Promise<void> {
  const { database, audit, events } = parts.platform;
  const row = await requireEndpoint(parts, project, name);
  if ((await findActiveRollout(database, row.id)) !== null) {
    throw new PlatformError('conflict', `A rollout of "${name}" is under way; decide it first`);
  }
  await database.transaction(async (trx) => {
    await deleteEndpoint(trx, row.id);
    const subject = { kind: 'endpoint', id: name };
    await audit.record(trx, { actor, project, action: 'serving.endpoint-deleted', subject });
    await events.publish(trx, { project, name: 'serving.endpoint-changed', payload: { endpoint: name } });
    await database.notify(ROUTES_CHANGED, row.id, trx);
  });
}
