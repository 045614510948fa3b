import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Platform } from '#platform/platform';
import type { StoredMonitor } from './monitor-store.ts';
import { webhookAddress } from './webhook-address.ts';

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

const TIMEOUT_MS = 10_000;

/** Posts JSON to an address that was checked; follows no redirect. */
export async function sendWebhook(platform: Platform, { url: text, body }: WebhookJob): Promise<void> {
  const url = new URL(text);
  const address = await webhookAddress(url, platform.config.allowPrivateWebhooks);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const payload = JSON.stringify(body);
  const status = await new Promise<number>((resolve, reject) => {
    const outgoing = send(
      url,
      {
        method: 'POST',
        timeout: TIMEOUT_MS,
        lookup: (_host, options, done) => {
          const family = isIP(address);
          if (options.all === true) done(null, [{ address, family }]);
          else done(null, address, family);
        },
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${url.host} did not answer in time`)));
    outgoing.once('error', reject);
    outgoing.end(payload);
  });
  if (status < 200 || status >= 300) throw new Error(`${url.host} answered ${status}`);
}
