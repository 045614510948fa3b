import type { Logger } from '../telemetry/log.ts';
import type { OutboxEvent, OutboxStore } from './outbox-store.ts';

type Handler = (event: OutboxEvent) => void;

const CATCH_UP_LIMIT = 1000;

/** Hands on what is announced, and what was missed while the listening connection was away. */
export function createLiveEvents(outbox: OutboxStore, log: Pick<Logger, 'warn'>) {
  const handlers = new Set<Handler>();
  let newest = 0;

  function deliver(event: OutboxEvent): void {
    newest = Math.max(newest, event.id);
    for (const handler of handlers) {
      try {
        handler(event);
      } catch (error) {
        log.warn({ err: error, event: event.name }, 'a live listener failed');
      }
    }
  }

  const failed = (error: unknown) => log.warn({ err: error }, 'live events are missed');

  return {
    listen(handler: Handler): () => void {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    async start(): Promise<void> {
      newest = await outbox.newestId();
    },
    hear(announced: { id: number } & Partial<OutboxEvent>): void {
      const { id, at, project, name, payload } = announced;
      if (at !== undefined && project !== undefined && name !== undefined && payload) {
        deliver({ id, at, project, name, payload });
      } else if (handlers.size > 0) {
        outbox.find(id).then((event) => event && deliver(event), failed);
      } else newest = Math.max(newest, id);
    },
    catchUp(): void {
      outbox.newerThan(newest, CATCH_UP_LIMIT).then((events) => events.forEach(deliver), failed);
    },
  };
}
