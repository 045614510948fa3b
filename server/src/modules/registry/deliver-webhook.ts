import { createHmac, randomUUID } from 'node:crypto';
import { PlatformError } from '@flyball/api';
import type { PublishedEvent } from '#platform/events/event-bus';
import { postWebhook, type WebhookAnswer } from '#platform/webhooks/post-webhook';
import type { RegistryParts } from './parts.ts';
import type { ToldChange } from './tell-change.ts';
import {
  type DeliveryOutcome,
  type DueDelivery,
  findDelivery,
  insertDelivery,
  pruneDeliveries,
  settleDelivery,
} from './webhook-delivery-store.ts';
import type { WebhookEvent } from './webhook-event.ts';
import { listListeners, pauseWebhook, type StoredWebhook } from './webhook-store.ts';

export const DELIVERY_QUEUE = 'registry.webhook';

export interface DeliveryJob {
  readonly delivery: string;
}

/** Before each further try. After the last one a delivery has failed. */
const PAUSES_SECONDS = [1, 2, 5, 15, 60, 300, 900, 3_600];
const LONGEST_PAUSE_SECONDS = 3_600;
/** A receiver that fails keeps a process waiting each time, so all that goes to it waits, too. */
const LONGEST_REST_SECONDS = 60;
const KEEP_DAYS = 7;
const MOST_ERROR = 500;

/** What an event says to its receivers. Python before 3.11 does not read times that end in Z. */
export function webhookPayload(event: WebhookEvent, at: string, data: unknown, workspace: string): string {
  const [entity, action] = event.split('.');
  return JSON.stringify({ entity, action, timestamp: at.replace(/Z$/, '+00:00'), data, workspace });
}

/** One delivery for each webhook that listens. */
export async function fanOutChange({ platform }: RegistryParts, told: PublishedEvent): Promise<void> {
  const { event, data } = told.payload as unknown as ToldChange;
  await platform.database.transaction(async (trx) => {
    const listeners = await listListeners(trx, told.project, event);
    if (listeners.length > 0) await pruneDeliveries(trx, KEEP_DAYS);
    const payload = webhookPayload(event, told.at, data, told.project);
    for (const { id: webhook } of listeners) {
      const id = randomUUID();
      const isNew = await insertDelivery(trx, { id, webhook_id: webhook, event_id: told.id, event, payload });
      if (!isNew) continue;
      await platform.jobs.send(DELIVERY_QUEUE, { delivery: id } satisfies DeliveryJob, { trx, singletonKey: id });
    }
  });
}

/** MLflow's headers; signed if the webhook has a secret. Each try has a time of its own, so none is too old. */
async function headersOf(
  { platform }: RegistryParts,
  { id, secret }: Pick<StoredWebhook, 'id' | 'secret'>,
  delivery: { readonly id: string; readonly payload: string },
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(platform.clock.now().getTime() / 1000));
  const headers = { 'X-MLflow-Delivery-Id': delivery.id, 'X-MLflow-Timestamp': timestamp };
  if (secret === null) return headers;
  const key = await platform.secrets.open(`webhook ${id}`, secret);
  const hash = createHmac('sha256', key).update(`${delivery.id}.${timestamp}.${delivery.payload}`).digest('base64');
  return { ...headers, 'X-MLflow-Signature': `v1,${hash}` };
}

/** One request; throws when there is no answer. */
export async function sendDelivery(
  parts: RegistryParts,
  webhook: Pick<StoredWebhook, 'id' | 'url' | 'secret'>,
  delivery: { readonly id: string; readonly payload: string },
): Promise<WebhookAnswer> {
  const headers = await headersOf(parts, webhook, delivery);
  const allowPrivate = parts.platform.config.allowPrivateWebhooks;
  return await postWebhook({ url: new URL(webhook.url), payload: delivery.payload, headers, allowPrivate });
}

interface Attempt {
  readonly outcome: DeliveryOutcome;
  /** When the failure may pass: the least pause that the receiver asks for. */
  readonly retryAfter: number | null;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const failureOf = (error: unknown): DeliveryOutcome => ({
  state: 'failed',
  response_status: null,
  error: messageOf(error).slice(0, MOST_ERROR),
});

export const answerOutcome = ({ status, isTaken }: WebhookAnswer): DeliveryOutcome => ({
  state: isTaken ? 'delivered' : 'failed',
  response_status: status,
  error: isTaken ? null : `The receiver answered ${status}`,
});

function pauseAsked(header: string | undefined): number {
  const seconds = Number(header ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), LONGEST_PAUSE_SECONDS) : 0;
}

async function attempt(parts: RegistryParts, due: DueDelivery): Promise<Attempt> {
  try {
    const answer = await sendDelivery(parts, { id: due.webhook_id, url: due.url, secret: due.secret }, due);
    const mayPass = answer.status === 429 || answer.status >= 500;
    return { outcome: answerOutcome(answer), retryAfter: mayPass ? pauseAsked(answer.retryAfter) : null };
  } catch (error) {
    // An address that is refused is no better a minute later; a database that does not answer is.
    const isFinal = error instanceof PlatformError && error.code !== 'unavailable';
    return { outcome: failureOf(error), retryAfter: isFinal ? null : 0 };
  }
}

/** One try of a delivery; the next one is another job, made when this one is recorded. */
export async function deliverWebhook(parts: RegistryParts, { delivery: id }: DeliveryJob): Promise<void> {
  const { database, jobs, clock } = parts.platform;
  const due = await findDelivery(database, id);
  if (due === null || due.state !== 'waiting') return;
  if (due.status === 'DISABLED') {
    const error = 'The webhook was disabled';
    await settleDelivery(database, due, { state: 'dropped', response_status: null, error, wasTried: false });
    return;
  }
  if (due.paused_until !== null && due.paused_until > clock.now()) {
    await jobs.send(DELIVERY_QUEUE, { delivery: id } satisfies DeliveryJob, {
      startAfter: due.paused_until,
      singletonKey: id,
    });
    return;
  }
  await settle(parts, due, await attempt(parts, due));
}

/** Records a try, and makes the job of the next one in the same transaction. */
async function settle({ platform }: RegistryParts, due: DueDelivery, { outcome, retryAfter }: Attempt): Promise<void> {
  const { database, jobs, clock } = platform;
  const pause = PAUSES_SECONDS[due.attempts];
  const after = (seconds: number) => new Date(clock.now().getTime() + seconds * 1000);
  await database.transaction(async (trx) => {
    const again = retryAfter !== null && pause !== undefined;
    const state = again ? 'waiting' : outcome.state;
    if (!(await settleDelivery(trx, due, { ...outcome, state, wasTried: true }))) return;
    const seconds = Math.max(pause ?? LONGEST_REST_SECONDS, retryAfter ?? 0);
    const rest = retryAfter === null ? null : after(Math.min(seconds, LONGEST_REST_SECONDS));
    await pauseWebhook(trx, due.webhook_id, rest);
    if (!again) return;
    const job: DeliveryJob = { delivery: due.id };
    await jobs.send(DELIVERY_QUEUE, job, { trx, startAfter: after(seconds), singletonKey: due.id });
  });
}
