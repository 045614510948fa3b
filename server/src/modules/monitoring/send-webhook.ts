import type { Platform } from '#platform/platform';
import { postWebhook } from '#platform/webhooks/post-webhook';
import type { StoredMonitor } from './monitor-store.ts';

export const WEBHOOK_QUEUE = 'monitoring.webhook';

export interface WebhookJob {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

type Trx = Parameters<Parameters<Platform['database']['transaction']>[0]>[0];

/** One job per address that wants to know: sent if and only if the change commits, and retried until it is taken. */
export async function queueWebhooks(
  platform: Platform,
  trx: Trx,
  monitor: StoredMonitor,
  event: 'opened' | 'resolved',
  details: Record<string, unknown>,
): Promise<void> {
  for (const { url, on } of monitor.body.webhooks) {
    if (!on.includes(event)) continue;
    const body = { event: `alert-${event}`, project: monitor.project, ...details };
    await platform.jobs.send(WEBHOOK_QUEUE, { url, body } satisfies WebhookJob, { trx });
  }
}

export async function sendWebhook({ config }: Platform, { url: text, body }: WebhookJob): Promise<void> {
  const url = new URL(text);
  const payload = JSON.stringify(body);
  const { status, isTaken } = await postWebhook({ url, payload, allowPrivate: config.allowPrivateWebhooks });
  if (!isTaken) throw new Error(`${url.host} answered ${status}`);
}
