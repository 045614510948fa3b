import { events, invalidInput, notFound, PlatformError, type PlatformRoutes, type Project } from '@flyball/api';
import type { StoredProject } from './access/projects.ts';
import type { PublishedEvent } from './events/event-bus.ts';
import type { Handlers } from './http/serve.ts';
import type { ServerSentEvent } from './http/stream-answer.ts';
import type { Platform } from './platform.ts';

const presentProject = (row: StoredProject): Project => ({
  name: row.name,
  title: row.title,
  description: row.description ?? '',
  createdAt: row.created_at.toISOString(),
});

/** Live events of a project until the caller leaves; a slow reader loses the oldest, never memory. */
async function* liveEvents(
  platform: Platform,
  project: string,
  names: ReadonlySet<string> | null,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const queue: PublishedEvent[] = [];
  let wake = (): void => {};
  const stop = platform.events.listen((event) => {
    if (event.project !== project || (names !== null && !names.has(event.name))) return;
    if (queue.push(event) > 1000) queue.shift();
    wake();
  });
  const left = (): void => wake();
  signal.addEventListener('abort', left);
  try {
    while (!signal.aborted) {
      const event = queue.shift();
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      yield { id: String(event.id), event: event.name, data: { ...event.payload, at: event.at } };
    }
  } finally {
    stop();
    signal.removeEventListener('abort', left);
  }
}

function auditCursor(token: string | undefined): number | undefined {
  if (token === undefined) return undefined;
  if (!/^\d{1,15}$/.test(token)) {
    throw invalidInput('query.pageToken: Not a page token of ours', [
      { at: 'query.pageToken', message: 'Not a page token of ours' },
    ]);
  }
  return Number(token);
}

function eventNames(list: string | undefined): ReadonlySet<string> | null {
  if (list === undefined) return null;
  const names = list.split(',');
  const unknown = names.filter((name) => !Object.hasOwn(events, name));
  if (unknown.length > 0) {
    const message = `No event is called ${unknown.map((name) => `"${name}"`).join(', ')}`;
    throw invalidInput(`query.names: ${message}`, [{ at: 'query.names', message }]);
  }
  return new Set(names);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Handlers of projects, tokens, the audit trail and live events. */
export function systemHandlers(platform: Platform, version: string): Handlers<PlatformRoutes> {
  const { access, audit, config, projects } = platform;
  const startedAt = platform.clock.now().toISOString();
  return {
    getSystem: ({ actor }) => ({
      version,
      auth: config.auth,
      actor: actor.name,
      role: actor.roleIn(null),
      gatewayUrl: `http://${config.host}:${config.gatewayPort}`,
      postgres: platform.database.serverVersion,
      startedAt,
    }),
    listProjects: async ({ actor }) => {
      if (actor.kind === 'anonymous') throw new PlatformError('not_signed_in', 'Send an API token to see projects');
      return { items: (await projects.list(actor)).map(presentProject) };
    },
    createProject: async ({ actor, body }) => presentProject(await projects.create(actor, body)),
    listTokens: async () => ({ items: await access.listTokens() }),
    createToken: async ({ actor, body }) => await access.createToken(actor, body),
    revokeToken: async ({ actor, params }) => {
      if (!uuid.test(params.token)) throw notFound('live token', params.token);
      await access.revokeToken(actor, params.token);
      return {};
    },
    listAudit: async ({ params, query }) => {
      const { pageToken, order: _, ...filter } = query;
      const before = auditCursor(pageToken);
      const items = await audit.list({ ...filter, project: params.project, before });
      const last = items.at(-1);
      return items.length === query.limit && last !== undefined ? { items, nextPageToken: String(last.id) } : { items };
    },
    startObjectSweep: async ({ actor, body }) => await platform.objectSweeps.start(actor, body),
    getObjectSweep: async ({ params }) => await platform.objectSweeps.get(params.sweep),
    listObjectSweeps: async ({ query }) => ({ items: await platform.objectSweeps.list(query.limit) }),
    streamEvents: ({ params, query, signal }) => {
      const names = eventNames(query.names);
      return { events: liveEvents(platform, params.project, names, signal) };
    },
  };
}
