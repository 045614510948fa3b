import { invalidInput, PlatformError } from '@flyball/api';
import { webhookAddress } from '#platform/webhooks/webhook-address';
import type { RegistryParts } from './parts.ts';
import { isWebhookEvent, type WebhookEvent, webhookEvents } from './webhook-event.ts';

const LONGEST = { url: 2_000, description: 1_000, secret: 1_000 } as const;

/** What a caller says of a webhook; what is not said stays as it is. */
export interface WebhookInput {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly url?: string | undefined;
  /** As `entity.action`. */
  readonly events?: readonly string[] | undefined;
  /** Empty: none any more. */
  readonly secret?: string | undefined;
  readonly status?: 'ACTIVE' | 'DISABLED' | undefined;
}

function checkName(name: string): void {
  if (/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i.test(name)) return;
  throw invalidInput(
    `Webhook name '${name.slice(0, 100)}' is invalid. It must start and end with a letter or digit, be less than 63 ` +
      'characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).',
  );
}

function checkLength(field: keyof typeof LONGEST, text: string): void {
  if (text.length <= LONGEST[field]) return;
  throw invalidInput(`The ${field} of a webhook has at most ${LONGEST[field]} characters, not ${text.length}`);
}

function readEvents(given: readonly string[]): WebhookEvent[] {
  if (given.length === 0) throw invalidInput('Webhook events must be a non-empty list of WebhookEvent objects: [].');
  for (const name of given) checkEvent(name);
  return [...new Set(given.filter(isWebhookEvent))];
}

/** `invalid_input` for what is no event. */
export function checkEvent(name: string): WebhookEvent {
  if (isWebhookEvent(name)) return name;
  const [entity = '', action = ''] = name.split('.');
  const actions = Object.keys(webhookEvents)
    .filter((one) => one.startsWith(`${entity}.`))
    .map((one) => `'${one.slice(entity.length + 1)}'`);
  throw invalidInput(
    `Invalid action '${action}' for entity '${entity}'. Valid actions are: [${actions.sort().join(', ')}]`,
  );
}

async function checkUrl({ platform }: RegistryParts, text: string): Promise<void> {
  checkLength('url', text);
  if (text.trim() === '') throw invalidInput(`Webhook URL cannot be empty or just whitespace: '${text}'`);
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) throw invalidInput(`Invalid webhook URL '${text}'`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    const scheme = url.protocol.slice(0, -1);
    throw invalidInput(`Invalid webhook URL scheme: '${scheme}'. Allowed schemes are: https, http.`);
  }
  try {
    await webhookAddress(url, platform.config.allowPrivateWebhooks);
  } catch (cause) {
    if (cause instanceof PlatformError) throw invalidInput(`Invalid webhook URL: ${cause.message}`);
    throw invalidInput(`Invalid webhook URL: the name ${url.host} cannot be resolved`);
  }
}

/** Throws `invalid_input` for what a webhook cannot be; an address is looked up. Returns the events it names. */
export async function checkWebhook(parts: RegistryParts, input: WebhookInput): Promise<WebhookEvent[] | undefined> {
  if (input.name !== undefined) checkName(input.name);
  if (input.description !== undefined) checkLength('description', input.description);
  if (input.secret !== undefined) checkLength('secret', input.secret);
  const events = input.events === undefined ? undefined : readEvents(input.events);
  if (input.url !== undefined) await checkUrl(parts, input.url);
  return events;
}
