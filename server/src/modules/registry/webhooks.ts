import { randomUUID } from 'node:crypto';
import { invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { pageToken, readPageToken } from '#platform/page-token';
import { checkEvent, checkWebhook, type WebhookInput } from './check-webhook.ts';
import { answerOutcome, failureOf, sendDelivery, webhookPayload } from './deliver-webhook.ts';
import type { RegistryParts } from './parts.ts';
import { insertDelivery, listDeliveries, type StoredDelivery, settleDelivery } from './webhook-delivery-store.ts';
import { webhookEvents } from './webhook-event.ts';
import {
  deleteWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  type StoredWebhook,
  updateWebhook,
} from './webhook-store.ts';

/** A webhook as others see it: nobody reads its secret. */
export type Webhook = Omit<StoredWebhook, 'secret' | 'paused_until'>;

export type NewWebhook = WebhookInput & { readonly name: string; readonly url: string; readonly events: string[] };

export interface WebhookTest {
  /** `null` when no answer came. */
  readonly status: number | null;
  readonly isTaken: boolean;
  readonly body: string;
  readonly error: string | null;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

export interface Webhooks {
  create(actor: Actor, project: string, input: NewWebhook): Promise<Webhook>;
  get(project: string, id: string): Promise<Webhook>;
  list(project: string, limit: number, token: string | undefined): Promise<Page<Webhook>>;
  change(actor: Actor, project: string, id: string, input: WebhookInput): Promise<Webhook>;
  remove(actor: Actor, project: string, id: string): Promise<void>;
  /** Sends an example of an event, of the first it listens to unless one is named, once and now. */
  test(actor: Actor, project: string, id: string, event: string | undefined): Promise<WebhookTest>;
  deliveries(project: string, id: string, limit: number, token: string | undefined): Promise<Page<StoredDelivery>>;
}

const shown = ({ secret: _, paused_until: __, ...webhook }: StoredWebhook): Webhook => webhook;

const missing = (id: string) => new PlatformError('not_found', `Webhook with ID ${id} not found.`);

async function required({ platform }: RegistryParts, project: string, id: string): Promise<StoredWebhook> {
  const webhook = await findWebhook(platform.database, project, id);
  if (webhook === null) throw missing(id);
  return webhook;
}

/** Addresses carry secrets in their paths, so the audit names the host alone. */
const audited = ({ name, url, events, status }: Webhook) => ({ name, host: new URL(url).host, events, status });

async function sealed({ platform }: RegistryParts, id: string, secret: string | undefined) {
  if (secret === undefined) return undefined;
  return secret === '' ? null : await platform.secrets.seal(`webhook ${id}`, secret);
}

async function create(parts: RegistryParts, actor: Actor, project: string, input: NewWebhook): Promise<Webhook> {
  const { database, audit } = parts.platform;
  const events = (await checkWebhook(parts, input)) ?? [];
  const id = randomUUID();
  const { name, url, description = null, status = 'ACTIVE' } = input;
  const secret = (await sealed(parts, id, input.secret)) ?? null;
  return await database.transaction(async (trx) => {
    const made = shown(await insertWebhook(trx, { id, project, name, url, description, events, status, secret }));
    const subject = { kind: 'webhook', id };
    const details = audited(made);
    await audit.record(trx, { actor, project, action: 'registry.webhook-created', subject, details });
    return made;
  });
}

async function change(parts: RegistryParts, actor: Actor, project: string, id: string, input: WebhookInput) {
  const { database, audit } = parts.platform;
  await required(parts, project, id);
  const events = await checkWebhook(parts, input);
  const { name, url, description, status } = input;
  const secret = await sealed(parts, id, input.secret);
  return await database.transaction(async (trx) => {
    const row = await updateWebhook(trx, project, id, {
      ...(name === undefined ? {} : { name }),
      ...(url === undefined ? {} : { url }),
      ...(description === undefined ? {} : { description }),
      ...(status === undefined ? {} : { status }),
      ...(events === undefined ? {} : { events }),
      ...(secret === undefined ? {} : { secret }),
    });
    if (row === null) throw missing(id);
    const changed = shown(row);
    const details = { ...audited(changed), isSecretChanged: input.secret !== undefined };
    const subject = { kind: 'webhook', id };
    await audit.record(trx, { actor, project, action: 'registry.webhook-changed', subject, details });
    return changed;
  });
}

async function remove({ platform }: RegistryParts, actor: Actor, project: string, id: string): Promise<void> {
  await platform.database.transaction(async (trx) => {
    if (!(await deleteWebhook(trx, project, id))) throw missing(id);
    const subject = { kind: 'webhook', id };
    await platform.audit.record(trx, { actor, project, action: 'registry.webhook-deleted', subject });
  });
}

async function test(
  parts: RegistryParts,
  actor: Actor,
  project: string,
  webhook: StoredWebhook,
  named: string | undefined,
): Promise<WebhookTest> {
  const { database, audit, clock } = parts.platform;
  const event = named === undefined ? webhook.events[0]! : checkEvent(named);
  const payload = webhookPayload(event, clock.now().toISOString(), webhookEvents[event], project);
  const delivery = { id: randomUUID(), payload };
  await database.transaction(async (trx) => {
    await insertDelivery(trx, { ...delivery, webhook_id: webhook.id, event_id: null, event });
    const subject = { kind: 'webhook', id: webhook.id };
    const details = { event };
    await audit.record(trx, { actor, project, action: 'registry.webhook-tested', subject, details });
  });
  const settle = async (outcome: ReturnType<typeof failureOf>) =>
    await settleDelivery(database, { id: delivery.id, attempts: 0 }, { ...outcome, wasTried: true });
  try {
    const answer = await sendDelivery(parts, webhook, delivery);
    await settle(answerOutcome(answer));
    return { ...answer, error: null };
  } catch (error) {
    const failure = failureOf(error);
    await settle(failure);
    return { status: null, isTaken: false, body: '', error: failure.error };
  }
}

/** A page of what a store lists by falling numbers. */
async function pageOf<T extends { readonly number: number }>(
  question: readonly string[],
  token: string | undefined,
  limit: number,
  list: (before: number | null) => Promise<T[]>,
): Promise<Page<T>> {
  const [before] = readPageToken(question, token) ?? [];
  if (before !== undefined && !Number.isSafeInteger(before)) {
    throw invalidInput('Invalid page token, it was not made here');
  }
  const found = await list(before === undefined ? null : Number(before));
  const items = found.slice(0, limit);
  if (found.length <= limit) return { items };
  return { items, nextPageToken: pageToken(question, [items.at(-1)!.number]) };
}

export function createWebhooks(parts: RegistryParts): Webhooks {
  const { database } = parts.platform;
  return {
    create: async (actor, project, input) => await create(parts, actor, project, input),
    get: async (project, id) => shown(await required(parts, project, id)),
    list: async (project, limit, token) =>
      await pageOf([project, 'webhooks'], token, limit, async (before) =>
        (await listWebhooks(database, { project, limit: limit + 1, before })).map(shown),
      ),
    change: async (actor, project, id, input) => await change(parts, actor, project, id, input),
    remove: async (actor, project, id) => await remove(parts, actor, project, id),
    test: async (actor, project, id, event) =>
      await test(parts, actor, project, await required(parts, project, id), event),
    deliveries: async (project, id, limit, token) => {
      const { id: webhook } = await required(parts, project, id);
      return await pageOf([webhook, 'deliveries'], token, limit, async (before) =>
        listDeliveries(database, { webhook, limit: limit + 1, before }),
      );
    },
  };
}
