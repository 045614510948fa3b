import type { Pool } from 'pg';
import type { Logger } from '../telemetry/log.ts';
import { type OutboxCursorStore, openOutboxCursors } from './outbox-cursor-store.ts';
import type { OutboxStore } from './outbox-store.ts';
import { createSubscriber, type Subscriber, type Subscription } from './subscriber.ts';

export interface SubscriberPoolOptions {
  readonly pool: Pool;
  readonly outbox: OutboxStore;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly firstPauseMs: number;
}

/** How soon the subscribers of a dead process are taken over. */
const ACQUIRE_EVERY_MS = 1_000;

/** Serves the subscribers that no other process serves. */
export function createSubscriberPool(options: SubscriberPoolOptions) {
  const { pool, subscriptions, log } = options;
  const served = new Map<string, Subscriber>();
  let cursors: OutboxCursorStore | undefined;
  let timer: NodeJS.Timeout | undefined;
  let acquiring = Promise.resolve();
  let isStopping = false;

  async function drop(): Promise<void> {
    const dropped = [...served.values()];
    served.clear();
    await Promise.all(dropped.map((subscriber) => subscriber.stop()));
  }

  async function connect(): Promise<OutboxCursorStore> {
    const opened = await openOutboxCursors(pool);
    opened.onLost(() => {
      if (cursors !== opened) return;
      cursors = undefined;
      void drop();
      void opened.release();
    });
    return opened;
  }

  async function acquire(): Promise<void> {
    const free = [...subscriptions.keys()].filter((name) => !served.has(name));
    if (free.length === 0) return;
    cursors ??= await connect();
    const mine = cursors;
    for (const { subscriber, position } of await mine.acquire(free)) {
      const subscription = subscriptions.get(subscriber);
      if (!subscription || cursors !== mine) continue;
      served.set(subscriber, createSubscriber({ ...options, name: subscriber, subscription, cursors: mine, position }));
    }
  }

  function keepAcquiring(): void {
    acquiring = acquire()
      .catch((error: unknown) => log.warn({ err: error }, 'events cannot be served at the moment'))
      .then(() => {
        if (!isStopping) timer = setTimeout(keepAcquiring, ACQUIRE_EVERY_MS);
      });
  }

  return {
    start: keepAcquiring,
    /** There may be an event of this name, or of any. */
    wake(name?: string): void {
      for (const [subscriber, { wake }] of served) {
        if (name === undefined || subscriptions.get(subscriber)?.names.includes(name)) wake();
      }
    },
    async stop(): Promise<void> {
      isStopping = true;
      clearTimeout(timer);
      await acquiring;
      await drop();
      const opened = cursors;
      cursors = undefined;
      await opened?.release();
    },
  };
}
