import { invalidInput } from '@flyball/api';
import type { Webhook } from '#registry';
import { int64, listOf, type Message, type MessageOf, message, nonEmpty, oneOf, text } from './message.ts';
import { call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';

const MOST_RESULTS = 1_000;

const status = oneOf({ ACTIVE: 1, DISABLED: 2 });
/** Budgets, of which the reference can tell too, are not kept here, so nobody can wait for their events in vain. */
const event = message({
  entity: oneOf({
    REGISTERED_MODEL: 1,
    MODEL_VERSION: 2,
    MODEL_VERSION_TAG: 3,
    MODEL_VERSION_ALIAS: 4,
    PROMPT: 5,
    PROMPT_VERSION: 6,
    PROMPT_TAG: 7,
    PROMPT_VERSION_TAG: 8,
    PROMPT_ALIAS: 9,
    BUDGET_POLICY: 10,
  }),
  action: oneOf({ CREATED: 1, UPDATED: 2, DELETED: 3, SET: 4, EXCEEDED: 5 }),
});

type Read<M> = M extends Message<infer F> ? MessageOf<F> : never;

const eventName = ({ entity, action }: Read<typeof event>): string => `${entity ?? ''}.${action ?? ''}`.toLowerCase();

function presentEvent(name: string): object {
  const [entity = '', action = ''] = name.toUpperCase().split('.');
  return { entity, action };
}

const present = (webhook: Webhook): object => ({
  webhook_id: webhook.id,
  name: webhook.name,
  description: webhook.description ?? undefined,
  url: webhook.url,
  events: webhook.events.map(presentEvent),
  status: webhook.status,
  creation_timestamp: webhook.created_at.getTime(),
  last_updated_timestamp: webhook.updated_at.getTime(),
});

const unlessEmpty = (given: string | undefined): string | undefined => (given === '' ? undefined : given);

const fields = { name: text, description: text, url: text, events: listOf(event), secret: text, status } as const;
const rules = {
  description: optionalText,
  secret: optionalText,
  status: optionalText,
} as const;
const events = { kind: 'list', each: ['entity', 'action'] } as const;
const ofOne = { webhook_id: text } as const;

/** `/mlflow/webhooks/*`: what leaves the project is for its administrators to say. */
export const webhookCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow/webhooks',
    access: 'admin',
    request: message(fields),
    rules: { name: requiredText, url: requiredText, events: { ...events, required: true }, ...rules },
    handle: async (input, { registry, actor, project }) => {
      const made = await registry.webhooks.create(actor, project, {
        name: input.name ?? '',
        url: input.url ?? '',
        events: (input.events ?? []).map(eventName),
        description: unlessEmpty(input.description),
        secret: unlessEmpty(input.secret),
        status: input.status,
      });
      return { webhook: present(made) };
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/webhooks',
    access: 'admin',
    request: message({ max_results: int64, page_token: text }),
    rules: { max_results: { kind: 'integer' }, page_token: optionalText },
    handle: async (input, { registry, project }) => {
      const limit = input.max_results || 100;
      if (limit < 1 || limit > MOST_RESULTS) throw invalidInput('max_results must be between 1 and 1000.');
      const { items, nextPageToken } = await registry.webhooks.list(project, limit, input.page_token);
      return { webhooks: nonEmpty(items.map(present)), next_page_token: nextPageToken };
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/webhooks/:webhook_id',
    access: 'admin',
    request: message(ofOne),
    handle: async ({ webhook_id: id = '' }, { registry, project }) => ({
      webhook: present(await registry.webhooks.get(project, id)),
    }),
  }),
  call({
    method: 'PATCH',
    path: '/mlflow/webhooks/:webhook_id',
    access: 'admin',
    request: message({ ...fields, ...ofOne }),
    rules: { name: optionalText, url: optionalText, events, ...rules },
    handle: async ({ webhook_id: id = '', ...input }, { registry, actor, project }) => {
      const given = input.events ?? [];
      const changed = await registry.webhooks.change(actor, project, id, {
        name: unlessEmpty(input.name),
        url: unlessEmpty(input.url),
        events: given.length === 0 ? undefined : given.map(eventName),
        description: input.description,
        secret: input.secret,
        status: input.status,
      });
      return { webhook: present(changed) };
    },
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/webhooks/:webhook_id',
    access: 'admin',
    request: message(ofOne),
    handle: async ({ webhook_id: id = '' }, { registry, actor, project }) => {
      await registry.webhooks.remove(actor, project, id);
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow/webhooks/:webhook_id/test',
    access: 'admin',
    request: message({ ...ofOne, event }),
    handle: async ({ webhook_id: id = '', event: named }, { registry, actor, project }) => {
      const name = named === undefined ? undefined : eventName(named);
      const tested = await registry.webhooks.test(actor, project, id, name);
      return {
        result: {
          success: tested.isTaken,
          response_status: tested.status ?? undefined,
          response_body: tested.status === null ? undefined : tested.body,
          error_message: tested.error === null ? undefined : `Failed to test webhook: ${tested.error}`,
        },
      };
    },
  }),
];
