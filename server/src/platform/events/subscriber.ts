import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../telemetry/log.ts';
import { createEventTries } from './event-tries.ts';
import type { OutboxCursorStore } from './outbox-cursor-store.ts';
import type { OutboxEvent, OutboxPosition, OutboxStore } from './outbox-store.ts';

export interface Subscription {
  readonly names: readonly string[];
  readonly handler: (event: OutboxEvent) => Promise<void>;
}

export interface SubscriberOptions {
  readonly name: string;
  readonly subscription: Subscription;
  readonly outbox: OutboxStore;
  readonly cursors: OutboxCursorStore;
  readonly position: OutboxPosition;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly firstPauseMs: number;
}

export interface Subscriber {
  wake(): void;
  /** Ends after the event in hand. */
  stop(): Promise<void>;
}

const BATCH = 100;
/** Without any notification. */
const POLL_MS = 5_000;
/** Keeps the cursor of a subscriber that gets nothing near the end of the outbox, which is pruned behind the last. */
const SAVE_EVERY_MS = 600_000;
/** An older transaction still runs, and nobody announces its end. */
const HELD_UP_MS = 5;
const LONGEST_HELD_UP_MS = 250;
const SUSPICIOUS_MS = 60_000;

/** Serves one subscriber, event by event, until it is stopped or its lock is lost. */
export function createSubscriber({ name, subscription, outbox, cursors, ...options }: SubscriberOptions): Subscriber {
  const stop = new AbortController();
  const bell = createBell(stop.signal);
  const { handler, names } = subscription;
  const settle = createEventTries({ subscriber: name, handler, cursors, pause: bell.pause, ...options });
  let { position } = options;
  let savedAt = Date.now();
  let heldUp = { sinceMs: 0, pauseMs: 0 };

  async function waitForOlderTransactions(): Promise<void> {
    if (heldUp.pauseMs === 0) heldUp = { sinceMs: performance.now(), pauseMs: HELD_UP_MS };
    await bell.pause(heldUp.pauseMs);
    heldUp.pauseMs = Math.min(heldUp.pauseMs * 2, LONGEST_HELD_UP_MS);
    if (performance.now() - heldUp.sinceMs < SUSPICIOUS_MS) return;
    options.log.warn({ subscriber: name }, 'a transaction that has been open for a minute holds up events');
    heldUp.sinceMs = performance.now();
  }

  async function save(next: OutboxPosition): Promise<void> {
    await cursors.moveTo(name, next);
    position = next;
    savedAt = Date.now();
  }

  async function serveBatch(): Promise<void> {
    bell.reset();
    const { events, seen, isHeldUp } = await outbox.read(position, names, BATCH);
    for (const event of events) {
      if (stop.signal.aborted || !(await settle(event))) return;
      await save(event.position);
    }
    position = seen;
    if (Date.now() - savedAt > SAVE_EVERY_MS) await save(seen);
    if (events.length === BATCH) return;
    if (isHeldUp) return waitForOlderTransactions();
    heldUp.pauseMs = 0;
    await bell.rung(POLL_MS);
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await serveBatch();
      } catch (error) {
        if (stop.signal.aborted) return;
        options.log.warn({ err: error, subscriber: name }, 'events cannot be read at the moment');
        await bell.pause(1_000);
      }
    }
  }

  const running = run();
  return {
    wake: bell.ring,
    async stop() {
      stop.abort();
      await running;
    },
  };
}

/** Something to wait for; what rang since the last `reset` counts. */
function createBell(stop: AbortSignal) {
  let bell = Promise.withResolvers<void>();
  return {
    ring: () => bell.resolve(),
    reset() {
      bell = Promise.withResolvers();
    },
    async pause(ms: number): Promise<void> {
      await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
    },
    async rung(atMostMs: number): Promise<void> {
      const enough = new AbortController();
      const signal = AbortSignal.any([stop, enough.signal]);
      await Promise.race([bell.promise, sleep(atMostMs, undefined, { signal }).catch(() => undefined)]);
      enough.abort();
    },
  };
}
