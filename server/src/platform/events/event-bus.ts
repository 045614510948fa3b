import type { Database, Transaction } from '../database/database.ts';
import type { Logger } from '../telemetry/log.ts';
import { createLiveEvents } from './live-events.ts';
import { createOutboxStore, type NewEvent, type OutboxEvent } from './outbox-store.ts';
import type { Subscription } from './subscriber.ts';
import { createSubscriberPool } from './subscriber-pool.ts';

export type PublishedEvent = OutboxEvent;

export interface EventBus {
  /** Tells of a change in the transaction that makes it: the event exists if and only if the change does. */
  publish(trx: Transaction, event: NewEvent): Promise<void>;
  /** Several events at once, in their order. */
  publishAll(trx: Transaction, events: readonly NewEvent[]): Promise<void>;
  /**
   * Durable: every event at least once, in order, by one process at a time. A failing event is tried ten times with
   * growing pauses, while the later ones wait; then it is parked and logged. Before `start`, in every role.
   */
  subscribe(subscriber: string, names: readonly string[], handler: (event: PublishedEvent) => Promise<void>): void;
  /** Whether a durable subscriber has yet to handle an event of the project: what follows from it is still to come. */
  hasUnhandled(project: string): Promise<boolean>;
  /** What is published anywhere while this process runs, as far as it hears of it. For pages that show it live. */
  listen(handler: (event: PublishedEvent) => void): () => void;
  /** Processes with `work` serve the durable subscribers. */
  start(options: { work: boolean }): Promise<void>;
  stop(): Promise<void>;
}

type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

const CHANNEL = 'flyball_events';
/** PostgreSQL takes 8,000 bytes; larger events are announced by their id alone. */
const MOST_BYTES = 7_800;
const KEEP_DAYS = 7;
const PRUNE_EVERY_MS = 3_600_000;

export function createEventBus(database: Database, log: Log, options: { firstPauseMs?: number } = {}): EventBus {
  const outbox = createOutboxStore(database);
  const subscriptions = new Map<string, Subscription>();
  const live = createLiveEvents(outbox, log);
  const subscribers = createSubscriberPool({
    pool: database.pool,
    outbox,
    subscriptions,
    log,
    firstPauseMs: options.firstPauseMs ?? 200,
  });
  const undo: (() => unknown)[] = [];
  let isStarted = false;

  async function publishAll(trx: Transaction, events: readonly NewEvent[]): Promise<void> {
    if (events.length === 0) return;
    const published = await outbox.insert(trx, events);
    await database.notifyAll(CHANNEL, packed(published.map(announcement)), trx);
  }

  return {
    publish: (trx, event) => publishAll(trx, [event]),
    publishAll,
    subscribe(subscriber, names, handler) {
      if (isStarted) throw new Error(`"${subscriber}" must subscribe before the event bus starts`);
      if (subscriptions.has(subscriber)) throw new Error(`"${subscriber}" subscribes twice`);
      subscriptions.set(subscriber, { names, handler });
    },
    async hasUnhandled(project) {
      for (const [subscriber, { names }] of subscriptions) {
        if (await outbox.hasUnhandled(subscriber, names, project)) return true;
      }
      return false;
    },
    listen: (handler) => live.listen(handler),
    async start({ work }) {
      isStarted = true;
      await outbox.register([...subscriptions.keys()]);
      await live.start();
      const unlisten = await database.listen(CHANNEL, (payload) => {
        const all = JSON.parse(payload) as Announced[];
        for (const announced of all) live.hear(announced);
        for (const name of new Set(all.map((announced) => announced.name))) subscribers.wake(name);
      });
      const forget = database.onReconnect(() => {
        live.catchUp();
        subscribers.wake();
      });
      undo.push(unlisten, forget);
      if (!work) return;
      subscribers.start();
      const pruning = setInterval(() => {
        outbox.prune(KEEP_DAYS).catch((error: unknown) => log.warn({ err: error }, 'old events cannot be deleted'));
      }, PRUNE_EVERY_MS);
      undo.push(() => clearInterval(pruning));
    },
    async stop() {
      for (const step of undo.splice(0)) await step();
      await subscribers.stop();
    },
  };
}

/** What a notification carries: the event, or as much of it as fits. */
export type Announced = Pick<PublishedEvent, 'id' | 'name'> & Partial<PublishedEvent>;

function announcement(event: PublishedEvent): string {
  const whole = JSON.stringify(event);
  return Buffer.byteLength(whole) <= MOST_BYTES ? whole : JSON.stringify({ id: event.id, name: event.name });
}

/** Lists of as many as fit into one notification: each costs every process of the platform some work. */
function packed(announcements: readonly string[]): string[] {
  const lists: string[] = [];
  let list: string[] = [];
  let bytes = 0;
  for (const text of announcements) {
    const more = Buffer.byteLength(text) + 1;
    if (bytes + more > MOST_BYTES && list.length > 0) {
      lists.push(`[${list.join()}]`);
      list = [];
      bytes = 0;
    }
    list.push(text);
    bytes += more;
  }
  if (list.length > 0) lists.push(`[${list.join()}]`);
  return lists;
}
